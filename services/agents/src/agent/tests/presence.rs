//! Rows SetPresence, SetPresence(OFFLINE) and SuspendRouting.

use super::*;

fn lunch() -> Presence {
    Presence::Custom {
        code: "LUNCH".parse().unwrap(),
        routable: false,
    }
}

#[test]
fn presence_is_rejected_without_a_session() {
    agent(vec![])
        .when(accepted(set(Presence::Available)))
        .then_expect_error(AgentRejection::NoSession);
}

#[test]
fn presence_changes_with_its_reason_and_source() {
    let command = AgentCommand::SetPresence(SetPresence {
        presence: lunch(),
        reason: Some("back at one".parse().unwrap()),
        when: When::Now,
        force: false,
    });
    let expected = AgentEvent::PresenceChanged(Choice {
        presence: lunch(),
        reason: Some("back at one".parse().unwrap()),
        source: Source::Supervisor,
    });
    agent(available())
        .when(supervised(command))
        .then_expect_events(vec![expected]);
}

#[test]
fn same_presence_changes_nothing() {
    for when in [When::Now, When::WhenClear] {
        agent(engaged())
            .when(accepted(choose(Presence::Available, when, false)))
            .then_expect_events(vec![]);
    }
}

/// Lunch is not paid, training is: each is an interval of its own.
#[test]
fn same_presence_for_another_reason_is_a_change() {
    let away = |reason: Option<&str>, when| {
        AgentCommand::SetPresence(SetPresence {
            presence: Presence::Away,
            reason: reason.map(|reason| reason.parse().unwrap()),
            when,
            force: false,
        })
    };
    let choice = |reason: Option<&str>| Choice {
        presence: Presence::Away,
        reason: reason.map(|reason| reason.parse().unwrap()),
        source: Source::Agent,
    };
    let lunch = AgentEvent::PresenceChanged(choice(Some("lunch")));
    for other in [Some("training"), None] {
        for when in [When::Now, When::WhenClear] {
            agent(with(available(), std::slice::from_ref(&lunch)))
                .when(accepted(away(other, when)))
                .then_expect_events(vec![AgentEvent::PresenceChanged(choice(other))]);
        }
        agent(with(engaged(), std::slice::from_ref(&lunch)))
            .when(accepted(away(other, When::WhenClear)))
            .then_expect_events(vec![AgentEvent::NextPresenceSet(NextPresenceSet {
                next: Some(choice(other)),
            })]);
    }
    agent(with(available(), &[lunch]))
        .when(accepted(away(Some("lunch"), When::Now)))
        .then_expect_events(vec![]);
}

#[test]
fn another_reason_does_not_cut_a_cooldown_short() {
    let command = AgentCommand::SetPresence(SetPresence {
        presence: Presence::Available,
        reason: Some("back early".parse().unwrap()),
        when: When::Now,
        force: false,
    });
    let choice = Choice {
        presence: Presence::Available,
        reason: Some("back early".parse().unwrap()),
        source: Source::Agent,
    };
    let changed = AgentEvent::PresenceChanged(choice);
    agent(with(available(), &[cooling_down()]))
        .when(accepted(command.clone()))
        .then_expect_events(vec![changed.clone()]);
    agent(with(available(), &[not_responding()]))
        .when(accepted(command))
        .then_expect_events(vec![changed, routing_resumed()]);
}

#[test]
fn presence_without_offers_gives_back_each_reserved_slot_and_keeps_the_work() {
    let events = [
        reserved("O-2", "C-2", "chat"),
        reserved("O-3", "C-3", "voice"),
    ];
    let unavailable = ReleaseCause::AgentUnavailable;
    agent(with(engaged(), &events))
        .when(accepted(set(Presence::Busy)))
        .then_expect_events(vec![
            released("O-2", "C-2", PhaseName::Reserved, unavailable),
            released("O-3", "C-3", PhaseName::Reserved, unavailable),
            changed(Presence::Busy),
        ]);
}

#[test]
fn presence_that_takes_offers_too_keeps_the_reserved_slots() {
    let queue_work = Presence::Custom {
        code: "BACK_OFFICE".parse().unwrap(),
        routable: true,
    };
    agent(offered())
        .when(accepted(set(queue_work.clone())))
        .then_expect_events(vec![changed(queue_work)]);
}

#[test]
fn presence_that_takes_offers_ends_a_suspension() {
    for suspension in [not_responding(), cooling_down()] {
        let events = with(available(), &[suspension, changed(Presence::Away)]);
        agent(events)
            .when(accepted(set(Presence::Available)))
            .then_expect_events(vec![changed(Presence::Available), routing_resumed()]);
    }
}

#[test]
fn same_presence_answers_for_an_agent_who_did_not_respond() {
    agent(with(available(), &[not_responding()]))
        .when(accepted(set(Presence::Available)))
        .then_expect_events(vec![routing_resumed()]);
}

#[test]
fn same_presence_does_not_cut_a_cooldown_short() {
    agent(with(available(), &[cooling_down()]))
        .when(accepted(set(Presence::Available)))
        .then_expect_events(vec![]);
}

#[test]
fn presence_for_when_clear_waits_for_the_last_slot() {
    let command = choose(Presence::Busy, When::WhenClear, false);
    agent(engaged())
        .when(accepted(command))
        .then_expect_events(vec![next(Some(Presence::Busy))]);
}

#[test]
fn presence_for_when_clear_begins_at_once_without_slots() {
    let command = choose(Presence::Offline, When::WhenClear, false);
    agent(available())
        .when(accepted(command))
        .then_expect_events(vec![
            changed(Presence::Offline),
            ended("S-1", SessionEnd::Offline),
        ]);
}

#[test]
fn same_presence_for_when_clear_changes_nothing() {
    let command = choose(Presence::Busy, When::WhenClear, false);
    agent(with(engaged(), &[next(Some(Presence::Busy))]))
        .when(accepted(command))
        .then_expect_events(vec![]);
}

#[test]
fn present_presence_takes_back_the_next() {
    agent(with(engaged(), &[next(Some(Presence::Busy))]))
        .when(accepted(set(Presence::Available)))
        .then_expect_events(vec![next(None)]);
}

#[test]
fn next_presence_begins_in_the_append_that_frees_the_last_slot() {
    let events = with(writing_up(false), &[next(Some(Presence::Offline))]);
    agent(events)
        .when(accepted(complete("C-1", &[])))
        .then_expect_events(vec![
            completed("C-1", &[]),
            released("O-1", "C-1", PhaseName::WrapUp, ReleaseCause::Completed),
            changed(Presence::Offline),
            ended("S-1", SessionEnd::Offline),
        ]);
}

#[test]
fn next_presence_waits_while_a_slot_is_left() {
    let events = [
        reserved("O-2", "C-2", "chat"),
        next(Some(Presence::Offline)),
    ];
    agent(with(writing_up(false), &events))
        .when(accepted(complete("C-1", &[])))
        .then_expect_events(vec![
            completed("C-1", &[]),
            released("O-1", "C-1", PhaseName::WrapUp, ReleaseCause::Completed),
        ]);
}

#[test]
fn going_offline_is_rejected_while_there_is_work() {
    for events in [
        engaged(),
        with(engaged(), &[held("C-1")]),
        writing_up(false),
    ] {
        agent(events)
            .when(accepted(set(Presence::Offline)))
            .then_expect_error(AgentRejection::ActiveWork { slots: 1 });
    }
}

#[test]
fn agent_cannot_force_their_own_way_offline() {
    let command = choose(Presence::Offline, When::Now, true);
    agent(engaged()).when(accepted(command)).then_expect_error(
        AgentRejection::SupervisorRequired {
            what: "going offline past active work",
        },
    );
}

#[test]
fn supervisor_forces_an_agent_offline() {
    let events = [
        reserved("O-2", "C-2", "chat"),
        activated("O-2", "C-2"),
        wrapping("C-2", 30, true),
        reserved("O-3", "C-3", "voice"),
    ];
    let (unavailable, offline) = (ReleaseCause::AgentUnavailable, ReleaseCause::AgentOffline);
    agent(with(engaged(), &events))
        .when(supervised(choose(Presence::Offline, When::Now, true)))
        .then_expect_events(vec![
            released("O-3", "C-3", PhaseName::Reserved, unavailable),
            released("O-1", "C-1", PhaseName::Active, offline),
            auto_completed("C-2"),
            released("O-2", "C-2", PhaseName::WrapUp, offline),
            changed_by(Source::Supervisor, Presence::Offline),
            ended("S-1", SessionEnd::Offline),
        ]);
}

#[test]
fn routing_is_suspended_once() {
    agent(available())
        .when(supervised(suspend()))
        .then_expect_events(vec![not_responding()]);
    agent(with(available(), &[not_responding()]))
        .when(supervised(suspend()))
        .then_expect_events(vec![]);
    agent(vec![])
        .when(supervised(suspend()))
        .then_expect_error(AgentRejection::NoSession);
}
