//! Why a command about a tenant is rejected. Each code has a page under `docs/errors`.

use kernel::label::BadLabel;
use kernel::{Code, Kind, Rejection};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistrationRejection {
    #[error("the tenant id is not what a tenant can be called")]
    TenantIdInvalid(#[source] BadLabel),
    #[error("a tenant with this id was created under another title")]
    IdConflict,
    #[error("a tenant that was not created cannot be {0}")]
    NotCreated(&'static str),
}

impl RegistrationRejection {
    pub const TENANT_ID_INVALID: Code = Code::new("TENANT_ID_INVALID", Kind::Unprocessable);
    pub const ID_CONFLICT: Code = Code::new("ID_CONFLICT", Kind::Conflict);
    pub const INVALID_TRANSITION: Code = Code::new("INVALID_TRANSITION", Kind::Conflict);

    /// Every code of this context.
    pub const ALL: &[Code] = &[
        Self::TENANT_ID_INVALID,
        Self::ID_CONFLICT,
        Self::INVALID_TRANSITION,
    ];
}

impl Rejection for RegistrationRejection {
    const CODES: &'static [Code] = Self::ALL;

    fn code(&self) -> Code {
        match self {
            Self::TenantIdInvalid(_) => Self::TENANT_ID_INVALID,
            Self::IdConflict => Self::ID_CONFLICT,
            Self::NotCreated(_) => Self::INVALID_TRANSITION,
        }
    }
}
