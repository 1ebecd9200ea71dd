//! Members: the people and services of a tenant, as far as their identity provider does not say it.
//!
//! In: roles granted, limits set, tokens revoked. Out: a directory in the memory of each gateway, which
//! completes what a token says of its bearer. What a role may do is said by the policies, not here.

mod directory;
mod label;
mod member;

pub use directory::{Directory, Known, MemberEvent as DirectoryEvent};
pub use label::{Account, Book, MemberId};
pub use member::{
    GrantRoles, Limits, LimitsSet, Member, MemberCommand, MemberEvent, MemberRejection,
    MemberSummary, MemberView, RevokeTokens, RolesChanged, SetLimits, TokensRevoked, WithdrawRoles,
};
