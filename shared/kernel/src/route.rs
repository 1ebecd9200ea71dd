//! The HTTP shape of a context: data that one generic gateway serves.

/// A command that can be sent by `POST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandRoute {
    /// Such as `/v1/trades/{trade_id}/fills`.
    pub path: &'static str,
    /// Name of the command, such as `RecordFill`; the request body is its `data`.
    pub command: &'static str,
    /// Where the aggregate it is for is named.
    pub id: IdFrom,
}

/// Where the aggregate id of a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdFrom {
    /// The path's parameters, joined by `/`.
    Path,
    /// These fields of the body, joined by `/` and taken out of it.
    Body(&'static [&'static str]),
}

/// A view that can be read by `GET`: one value under `path`, a page under `list`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewRoute {
    /// Such as `/v1/positions/{account}/{book}/{instrument}`; the parameters, joined by `/`, are the
    /// view's key.
    pub path: &'static str,
    /// Such as `/v1/positions`.
    pub list: &'static str,
}
