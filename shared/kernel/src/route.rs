//! The HTTP surface as data: one row per route, beside the rule it belongs to. One generic gateway
//! serves the rows, and the documents of the API are made from them.

use std::fmt;

use crate::code::{Code, platform};
use schemars::{JsonSchema, Schema, SchemaGenerator};

/// What a caller needs to be allowed, written `<area>:<verb>` such as `trades:book`. Areas are
/// contexts, or parts of the platform such as `operations`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permission {
    area: &'static str,
    verb: &'static str,
}

impl Permission {
    /// `<area>:<verb>`.
    #[must_use]
    pub const fn new(area: &'static str, verb: &'static str) -> Self {
        Self { area, verb }
    }

    /// What it is done to, such as `trades`.
    #[must_use]
    pub const fn area(&self) -> &'static str {
        self.area
    }

    /// What is done, such as `book`.
    #[must_use]
    pub const fn verb(&self) -> &'static str {
        self.verb
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.area, self.verb)
    }
}

/// What has happened when a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitsFor {
    /// The command is durable. Its outcome is read later, or waited for with `Prefer: wait`.
    Log,
    /// The decision is made, because the caller cannot continue without it; the reason.
    Decision(&'static str),
}

/// A command that can be sent by `POST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandRoute {
    /// Such as `/v1/trades/{trade_id}/fills`, or `/v1/conversations/{conversation_id}:take` where the
    /// command has no noun to add to.
    pub path: &'static str,
    /// Name of the command, such as `RecordFill`; the request body is its `data`.
    pub command: &'static str,
    /// Where the id of its aggregate stands.
    pub id: IdFrom,
    /// What its caller needs.
    pub allow: Permission,
    /// When it is answered.
    pub waits_for: WaitsFor,
    /// Whether it is kept by the process itself while the command log is away.
    pub critical: bool,
    /// One sentence without a period.
    pub summary: &'static str,
}

impl CommandRoute {
    /// A command on the aggregate that the path names, answered once it is durable.
    #[must_use]
    pub const fn new(
        path: &'static str,
        command: &'static str,
        allow: Permission,
        summary: &'static str,
    ) -> Self {
        Self {
            path,
            command,
            id: IdFrom::Path,
            allow,
            waits_for: WaitsFor::Log,
            critical: false,
            summary,
        }
    }

    /// The id stands in these fields of the body.
    #[must_use]
    pub const fn id_from_body(mut self, fields: &'static [&'static str]) -> Self {
        self.id = IdFrom::Body(fields);
        self
    }

    /// It reports what already happened in the market, and must not be lost in an outage.
    #[must_use]
    pub const fn critical(mut self) -> Self {
        self.critical = true;
        self
    }

    /// The verb behind the colon of `{id}:verb`.
    #[must_use]
    pub fn verb(&self) -> Option<&'static str> {
        let (_, verb) = self.path.rsplit_once("}:")?;
        Some(verb)
    }
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
    /// What its caller needs, for both.
    pub allow: Permission,
    /// What one value is; one sentence without a period.
    pub summary: &'static str,
}

/// The JSON Schema of a type, made by a generator that collects what it refers to.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// The schema of `T`.
pub fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// A parameter of a query string.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// As the query string names it.
    pub name: &'static str,
    /// Of its text.
    pub schema: SchemaOf,
    /// One sentence without a period.
    pub summary: &'static str,
    /// Whether it may be given several times.
    pub repeats: bool,
}

impl Parameter {
    /// A parameter whose text is read as a `T`.
    #[must_use]
    pub const fn of<T: JsonSchema>(name: &'static str, summary: &'static str) -> Self {
        Self {
            name,
            schema: schema_of::<T>,
            summary,
            repeats: false,
        }
    }

    /// It may be given several times.
    #[must_use]
    pub const fn repeated(mut self) -> Self {
        self.repeats = true;
        self
    }
}

/// How a question is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Without a body.
    Get,
    /// With a body; nothing is changed all the same, unless the summary says so.
    Post,
}

impl Method {
    /// As HTTP writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// What an answer is made from, and so how old it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnsweredFrom {
    /// A fold of events in memory; `Age` bounds how old it is.
    LiveProjection,
    /// The request alone.
    Calculation,
    /// The database, as of the request.
    Store,
    /// What the process that answers knows of itself.
    Process,
}

/// A question that is neither a command nor a view: a live projection, a calculation, a report, a match.
#[derive(Clone, Copy, Debug)]
pub struct QuestionRoute {
    /// Whether it has a body.
    pub method: Method,
    /// Such as `/v1/queues/{queue_id}/live`.
    pub path: &'static str,
    /// Unique over all routes, such as `match_conversation`.
    pub name: &'static str,
    /// What its caller needs.
    pub allow: Permission,
    /// Of its query string, `as_of` aside.
    pub parameters: &'static [Parameter],
    /// Of its body, where it has one.
    pub body: Option<SchemaOf>,
    /// Of the answer's body.
    pub answer: SchemaOf,
    /// What the answer is made from.
    pub from: AnsweredFrom,
    /// When it is answered.
    pub waits_for: WaitsFor,
    /// Whether `?as_of=` an instant of the past can be asked.
    pub as_of: bool,
    /// Codes that it can be refused with beside those of every question.
    pub codes: &'static [Code],
    /// One sentence without a period.
    pub summary: &'static str,
}

impl QuestionRoute {
    /// A question asked by `GET`, answered with an `A`.
    #[must_use]
    pub const fn get<A: JsonSchema>(
        path: &'static str,
        name: &'static str,
        allow: Permission,
        from: AnsweredFrom,
        summary: &'static str,
    ) -> Self {
        Self {
            method: Method::Get,
            path,
            name,
            allow,
            parameters: &[],
            body: None,
            answer: schema_of::<A>,
            from,
            waits_for: WaitsFor::Decision("the answer is all there is"),
            as_of: false,
            codes: &[],
            summary,
        }
    }

    /// The parameters of its query string.
    #[must_use]
    pub const fn with(mut self, parameters: &'static [Parameter]) -> Self {
        self.parameters = parameters;
        self
    }

    /// It can be refused with these codes.
    #[must_use]
    pub const fn refused_with(mut self, codes: &'static [Code]) -> Self {
        self.codes = codes;
        self
    }

    /// The past can be asked.
    #[must_use]
    pub const fn of_the_past(mut self) -> Self {
        self.as_of = true;
        self
    }

    /// It is asked by `POST`, with a `B`.
    #[must_use]
    pub const fn with_body<B: JsonSchema>(mut self) -> Self {
        self.method = Method::Post;
        self.body = Some(schema_of::<B>);
        self
    }
}

/// A stream of changes, answered as `text/event-stream` until its caller has had enough. What it needs is
/// what the views asked for need.
#[derive(Clone, Copy, Debug)]
pub struct StreamRoute {
    /// Such as `/v1/live`.
    pub path: &'static str,
    /// Unique over all routes.
    pub name: &'static str,
    /// Of its query string, the filters of the views aside.
    pub parameters: &'static [Parameter],
    /// One sentence without a period.
    pub summary: &'static str,
}

/// A page that is served without a token, such as a health check.
#[derive(Clone, Copy, Debug)]
pub struct PublicRoute {
    /// Whether it has a body, a form.
    pub method: Method,
    /// Such as `/readyz`.
    pub path: &'static str,
    /// Unique over all routes.
    pub name: &'static str,
    /// Of its query string.
    pub parameters: &'static [Parameter],
    /// Whether it may be asked with others, too, which are not looked at.
    pub is_open: bool,
    /// What it is answered with if all goes well.
    pub status: u16,
    /// Codes that it can be refused with beside those of every page, or instead of those of every form.
    pub codes: &'static [Code],
    /// One sentence without a period.
    pub summary: &'static str,
}

/// Codes that a form can be refused with.
const OF_FORMS: &[Code] = &[
    platform::BODY_MALFORMED,
    platform::CSRF_TOKEN_INVALID,
    platform::NOT_FOUND,
    platform::DEPENDENCY_UNAVAILABLE,
];

impl PublicRoute {
    /// A page asked for by `GET`.
    #[must_use]
    pub const fn get(path: &'static str, name: &'static str, summary: &'static str) -> Self {
        Self {
            method: Method::Get,
            path,
            name,
            parameters: &[],
            is_open: false,
            status: 200,
            codes: &[],
            summary,
        }
    }

    /// A form sent by `POST`, which leads on to another page.
    #[must_use]
    pub const fn form(path: &'static str, name: &'static str, summary: &'static str) -> Self {
        Self {
            method: Method::Post,
            status: 303,
            codes: OF_FORMS,
            ..Self::get(path, name, summary)
        }
    }

    /// It is answered with that status if all goes well.
    #[must_use]
    pub const fn answering(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// It can be refused with these codes.
    #[must_use]
    pub const fn refused_with(mut self, codes: &'static [Code]) -> Self {
        self.codes = codes;
        self
    }

    /// Whoever sends browsers there may add parameters of their own.
    #[must_use]
    pub const fn and_others(mut self) -> Self {
        self.is_open = true;
        self
    }

    /// The parameters of its query string.
    #[must_use]
    pub const fn with(mut self, parameters: &'static [Parameter]) -> Self {
        self.parameters = parameters;
        self
    }
}

/// A route about its caller alone: whoever is known may use it.
#[derive(Clone, Copy, Debug)]
pub struct CallerRoute {
    /// `POST` has no body.
    pub method: Method,
    /// Such as `/v1/session`.
    pub path: &'static str,
    /// Unique over all routes.
    pub name: &'static str,
    /// Of the answer's body.
    pub answer: SchemaOf,
    /// One sentence without a period.
    pub summary: &'static str,
}
