//! Rows ReserveSlot, ActivateSlot and ReleaseSlot, and what silence and a no cost.

use super::*;

#[test]
fn reservation_of_a_match_tells_of_it_in_the_same_append() {
    agent(available())
        .when(accepted(matched("O-1", "C-1")))
        .then_expect_events(vec![
            reserved("O-1", "C-1", "chat"),
            agent_matched("O-1", "C-1"),
        ]);
}

/// Conversations read these, and admit no more.
#[test]
fn match_beyond_what_an_offer_can_be_is_capped() {
    let AgentCommand::ReserveSlot(mut asked) = matched("O-1", "C-1") else {
        unreachable!("a slot is asked for");
    };
    let of = asked.matched.as_mut().unwrap();
    (of.offer_ttl_ms, of.parallel_max) = (NonZeroU32::MAX, NonZeroU8::MAX);
    let AgentEvent::AgentMatched(mut matched_event) = agent_matched("O-1", "C-1") else {
        unreachable!("a match is an event");
    };
    matched_event.ttl_ms = 3_600_000.try_into().unwrap();
    matched_event.parallel_max = 10.try_into().unwrap();
    agent(available())
        .when(accepted(AgentCommand::ReserveSlot(asked)))
        .then_expect_events(vec![
            reserved("O-1", "C-1", "chat"),
            AgentEvent::AgentMatched(matched_event),
        ]);
}

#[test]
fn slot_is_reserved_until_its_time_is_over() {
    agent(available())
        .when(accepted(reserve("O-1", "C-1", "chat")))
        .then_expect_events(vec![reserved("O-1", "C-1", "chat")]);
}

fn not_routable(events: Vec<AgentEvent>, why: Unroutable) {
    let channel = "chat".parse().unwrap();
    agent(events)
        .when(accepted(reserve("O-9", "C-9", "chat")))
        .then_expect_error(AgentRejection::NotRoutable { channel, why });
}

#[test]
fn slot_is_rejected_unless_everything_speaks_for_the_agent() {
    not_routable(vec![], Unroutable::Presence(Presence::Offline));
    not_routable(logged_in(), Unroutable::Presence(Presence::Away));
    not_routable(with(available(), &[lost("S-1")]), Unroutable::NotConnected);
    not_routable(
        with(engaged(), &[next(Some(Presence::Busy))]),
        Unroutable::NextPresence(Presence::Busy),
    );
    not_routable(
        with(available(), &[not_responding()]),
        Unroutable::NotResponding,
    );
    not_routable(with(available(), &[cooling_down()]), Unroutable::Cooldown);
    not_routable(
        with(available(), &[capacity(&[("voice", 1)])]),
        Unroutable::NotPermitted,
    );
    let no_chat = [started("S-2", &["voice"]), lost("S-1")];
    not_routable(with(available(), &no_chat), Unroutable::DeviceNotReady);
}

#[test]
fn slot_is_rejected_when_a_needed_skill_is_short() {
    let level = Level::try_from(50).unwrap();
    let needing = || {
        let mut command = reservation("O-1", "C-1", "chat");
        command.requirements = [("fx".parse().unwrap(), level)].into();
        accepted(AgentCommand::ReserveSlot(command))
    };
    let why = Unroutable::SkillMissing {
        skill: "fx".parse().unwrap(),
        level,
    };
    let channel: Channel = "chat".parse().unwrap();
    let rejection = AgentRejection::NotRoutable { channel, why };
    for known in [skills(&[]), skills(&[("fx", 49)])] {
        agent(with(available(), &[known]))
            .when(needing())
            .then_expect_error(rejection.clone());
    }
    agent(with(available(), &[skills(&[("fx", 50)])]))
        .when(needing())
        .then_expect_events(vec![reserved("O-1", "C-1", "chat")]);
}

#[test]
fn slot_is_rejected_without_capacity() {
    let mut command = reservation("O-2", "C-2", "chat");
    command.cost = 3.try_into().unwrap();
    agent(offered())
        .when(accepted(AgentCommand::ReserveSlot(command)))
        .then_expect_error(AgentRejection::NoCapacity {
            channel: "chat".parse().unwrap(),
            free: 2,
            cost: 3,
        });
}

fn on_voice() -> Vec<AgentEvent> {
    with(
        available(),
        &[reserved("O-1", "C-1", "voice"), activated("O-1", "C-1")],
    )
}

fn overriding(by: &str) -> AgentCommand {
    let mut command = reservation("O-2", "C-2", "voice");
    command.override_by = Some(by.parse().unwrap());
    AgentCommand::ReserveSlot(command)
}

#[test]
fn slot_beyond_the_capacity_names_who_allowed_it() {
    let AgentEvent::SlotReserved(mut expected) = reserved("O-2", "C-2", "voice") else {
        unreachable!("a slot is reserved");
    };
    agent(available())
        .when(supervised(overriding(SUE)))
        .then_expect_events(vec![AgentEvent::SlotReserved(expected.clone())]);
    expected.override_by = Some(SUE.parse().unwrap());
    agent(on_voice())
        .when(supervised(overriding(SUE)))
        .then_expect_events(vec![AgentEvent::SlotReserved(expected)]);
}

#[test]
fn agent_cannot_allow_themselves_a_slot_beyond_the_capacity() {
    agent(on_voice())
        .when(accepted(overriding(AMY)))
        .then_expect_error(AgentRejection::SupervisorRequired {
            what: "a slot beyond the capacity",
        });
}

#[test]
fn same_offer_again_changes_nothing() {
    for events in [offered(), engaged(), writing_up(true)] {
        agent(events)
            .when(accepted(reserve("O-1", "C-1", "chat")))
            .then_expect_events(vec![]);
    }
}

#[test]
fn same_offer_with_other_content_is_rejected() {
    let offer_id: OfferId = "O-1".parse().unwrap();
    for command in [
        reserve("O-1", "C-2", "chat"),
        reserve("O-1", "C-1", "voice"),
    ] {
        let offer_id = offer_id.clone();
        agent(offered())
            .when(accepted(command))
            .then_expect_error(AgentRejection::OfferConflict { offer_id });
    }
}

#[test]
fn second_slot_for_a_conversation_is_rejected() {
    agent(writing_up(true))
        .when(accepted(reserve("O-2", "C-1", "chat")))
        .then_expect_error(AgentRejection::SlotTaken {
            conversation_id: "C-1".parse().unwrap(),
            offer_id: "O-1".parse().unwrap(),
        });
}

#[test]
fn reserved_slot_is_activated_once() {
    agent(offered())
        .when(accepted(activate("O-1")))
        .then_expect_events(vec![activated("O-1", "C-1")]);
    for events in [engaged(), with(engaged(), &[held("C-1")]), writing_up(true)] {
        agent(events)
            .when(accepted(activate("O-1")))
            .then_expect_events(vec![]);
    }
}

#[test]
fn slot_that_is_gone_is_lost() {
    let offer_id = "O-9".parse().unwrap();
    agent(offered())
        .when(accepted(activate("O-9")))
        .then_expect_error(AgentRejection::OfferSlotLost { offer_id });
}

#[test]
fn slot_is_released_by_either_name_and_from_any_phase() {
    let rescinded = ReleaseCause::Rescinded;
    agent(offered())
        .when(accepted(release_offer("O-1", rescinded)))
        .then_expect_events(vec![released("O-1", "C-1", PhaseName::Reserved, rescinded)]);
    let parked = ReleaseCause::Parked;
    agent(with(engaged(), &[held("C-1")]))
        .when(accepted(release("C-1", parked)))
        .then_expect_events(vec![released("O-1", "C-1", PhaseName::Held, parked)]);
    let force = ReleaseCause::Force;
    agent(writing_up(true))
        .when(accepted(release("C-1", force)))
        .then_expect_events(vec![
            auto_completed("C-1"),
            released("O-1", "C-1", PhaseName::WrapUp, force),
        ]);
}

#[test]
fn unknown_slot_is_released_already() {
    for command in [
        release_offer("O-9", ReleaseCause::Expired),
        release("C-9", ReleaseCause::Force),
    ] {
        agent(engaged())
            .when(accepted(command))
            .then_expect_events(vec![]);
    }
}

fn expired(offer: &str, conversation: &str) -> AgentEvent {
    released(
        offer,
        conversation,
        PhaseName::Reserved,
        ReleaseCause::Expired,
    )
}

#[test]
fn one_unanswered_call_suspends_routing() {
    agent(with(available(), &[reserved("O-1", "C-1", "voice")]))
        .when(accepted(release_offer("O-1", ReleaseCause::Expired)))
        .then_expect_events(vec![expired("O-1", "C-1"), not_responding()]);
}

#[test]
fn two_unanswered_chats_in_a_row_suspend_routing() {
    agent(offered())
        .when(accepted(release_offer("O-1", ReleaseCause::Expired)))
        .then_expect_events(vec![expired("O-1", "C-1")]);
    let events = [expired("O-1", "C-1"), reserved("O-2", "C-2", "chat")];
    agent(with(offered(), &events))
        .when(accepted(release_offer("O-2", ReleaseCause::Expired)))
        .then_expect_events(vec![expired("O-2", "C-2"), not_responding()]);
}

#[test]
fn accepted_offer_resets_the_count() {
    let events = [
        expired("O-1", "C-1"),
        reserved("O-2", "C-2", "chat"),
        activated("O-2", "C-2"),
        reserved("O-3", "C-3", "chat"),
    ];
    agent(with(offered(), &events))
        .when(accepted(release_offer("O-3", ReleaseCause::Expired)))
        .then_expect_events(vec![expired("O-3", "C-3")]);
}

#[test]
fn rejected_offer_calls_for_a_pause_and_counts_for_nothing() {
    let rejected = ReleaseCause::Rejected;
    let events = with(available(), &[reserved("O-1", "C-1", "voice")]);
    agent(events)
        .when(accepted(release_offer("O-1", rejected)))
        .then_expect_events(vec![
            released("O-1", "C-1", PhaseName::Reserved, rejected),
            cooling_down(),
        ]);
}

#[test]
fn rejected_offer_does_not_soften_not_responding() {
    let rejected = ReleaseCause::Rejected;
    agent(with(offered(), &[not_responding()]))
        .when(accepted(release_offer("O-1", rejected)))
        .then_expect_events(vec![released("O-1", "C-1", PhaseName::Reserved, rejected)]);
}

#[test]
fn offer_that_ends_without_the_agent_costs_nothing() {
    for cause in [
        ReleaseCause::Rescinded,
        ReleaseCause::Canceled,
        ReleaseCause::Failed,
        ReleaseCause::Force,
    ] {
        agent(with(available(), &[reserved("O-1", "C-1", "voice")]))
            .when(accepted(release_offer("O-1", cause)))
            .then_expect_events(vec![released("O-1", "C-1", PhaseName::Reserved, cause)]);
    }
}
