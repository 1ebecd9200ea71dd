//! The rule book.

use std::collections::BTreeSet;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use kernel::access::{ROLES_MAX, SCOPE_MAX};
use kernel::context::Context;
use kernel::route::CommandRoute;
use kernel::{Accepted, Actor, Role, Timestamp};
use serde::{Deserialize, Serialize};

use super::command::{MemberCommand, RevokeTokens, SetLimits};
use super::event::{Limits, LimitsSet, MemberEvent, RolesChanged, TokensRevoked};
use super::rejection::MemberRejection;
use super::route;
use crate::label::MemberId;

/// One member. There is always one: whoever has a token may have no events here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Events so far.
    version: u64,
    roles: BTreeSet<Role>,
    limits: Limits,
    revoked_before: Option<Timestamp>,
}

type Decision = Result<Vec<MemberEvent>, MemberRejection>;

impl Member {
    /// Events so far; 0 for a member without events.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }
}

impl Context for Member {
    const NAME: &'static str = "members";

    const SHAPE: u16 = 1;

    const COMMANDS: &'static [CommandRoute] = route::COMMANDS;

    type Input = MemberCommand;

    fn decide(&self, accepted: &Accepted<MemberCommand>, _policy: &()) -> Decision {
        use MemberCommand as C;
        let id = MemberId::new(accepted.id.as_str()).map_err(MemberRejection::MemberIdInvalid)?;
        // A market acts under a name of its own making.
        let as_venue = Actor::venue(id.as_str());
        let is_own = accepted.actor.as_str() == id.as_str()
            || as_venue.is_ok_and(|venue| venue == accepted.actor);
        match &accepted.command {
            C::GrantRoles(_) | C::WithdrawRoles(_) | C::SetLimits(_) if is_own => {
                Err(MemberRejection::OwnRoles)
            }
            C::GrantRoles(grant) => self.grant(id, &grant.roles),
            C::WithdrawRoles(withdraw) => Ok(self.withdraw(id, &withdraw.roles)),
            C::SetLimits(set) => self.limit(id, set),
            C::RevokeTokens(revoke) => self.revoke(id, revoke, accepted.at),
        }
    }
}

impl Aggregate for Member {
    const TYPE: &'static str = "member";
    type Command = Accepted<MemberCommand>;
    type Event = MemberEvent;
    type Error = MemberRejection;
    type Services = ();

    async fn handle(
        &mut self,
        command: Self::Command,
        policy: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), MemberRejection> {
        for event in self.decide(&command, policy)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: MemberEvent) {
        self.version += 1;
        match event {
            MemberEvent::RolesGranted(changed) | MemberEvent::RolesWithdrawn(changed) => {
                self.roles = changed.roles;
            }
            MemberEvent::LimitsSet(set) => self.limits = set.limits,
            MemberEvent::TokensRevoked(revoked) => {
                self.revoked_before = Some(revoked.issued_before);
            }
        }
    }
}

impl Member {
    fn grant(&self, member_id: MemberId, granted: &BTreeSet<Role>) -> Decision {
        let roles: BTreeSet<_> = self.roles.union(granted).cloned().collect();
        if roles.len() > ROLES_MAX {
            return Err(MemberRejection::RoleLimit {
                asked: roles.len(),
                max: ROLES_MAX,
            });
        }
        if roles == self.roles {
            return Ok(vec![]);
        }
        let changed = RolesChanged { member_id, roles };
        Ok(vec![MemberEvent::RolesGranted(changed)])
    }

    fn withdraw(&self, member_id: MemberId, withdrawn: &BTreeSet<Role>) -> Vec<MemberEvent> {
        let roles: BTreeSet<_> = self.roles.difference(withdrawn).cloned().collect();
        if roles == self.roles {
            return vec![];
        }
        let changed = RolesChanged { member_id, roles };
        vec![MemberEvent::RolesWithdrawn(changed)]
    }

    fn limit(&self, member_id: MemberId, set: &SetLimits) -> Decision {
        if let Some(ceiling) = set.ceiling.filter(|ceiling| *ceiling < 0) {
            return Err(MemberRejection::CeilingNegative(ceiling));
        }
        bounded("books", set.books.as_ref().map(BTreeSet::len))?;
        bounded("accounts", set.accounts.as_ref().map(BTreeSet::len))?;
        let limits = Limits::from(set);
        if limits == self.limits {
            return Ok(vec![]);
        }
        Ok(vec![MemberEvent::LimitsSet(LimitsSet {
            member_id,
            limits,
        })])
    }

    /// What was revoked stays revoked.
    fn revoke(&self, member_id: MemberId, revoke: &RevokeTokens, at: Timestamp) -> Decision {
        let issued_before = revoke.issued_before.unwrap_or(at);
        if issued_before > at {
            return Err(MemberRejection::RevocationAhead(issued_before));
        }
        if self
            .revoked_before
            .is_some_and(|before| issued_before <= before)
        {
            return Ok(vec![]);
        }
        Ok(vec![MemberEvent::TokensRevoked(TokensRevoked {
            member_id,
            issued_before,
        })])
    }
}

fn bounded(what: &'static str, asked: Option<usize>) -> Result<(), MemberRejection> {
    match asked {
        Some(asked) if asked > SCOPE_MAX => Err(MemberRejection::ScopeLimit {
            what,
            asked,
            max: SCOPE_MAX,
        }),
        _ => Ok(()),
    }
}
