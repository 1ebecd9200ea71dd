//! What the tests speak of: Dan, who deals.

mod deciding;
mod page;
mod property;
mod viewing;

use std::collections::BTreeSet;

use cqrs_es::Aggregate;
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use kernel::{Accepted, CommandId, Context, EventId, EventMeta, Role, Timestamp, View};

use super::*;

const DAN: &str = "dan";
/// When commands are accepted, in milliseconds.
const NOW: i64 = 1_000_000;

fn after(seconds: i64) -> Timestamp {
    Timestamp::from_millis(NOW + seconds * 1_000)
}

fn roles(names: &[&str]) -> BTreeSet<Role> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn by(actor: &str, command: MemberCommand) -> Accepted<MemberCommand> {
    Accepted {
        id: DAN.parse().unwrap(),
        actor: actor.parse().unwrap(),
        identity: None,
        at: after(0),
        command,
    }
}

fn accepted(command: MemberCommand) -> Accepted<MemberCommand> {
    by("root", command)
}

fn member(events: Vec<MemberEvent>) -> AggregateTestExecutor<Member> {
    TestFramework::with(()).given(events)
}

fn folded(events: &[MemberEvent]) -> Member {
    let mut member = Member::default();
    for event in events {
        member.apply(event.clone());
    }
    member
}

fn grant(names: &[&str]) -> MemberCommand {
    MemberCommand::GrantRoles(GrantRoles {
        roles: roles(names),
    })
}

fn withdraw(names: &[&str]) -> MemberCommand {
    MemberCommand::WithdrawRoles(WithdrawRoles {
        roles: roles(names),
    })
}

fn limit(books: &[&str], ceiling: i64) -> MemberCommand {
    MemberCommand::SetLimits(SetLimits {
        books: Some(books.iter().map(|book| book.parse().unwrap()).collect()),
        accounts: None,
        ceiling: Some(ceiling),
    })
}

fn revoke(issued_before: Option<Timestamp>) -> MemberCommand {
    MemberCommand::RevokeTokens(RevokeTokens { issued_before })
}

fn changed(names: &[&str]) -> RolesChanged {
    RolesChanged {
        member_id: DAN.parse().unwrap(),
        roles: roles(names),
    }
}

fn granted(names: &[&str]) -> MemberEvent {
    MemberEvent::RolesGranted(changed(names))
}

fn withdrawn(names: &[&str]) -> MemberEvent {
    MemberEvent::RolesWithdrawn(changed(names))
}

fn limited(books: &[&str], ceiling: i64) -> MemberEvent {
    MemberEvent::LimitsSet(LimitsSet {
        member_id: DAN.parse().unwrap(),
        limits: Limits {
            books: Some(books.iter().map(|book| book.parse().unwrap()).collect()),
            accounts: None,
            ceiling: Some(ceiling),
        },
    })
}

fn revoked(issued_before: Timestamp) -> MemberEvent {
    MemberEvent::TokensRevoked(TokensRevoked {
        member_id: DAN.parse().unwrap(),
        issued_before,
    })
}

fn meta(sequence: u64) -> EventMeta {
    let command = CommandId(uuid::Uuid::nil());
    EventMeta {
        id: EventId::of(command, 0),
        command,
        tenant: "demo".parse().unwrap(),
        aggregate: DAN.parse().unwrap(),
        sequence,
        at: after(i64::try_from(sequence).unwrap()),
        actor: "root".parse().unwrap(),
        correlation: None,
        causation: None,
        v: 1,
        kind: "".into(),
        log_position: sequence,
    }
}
