//! How sessions end: signed off, silent, one too many, or with their agent.

use super::*;

const ALL: [&str; 8] = ["S-1", "S-2", "S-3", "S-4", "S-5", "S-6", "S-7", "S-8"];

fn opened(session: &str, seconds: i64) -> AgentEvent {
    let AgentEvent::SessionStarted(mut opened) = started(session, CHANNELS) else {
        unreachable!()
    };
    opened.at = Some(after(seconds));
    AgentEvent::SessionStarted(opened)
}

#[test]
fn ninth_session_ends_the_oldest() {
    let mut events: Vec<_> = (0..).zip(ALL).map(|(n, id)| opened(id, 10 - n)).collect();
    events.push(changed(Presence::Available));
    agent(events)
        .when(accepted(start("S-9", CHANNELS)))
        .then_expect_events(vec![
            started("S-9", CHANNELS),
            ended("S-8", SessionEnd::Displaced),
        ]);
}

#[test]
fn offer_that_only_the_displaced_device_shows_is_taken_back() {
    let mut events = with(offered(), &[]);
    events.extend(ALL[1..].iter().map(|id| started(id, &["voice"])));
    let unavailable = ReleaseCause::AgentUnavailable;
    agent(events)
        .when(accepted(start("S-9", &["voice"])))
        .then_expect_events(vec![
            started("S-9", &["voice"]),
            released("O-1", "C-1", PhaseName::Reserved, unavailable),
            ended("S-1", SessionEnd::Displaced),
        ]);
}

#[test]
fn agent_may_come_and_go_any_number_of_times() {
    let mut amy = Agent::default();
    for n in 0..20 {
        let session = format!("S-{n}");
        send(&mut amy, &accepted(start(&session, CHANNELS))).unwrap();
        send(&mut amy, &accepted(set(Presence::Offline))).unwrap();
        assert!(amy.standing().sessions.is_empty());
    }
}

#[test]
fn session_that_signs_off_leaves_the_others() {
    agent(with(engaged(), &[started("S-2", CHANNELS)]))
        .when(accepted(sign_off("S-1")))
        .then_expect_events(vec![ended("S-1", SessionEnd::Closed)]);
}

#[test]
fn last_session_that_signs_off_takes_the_agent_offline() {
    let unavailable = ReleaseCause::AgentUnavailable;
    agent(offered())
        .when(accepted(sign_off("S-1")))
        .then_expect_events(vec![
            released("O-1", "C-1", PhaseName::Reserved, unavailable),
            ended("S-1", SessionEnd::Closed),
            changed_by(Source::System, Presence::Offline),
        ]);
}

#[test]
fn last_session_does_not_sign_off_from_work() {
    agent(engaged())
        .when(accepted(sign_off("S-1")))
        .then_expect_error(AgentRejection::ActiveWork { slots: 1 });
}

#[test]
fn session_that_is_not_there_has_signed_off() {
    agent(available())
        .when(accepted(sign_off("S-9")))
        .then_expect_events(vec![]);
}

#[test]
fn silent_session_ends_and_with_the_last_one_the_work() {
    let offline = ReleaseCause::AgentOffline;
    agent(engaged())
        .when(supervised(expire_session("S-1")))
        .then_expect_events(vec![
            ended("S-1", SessionEnd::Silent),
            released("O-1", "C-1", PhaseName::Active, offline),
            changed_by(Source::System, Presence::Offline),
        ]);
}

#[test]
fn of_two_devices_the_dead_one_takes_its_channels_and_no_more() {
    let at_two = [
        started("S-2", &["voice"]),
        reserved("O-2", "C-2", "chat"),
        reserved("O-3", "C-3", "voice"),
    ];
    let unavailable = ReleaseCause::AgentUnavailable;
    let dies = vec![
        released("O-2", "C-2", PhaseName::Reserved, unavailable),
        ended("S-1", SessionEnd::Silent),
    ];
    let events = with(available(), &at_two);
    agent(events.clone())
        .when(supervised(expire_session("S-1")))
        .then_expect_events(dies.clone());
    let amy = folded(&with(events, &dies));
    let unroutable = |channel: &str| amy.standing().unroutable(&channel.parse().unwrap());
    assert_eq!(unroutable("chat"), Some(Unroutable::DeviceNotReady));
    assert_eq!(unroutable("voice"), None);
}

#[test]
fn session_in_grace_has_its_own_end() {
    agent(with(available(), &[lost("S-1")]))
        .when(supervised(expire_session("S-1")))
        .then_expect_events(vec![]);
    agent(available())
        .when(supervised(expire_session("S-9")))
        .then_expect_events(vec![]);
}

#[test]
fn session_of_before_there_were_times_is_the_oldest() {
    let mut events: Vec<_> = ALL.map(|id| opened(id, 0)).to_vec();
    let AgentEvent::SessionStarted(old) = &mut events[4] else {
        unreachable!()
    };
    old.at = None;
    events.push(changed(Presence::Available));
    agent(events)
        .when(accepted(start("S-9", CHANNELS)))
        .then_expect_events(vec![
            started("S-9", CHANNELS),
            ended("S-5", SessionEnd::Displaced),
        ]);
}
