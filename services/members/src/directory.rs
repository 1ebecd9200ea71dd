//! The directory: what every gateway knows of members, folded from their events.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use kernel::access::{ROLES_MAX, Subject};
use kernel::context::Folded;
use kernel::record::{self, Undecodable};
use kernel::{Actor, EventMeta, LiveProjection, Role, Tenant, Timestamp};
use serde::{Deserialize, Serialize};

pub use crate::member::MemberEvent;
use crate::member::{Limits, MemberEvent as Event};

/// What is known of one member.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Known {
    roles: BTreeSet<Role>,
    limits: Limits,
    revoked_before: Option<Timestamp>,
    /// Events so far.
    changes: u64,
}

/// Members by tenant and name.
#[derive(Default)]
pub struct Directory {
    members: HashMap<Tenant, HashMap<Actor, Arc<Known>>>,
}

impl Directory {
    /// What is known of the bearer of a token.
    #[must_use]
    pub fn known(&self, tenant: &Tenant, actor: &Actor) -> Option<Arc<Known>> {
        self.members.get(tenant)?.get(actor).cloned()
    }
}

impl Known {
    /// Events of the member so far.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// Whether tokens that were issued then count no more.
    #[must_use]
    pub fn has_revoked(&self, issued: Timestamp) -> bool {
        self.revoked_before.is_some_and(|before| issued < before)
    }

    /// The subject of a token with the roles that were granted beside its own, and within the limits of
    /// both.
    #[must_use]
    pub fn complete(&self, subject: &Subject) -> Subject {
        let mut subject = subject.clone();
        for role in &self.roles {
            if subject.roles.len() < ROLES_MAX && !subject.roles.contains(role) {
                subject.roles.push(role.clone());
            }
        }
        let books = self.limits.books.as_ref();
        let books = books.map(|books| books.iter().map(|book| book.as_str().into()).collect());
        let accounts = self.limits.accounts.as_ref();
        let accounts = accounts.map(|all| all.iter().map(|one| one.as_str().into()).collect());
        subject.books = within(subject.books, books);
        subject.accounts = within(subject.accounts, accounts);
        let ceilings = [subject.ceiling, self.limits.ceiling];
        subject.ceiling = ceilings.into_iter().flatten().min();
        subject
    }
}

/// What both allow.
fn within<T: Ord + Clone>(
    one: Option<BTreeSet<T>>,
    other: Option<BTreeSet<T>>,
) -> Option<BTreeSet<T>> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.intersection(&other).cloned().collect()),
        (one, other) => one.or(other),
    }
}

/// In one order, whatever the order of the events of different members was.
#[derive(Serialize, Deserialize)]
pub struct KeptDirectory(Vec<(Tenant, Actor, Arc<Known>)>);

impl LiveProjection for Directory {
    const NAME: &'static str = "directory";
    const ON: &'static [&'static str] = &["members"];
    const SHAPE: u16 = 1;
    type Event = Event;
    type Kept = KeptDirectory;

    fn decode(
        _context: &str,
        log_position: u64,
        value: &[u8],
    ) -> Result<(EventMeta, Option<Event>), Undecodable> {
        record::decode_if(log_position, value, |_| true)
    }

    fn fold(&mut self, _partition: u16, meta: &EventMeta, event: Folded<Event>) {
        let Folded::Event(event) = event else {
            return;
        };
        // Every member's id is the name of an actor; one that is not has no token.
        let Ok(actor) = Actor::new(meta.aggregate.as_str()) else {
            return;
        };
        let tenant = self.members.entry(meta.tenant.clone()).or_default();
        let known = Arc::make_mut(tenant.entry(actor).or_default());
        known.changes = meta.sequence;
        match event {
            Event::RolesGranted(changed) | Event::RolesWithdrawn(changed) => {
                known.roles = changed.roles;
            }
            Event::LimitsSet(set) => known.limits = set.limits,
            Event::TokensRevoked(revoked) => known.revoked_before = Some(revoked.issued_before),
        }
    }

    fn keep(&self) -> KeptDirectory {
        let members = self.members.iter().flat_map(|(tenant, members)| {
            let of = |(actor, known): (&Actor, &Arc<Known>)| {
                (tenant.clone(), actor.clone(), Arc::clone(known))
            };
            members.iter().map(of)
        });
        let mut members: Vec<_> = members.collect();
        members.sort_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
        KeptDirectory(members)
    }

    fn restored(kept: KeptDirectory) -> Self {
        let mut directory = Self::default();
        for (tenant, actor, known) in kept.0 {
            let members = directory.members.entry(tenant).or_default();
            members.insert(actor, known);
        }
        directory
    }
}
