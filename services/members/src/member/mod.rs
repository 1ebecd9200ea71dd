//! One member: roles, limits, and since when its tokens count.

mod command;
mod event;
mod rejection;
mod route;

mod aggregate;
mod summary;
mod view;

#[cfg(test)]
mod tests;

pub use aggregate::Member;
pub use command::{GrantRoles, MemberCommand, RevokeTokens, SetLimits, WithdrawRoles};
pub use event::{Limits, LimitsSet, MemberEvent, RolesChanged, TokensRevoked};
pub use rejection::MemberRejection;
pub use summary::MemberSummary;
pub use view::MemberView;
