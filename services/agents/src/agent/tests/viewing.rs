//! The view of an agent.

use kernel::fixtures::indexed::agrees_with_filters;
use kernel::{CommandId, EventId, EventMeta, View};
use serde_json::json;

use super::*;

pub(super) fn meta(sequence: u64) -> EventMeta {
    let command = CommandId(uuid::Uuid::nil());
    EventMeta {
        id: EventId::of(command, 0),
        command,
        tenant: "demo".parse().unwrap(),
        aggregate: AMY.parse().unwrap(),
        sequence,
        // A second between any two events.
        at: at(i64::try_from(sequence).unwrap() * 1_000),
        actor: AMY.parse().unwrap(),
        correlation: None,
        causation: None,
        v: 1,
        kind: "".into(),
        log_position: sequence,
    }
}

pub(super) fn viewed(events: &[AgentEvent]) -> AgentView {
    let mut view = AgentView::default();
    for (sequence, event) in (1..).zip(events) {
        view.update(&meta(sequence), event);
    }
    view
}

fn summary(events: &[AgentEvent]) -> AgentSummary {
    viewed(events).0.unwrap()
}

fn state(events: &[AgentEvent]) -> AgentState {
    summary(events).state
}

#[test]
fn view_shows_all_there_is_to_say() {
    let events = with(
        writing_up(true),
        &[skills(&[("fx", 80)]), queues(&["FX-VIP"])],
    );
    let body = serde_json::to_value(viewed(&events)).unwrap();
    let expected = json!({
        "agent_id": "amy", "state": "wrap_up", "draining": 0,
        "presence": "available", "source": "agent", "since": "1970-01-01T00:00:04Z",
        "next_presence": null, "link": { "state": "connected" },
        "sessions": { "S-1": {
            "device": "web", "channels": ["chat", "voice"],
            "opened_at": "1970-01-01T00:16:40Z", "told_at": "1970-01-01T00:16:40Z",
        } },
        "suspension": null, "consecutive_expiries": 0,
        "slots": { "C-1": {
            "offer_id": "O-1", "channel": "chat", "cost": 1, "phase": "wrap_up",
            "deadline": "1970-01-01T00:17:10Z", "granted_s": 30, "disposition_required": true,
        } },
        "capacity": { "chat": 3, "voice": 1 }, "used": { "chat": 1, "voice": 0 },
        "skills": { "fx": 80 }, "queues": ["FX-VIP"], "interruptible_by": {},
        "idle_since": null, "last_freed": "1970-01-01T00:00:04Z", "version": 9, "updated_at": "1970-01-01T00:00:09Z",
    });
    assert_eq!(body, expected);
}

#[test]
fn state_is_the_first_that_fits() {
    let custom = |routable| {
        changed(Presence::Custom {
            code: "LUNCH".parse().unwrap(),
            routable,
        })
    };
    let full = [reserved("O-1", "C-1", "voice"), activated("O-1", "C-1")];
    let only_voice = capacity(&[("voice", 1)]);
    for (expected, events) in [
        (AgentState::Offline, vec![queues(&["FX-VIP"])]),
        (AgentState::Offline, vec![not_responding()]),
        (
            AgentState::NotResponding,
            with(engaged(), &[not_responding()]),
        ),
        (AgentState::Away, logged_in()),
        (
            AgentState::Busy,
            with(engaged(), &[changed(Presence::Busy)]),
        ),
        (AgentState::Custom, with(available(), &[custom(false)])),
        (AgentState::Available, with(available(), &[custom(true)])),
        (AgentState::Offered, offered()),
        (
            AgentState::Full,
            with(with(available(), &full), &[only_voice]),
        ),
        (AgentState::Engaged, engaged()),
        (AgentState::Engaged, with(engaged(), &[held("C-1")])),
        (AgentState::WrapUp, writing_up(true)),
        (AgentState::Available, available()),
    ] {
        assert_eq!(state(&events), expected, "{events:?}");
    }
}

#[test]
fn draining_counts_what_is_left_of_an_agent_who_takes_no_offers() {
    assert_eq!(summary(&engaged()).draining, 0);
    assert_eq!(
        summary(&with(engaged(), &[changed(Presence::Busy)])).draining,
        1
    );
}

#[test]
fn link_is_the_best_of_the_sessions() {
    assert_eq!(summary(&[queues(&["FX-VIP"])]).link, Link::Lost);
    assert_eq!(summary(&available()).link, Link::Connected);
    let until = after(60);
    let in_grace = with(available(), &[lost("S-1")]);
    assert_eq!(summary(&in_grace).link, Link::Grace { until });
    let second = with(in_grace, &[started("S-2", CHANNELS)]);
    assert_eq!(summary(&second).link, Link::Connected);
}

#[test]
fn idle_clock_starts_with_the_last_slot_freed_or_the_first_offer_let_in() {
    let idle_since = |events: &[AgentEvent]| summary(events).idle_since;
    assert_eq!(idle_since(&logged_in()), None);
    assert_eq!(idle_since(&available()), Some(at(4_000)));
    assert_eq!(idle_since(&offered()), Some(at(4_000)));
    assert_eq!(idle_since(&engaged()), None);
    let done = released("O-1", "C-1", PhaseName::Active, ReleaseCause::Completed);
    let freed = with(engaged(), &[done]);
    assert_eq!(idle_since(&freed), Some(at(7_000)));
    let suspended = with(freed, &[not_responding()]);
    assert_eq!(idle_since(&suspended), None);
    let back = with(suspended, &[routing_resumed()]);
    assert_eq!(idle_since(&back), Some(at(9_000)));
}

#[test]
fn last_freed_is_shown_with_or_without_other_work() {
    let last_freed = |events: &[AgentEvent]| summary(events).last_freed;
    assert_eq!(last_freed(&logged_in()), None);
    assert_eq!(last_freed(&available()), Some(at(4_000)));
    let rescinded = released("O-2", "C-2", PhaseName::Reserved, ReleaseCause::Rescinded);
    let in_vain = with(engaged(), &[reserved("O-2", "C-2", "chat"), rescinded]);
    assert_eq!(last_freed(&in_vain), Some(at(4_000)));
    let second = [
        reserved("O-3", "C-3", "chat"),
        activated("O-3", "C-3"),
        released("O-3", "C-3", PhaseName::Active, ReleaseCause::Completed),
    ];
    let freed = with(in_vain, &second);
    assert_eq!(last_freed(&freed), Some(at(11_000)));
    assert_eq!(summary(&freed).idle_since, None, "works on");
    let back = with(
        freed,
        &[changed(Presence::Busy), changed(Presence::Available)],
    );
    assert_eq!(last_freed(&back), Some(at(13_000)));
}

#[test]
fn since_and_idle_clock_survive_all_that_is_no_choice() {
    let events = with(available(), &[queues(&["FX-VIP"]), skills(&[("fx", 80)])]);
    let shown = summary(&events);
    assert_eq!(shown.since, at(4_000));
    assert_eq!(shown.idle_since, Some(at(4_000)));
    assert_eq!(shown.updated_at, at(6_000));
}

#[test]
fn live_streams_find_an_agent_by_every_queue_served() {
    let events = with(writing_up(true), &[queues(&["FX-VIP", "FX"])]);
    agrees_with_filters(&viewed(&events), &["EQUITY"]);
}
