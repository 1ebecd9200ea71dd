//! Tenants: which there are, and which of them are served, as one tenant that manages the others says.
//!
//! In: tenants created, suspended, resumed. Out: a roll in the memory of each process where requests and
//! records enter. The events about a tenant are the managing tenant's; its own are not touched here.

mod label;
mod registration;
mod roll;

pub use label::{Reason, Title};
pub use registration::{
    CreateTenant, Registration, RegistrationCommand, RegistrationEvent, RegistrationRejection,
    RegistrationSummary, RegistrationView, ResumeTenant, SuspendTenant, TenantCreated,
    TenantResumed, TenantState, TenantSuspended,
};
pub use roll::{Entry, Roll};
