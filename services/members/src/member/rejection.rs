//! Why a member's command is rejected. Each code has a page under `docs/errors`.

use kernel::label::BadLabel;
use kernel::{Code, Kind, Rejection, Timestamp};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemberRejection {
    #[error("the member id cannot be one segment of a path")]
    MemberIdInvalid(#[source] BadLabel),
    #[error("nobody changes their own roles and limits")]
    OwnRoles,
    #[error("there would be {asked} roles, at most {max} are possible")]
    RoleLimit { asked: usize, max: usize },
    #[error("there would be {asked} {what}, at most {max} are possible")]
    ScopeLimit {
        what: &'static str,
        asked: usize,
        max: usize,
    },
    #[error("a ceiling of {0} is below 0")]
    CeilingNegative(i64),
    #[error("{0} is not over yet")]
    RevocationAhead(Timestamp),
}

impl MemberRejection {
    pub const MEMBER_ID_INVALID: Code = Code::new("MEMBER_ID_INVALID", Kind::Unprocessable);
    pub const OWN_ROLES: Code = Code::new("OWN_ROLES", Kind::Forbidden);
    pub const ROLE_LIMIT: Code = Code::new("ROLE_LIMIT", Kind::Unprocessable);
    pub const SCOPE_LIMIT: Code = Code::new("SCOPE_LIMIT", Kind::Unprocessable);
    pub const CEILING_NEGATIVE: Code = Code::new("CEILING_NEGATIVE", Kind::Unprocessable);
    pub const REVOCATION_AHEAD: Code = Code::new("REVOCATION_AHEAD", Kind::Unprocessable);

    /// Every code of this context.
    pub const ALL: &[Code] = &[
        Self::MEMBER_ID_INVALID,
        Self::OWN_ROLES,
        Self::ROLE_LIMIT,
        Self::SCOPE_LIMIT,
        Self::CEILING_NEGATIVE,
        Self::REVOCATION_AHEAD,
    ];
}

impl Rejection for MemberRejection {
    const CODES: &'static [Code] = Self::ALL;

    fn code(&self) -> Code {
        match self {
            Self::MemberIdInvalid(_) => Self::MEMBER_ID_INVALID,
            Self::OwnRoles => Self::OWN_ROLES,
            Self::RoleLimit { .. } => Self::ROLE_LIMIT,
            Self::ScopeLimit { .. } => Self::SCOPE_LIMIT,
            Self::CeilingNegative(_) => Self::CEILING_NEGATIVE,
            Self::RevocationAhead(_) => Self::REVOCATION_AHEAD,
        }
    }
}
