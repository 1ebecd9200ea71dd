//! The edge cases that have gone wrong elsewhere, as far as they concern an agent.

use kernel::{EventMeta, View};

use super::viewing::meta;
use super::*;

#[test]
fn agent_goes_offline_with_a_pending_offer_in_one_append_and_is_not_blamed() {
    let mut amy = folded(&with(available(), &[reserved("O-1", "C-1", "voice")]));
    let unavailable = ReleaseCause::AgentUnavailable;
    assert_eq!(
        send(&mut amy, &accepted(set(Presence::Offline))),
        Ok(vec![
            released("O-1", "C-1", PhaseName::Reserved, unavailable),
            changed(Presence::Offline),
            ended("S-1", SessionEnd::Offline),
        ])
    );
    assert_eq!(amy.standing().consecutive_expiries, 0);
    assert_eq!(amy.standing().suspension, None);
    // The conversation answers the rescinded offer with a release that comes too late to matter.
    let late = accepted(release_offer("O-1", ReleaseCause::Rescinded));
    assert_eq!(send(&mut amy, &late), Ok(vec![]));
}

#[test]
fn offline_and_accept_race_and_the_first_to_append_wins() {
    let mut accepted_first = folded(&offered());
    send(&mut accepted_first, &accepted(activate("O-1"))).unwrap();
    let offline = accepted(set(Presence::Offline));
    assert_eq!(
        send(&mut accepted_first, &offline),
        Err(AgentRejection::ActiveWork { slots: 1 })
    );
    let when_clear = accepted(choose(Presence::Offline, When::WhenClear, false));
    let kept = Ok(vec![next(Some(Presence::Offline))]);
    assert_eq!(send(&mut accepted_first, &when_clear), kept);

    let mut offline_first = folded(&offered());
    send(&mut offline_first, &offline).unwrap();
    let offer_id = "O-1".parse().unwrap();
    let slot_lost = Err(AgentRejection::OfferSlotLost { offer_id });
    assert_eq!(
        send(&mut offline_first, &accepted(activate("O-1"))),
        slot_lost
    );
}

#[test]
fn two_reservations_against_one_last_slot_give_one_slot() {
    let mut amy = folded(&available());
    let first = accepted(reserve("O-1", "C-1", "voice"));
    let second = accepted(reserve("O-2", "C-2", "voice"));
    // Both matchers have read the same state, where there was room.
    assert!(amy.decide(&first, &()).is_ok() && amy.decide(&second, &()).is_ok());
    let taken = send(&mut amy, &first).unwrap();
    assert_eq!(taken, [reserved("O-1", "C-1", "voice")]);
    assert_eq!(
        send(&mut amy, &second),
        Err(AgentRejection::NoCapacity {
            channel: "voice".parse().unwrap(),
            free: 0,
            cost: 1,
        })
    );
}

#[test]
fn offer_that_another_agent_won_leaves_the_idle_clock() {
    let idle_from = |events: &[(i64, AgentEvent)]| {
        let mut view = AgentView::default();
        for (sequence, (millis, event)) in (1..).zip(events) {
            let meta = EventMeta {
                at: at(*millis),
                ..meta(sequence)
            };
            view.update(&meta, event);
        }
        view.0.unwrap().idle_since
    };
    let mut events: Vec<_> = available().into_iter().map(|event| (10, event)).collect();
    events.push((20, reserved("O-1", "C-1", "chat")));
    assert_eq!(idle_from(&events), Some(at(10)));
    let rescinded = released("O-1", "C-1", PhaseName::Reserved, ReleaseCause::Rescinded);
    events.push((30, rescinded));
    assert_eq!(idle_from(&events), Some(at(10)));
}

#[test]
fn capacity_lowered_while_full_evicts_nothing_and_lets_nothing_in_until_there_is_room() {
    let chats = [
        reserved("O-2", "C-2", "chat"),
        activated("O-2", "C-2"),
        reserved("O-3", "C-3", "chat"),
        activated("O-3", "C-3"),
    ];
    let mut amy = folded(&with(engaged(), &chats));
    let lowered = capacity(&[("chat", 1), ("voice", 1)]);
    let lower = supervised(set_capacity(&[("chat", 1), ("voice", 1)]));
    assert_eq!(send(&mut amy, &lower), Ok(vec![lowered]));
    assert_eq!(amy.standing().slots.len(), 3);
    let full = AgentRejection::NoCapacity {
        channel: "chat".parse().unwrap(),
        free: 0,
        cost: 1,
    };
    let another = accepted(reserve("O-4", "C-4", "chat"));
    for conversation in ["C-1", "C-2", "C-3"] {
        assert_eq!(send(&mut amy, &another), Err(full.clone()));
        let done = accepted(release(conversation, ReleaseCause::Completed));
        send(&mut amy, &done).unwrap();
    }
    assert!(send(&mut amy, &another).is_ok());
}

#[test]
fn permission_or_skill_taken_away_blocks_new_offers_and_leaves_the_work() {
    let mut amy = folded(&with(engaged(), &[skills(&[("fx", 80)])]));
    send(&mut amy, &supervised(set_skills(&[]))).unwrap();
    send(&mut amy, &supervised(set_capacity(&[("voice", 1)]))).unwrap();
    assert_eq!(
        send(&mut amy, &accepted(reserve("O-2", "C-2", "chat"))),
        Err(AgentRejection::NotRoutable {
            channel: "chat".parse().unwrap(),
            why: Unroutable::NotPermitted,
        })
    );
    assert_eq!(
        send(&mut amy, &accepted(hold("C-1"))),
        Ok(vec![held("C-1")])
    );
    assert_eq!(
        send(&mut amy, &accepted(resume("C-1"))),
        Ok(vec![resumed("C-1")])
    );
    let wrap_up = wrapping("C-1", 30, true);
    assert_eq!(
        send(&mut amy, &accepted(begin("C-1", 30, true))),
        Ok(vec![wrap_up])
    );
}

#[test]
fn wrap_up_that_ends_leaves_the_time_of_another() {
    let events = [
        reserved("O-2", "C-2", "chat"),
        activated("O-2", "C-2"),
        wrapping("C-2", 60, false),
    ];
    let mut amy = folded(&with(writing_up(false), &events));
    let second: ConversationId = "C-2".parse().unwrap();
    let before = amy.standing().slots[&second].clone();
    send(&mut amy, &accepted(complete("C-1", &[]))).unwrap();
    assert_eq!(amy.standing().slots[&second], before);
}
