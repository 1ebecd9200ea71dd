//! One tenant on the books of the tenant that manages it.

mod command;
mod event;
mod rejection;
mod route;

mod aggregate;
mod summary;
mod view;

#[cfg(test)]
mod tests;

pub use aggregate::Registration;
pub use command::{CreateTenant, RegistrationCommand, ResumeTenant, SuspendTenant};
pub use event::{RegistrationEvent, TenantCreated, TenantResumed, TenantSuspended};
pub use rejection::RegistrationRejection;
pub use summary::{RegistrationSummary, TenantState};
pub use view::RegistrationView;
