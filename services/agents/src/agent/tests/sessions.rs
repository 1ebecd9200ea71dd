//! Rows StartSession, Heartbeat, LinkLost and GraceExpired.

use super::*;

#[test]
fn session_brings_an_offline_agent_to_the_desk_without_offers() {
    agent(vec![])
        .when(accepted(start("S-1", CHANNELS)))
        .then_expect_events(vec![
            started("S-1", CHANNELS),
            changed_by(Source::System, Presence::Away),
        ]);
}

#[test]
fn same_session_again_changes_nothing() {
    agent(available())
        .when(accepted(start("S-1", CHANNELS)))
        .then_expect_events(vec![]);
}

#[test]
fn second_device_leaves_the_presence() {
    agent(available())
        .when(accepted(start("S-2", &["voice"])))
        .then_expect_events(vec![started("S-2", &["voice"])]);
}

#[test]
fn agent_id_that_is_no_path_segment_is_rejected() {
    for id in ["a/b", &"x".repeat(129)] {
        let command = accepted_for(id, AMY, start("S-1", CHANNELS));
        let rejection = Agent::default().decide(&command, &()).unwrap_err();
        assert!(matches!(rejection, AgentRejection::AgentIdInvalid(_)));
    }
}

#[test]
fn heartbeat_of_a_connected_session_changes_nothing() {
    agent(available())
        .when(accepted(heartbeat("S-1")))
        .then_expect_events(vec![]);
}

#[test]
fn heartbeat_by_command_is_an_event_once_in_a_while() {
    let beat = |seconds| Accepted {
        at: after(seconds),
        ..accepted(heartbeat("S-1"))
    };
    agent(available()).when(beat(14)).then_expect_events(vec![]);
    let beat_event = heard("S-1", after(20));
    agent(available())
        .when(beat(20))
        .then_expect_events(vec![beat_event.clone()]);
    agent(with(available(), &[beat_event]))
        .when(beat(34))
        .then_expect_events(vec![]);
}

#[test]
fn heartbeat_of_an_unknown_session_is_rejected() {
    let session_id = "S-9".parse().unwrap();
    agent(available())
        .when(accepted(heartbeat("S-9")))
        .then_expect_error(AgentRejection::SessionUnknown { session_id });
}

#[test]
fn heartbeat_within_the_grace_restores_the_link() {
    agent(with(engaged(), &[lost("S-1")]))
        .when(accepted(heartbeat("S-1")))
        .then_expect_events(vec![restored("S-1")]);
}

#[test]
fn session_started_again_within_the_grace_restores_the_link() {
    agent(with(engaged(), &[lost("S-1")]))
        .when(accepted(start("S-1", CHANNELS)))
        .then_expect_events(vec![restored("S-1")]);
}

#[test]
fn lost_link_takes_the_offers_and_leaves_the_work() {
    let events = with(engaged(), &[reserved("O-2", "C-2", "chat")]);
    let unavailable = ReleaseCause::AgentUnavailable;
    agent(events)
        .when(supervised(lose("S-1")))
        .then_expect_events(vec![
            released("O-2", "C-2", PhaseName::Reserved, unavailable),
            lost("S-1"),
        ]);
}

#[test]
fn link_lost_beside_another_leaves_the_offers() {
    agent(with(offered(), &[started("S-2", CHANNELS)]))
        .when(supervised(lose("S-1")))
        .then_expect_events(vec![lost("S-1")]);
}

#[test]
fn link_lost_twice_or_never_there_changes_nothing() {
    agent(with(available(), &[lost("S-1")]))
        .when(supervised(lose("S-1")))
        .then_expect_events(vec![]);
    agent(available())
        .when(supervised(lose("S-9")))
        .then_expect_events(vec![]);
}

#[test]
fn lost_link_brings_what_was_chosen_for_when_clear() {
    let events = with(offered(), &[next(Some(Presence::Busy))]);
    let unavailable = ReleaseCause::AgentUnavailable;
    agent(events)
        .when(supervised(lose("S-1")))
        .then_expect_events(vec![
            released("O-1", "C-1", PhaseName::Reserved, unavailable),
            lost("S-1"),
            changed(Presence::Busy),
        ]);
}

#[test]
fn grace_that_runs_out_ends_all_and_takes_the_agent_offline() {
    let events = [
        reserved("O-2", "C-2", "chat"),
        activated("O-2", "C-2"),
        wrapping("C-2", 30, true),
        held("C-1"),
        lost("S-1"),
    ];
    let offline = ReleaseCause::AgentOffline;
    agent(with(engaged(), &events))
        .when(supervised(expire_grace("S-1", after(60))))
        .then_expect_events(vec![
            grace_expired("S-1"),
            released("O-1", "C-1", PhaseName::Held, offline),
            auto_completed("C-2"),
            released("O-2", "C-2", PhaseName::WrapUp, offline),
            changed_by(Source::System, Presence::Offline),
        ]);
}

#[test]
fn grace_that_runs_out_beside_another_session_drops_only_the_session() {
    agent(with(engaged(), &[started("S-2", CHANNELS), lost("S-1")]))
        .when(supervised(expire_grace("S-1", after(60))))
        .then_expect_events(vec![grace_expired("S-1")]);
}

#[test]
fn grace_of_an_agent_who_is_offline_leaves_the_presence() {
    agent(with(
        available(),
        &[changed(Presence::Offline), lost("S-1")],
    ))
    .when(supervised(expire_grace("S-1", after(60))))
    .then_expect_events(vec![grace_expired("S-1")]);
}

#[test]
fn grace_timer_that_fires_late_changes_nothing() {
    for events in [
        with(available(), &[lost("S-1"), restored("S-1")]),
        with(available(), &[lost("S-1"), grace_expired("S-1")]),
    ] {
        agent(events)
            .when(supervised(expire_grace("S-1", after(60))))
            .then_expect_events(vec![]);
    }
    agent(with(available(), &[lost("S-1")]))
        .when(supervised(expire_grace("S-1", after(59))))
        .then_expect_events(vec![]);
}
