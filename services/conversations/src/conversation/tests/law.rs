//! What holds after every event of any sequence of commands.

use std::collections::{BTreeMap, BTreeSet};

use kernel::View;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::viewing::{meta, viewed};
use super::*;

/// Few ids, so that repeats, races and late comers are common.
fn any_command() -> impl Strategy<Value = C> {
    let n = || 1u32..4;
    let bare = select(vec![
        "RouteToBot",
        "CustomerLeft",
        "Contain",
        "Cancel",
        "Hold",
        "Resume",
        "Park",
        "Unpark",
        "Conference",
        "EndConsult",
        "CompleteTransfer",
        "Reopen",
    ]);
    let of_agent = select(vec!["LoseAgent", "ExpireWrapUp"]);
    let on_offer = select(vec![
        "AcceptOffer",
        "AcceptOffer",
        "ConnectOffer",
        "ConnectOffer",
        "ExpireOffer",
    ]);
    let ending = prop_oneof![
        4 => bare.prop_map(|name| command(name, json!({}))),
        2 => (of_agent, n()).prop_map(|(name, n)| command(name, json!({ "agent_id": format!("A-{n}") }))),
        1 => (n(), any::<bool>()).prop_map(|(n, coded)| {
            let codes = if coded { json!(["traded"]) } else { json!([]) };
            command("CompleteWrapUp", json!({ "agent_id": format!("A-{n}"), "codes": codes }))
        }),
        2 => select(vec![0, 60]).prop_map(|s| command("End", json!({ "by": "agent", "wrap_up_s": s }))),
        1 => Just(command("ForceRequeue", json!({ "queue": "fx", "reason": "stuck" }))),
        1 => select(vec!["ForceClose", "FailTransfer"])
            .prop_map(|name| command(name, json!({ "reason": "stuck" }))),
        1 => Just(command("Merge", json!({ "into": "C-2" }))),
        1 => Just(command("End", json!({ "by": "customer" }))),
    ];
    let waiting = prop_oneof![
        3 => Just(command("Enqueue", enqueue())),
        1 => Just(command("Handoff", json!({ "reason": "r", "summary": "s", "queue": "fx" }))),
        1 => Just(command("Reprioritise", json!({ "priority": 9 }))),
        1 => Just(command("Relax", json!({ "ring": 1, "dropped": ["lang:de"] }))),
        1 => Just(command("Overflow", json!({ "queue": "fx-2" }))),
        1 => (1u32..4, n()).prop_map(|(o, n)| command("TakeManually", json!({
            "agent_id": format!("A-{n}"), "offer_id": format!("O-{o}"), "decision_id": "D-1",
        }))),
        1 => (select(vec!["Expire", "MarkOverdue"]), 1u64..4)
            .prop_map(|(name, seq)| command(name, json!({ "seq": seq }))),
        2 => (60i64..62).prop_map(|at| command("RequestCallback", json!({
            "callback_at": time(at), "number": "+41",
        }))),
        1 => (1u32..4, n()).prop_map(|(o, n)| command("Consult", json!({
            "target": format!("A-{n}"), "offer_id": format!("O-{o}"),
        }))),
        2 => Just(command("TransferCold", json!({ "queue": "rates" }))),
    ];
    let offering = prop_oneof![
        8 => (1u32..4, n(), 1u32..4).prop_map(|(o, a, k)| command("MarkOffered", offer(o, a, k))),
        4 => (1u32..4, n(), 1u32..4).prop_map(|(o, a, k)| command("OfferMatch", offer(o, a, k))),
        8 => (on_offer, 1u32..4).prop_map(|(name, o)| command(name, of_offer(o))),
        1 => (1u32..4).prop_map(|o| {
            command("RejectOffer", json!({ "offer_id": format!("O-{o}"), "reason": "busy" }))
        }),
        1 => (select(vec!["agent_unavailable", "supervisor"]), 1u32..4).prop_map(|(cause, o)| {
            command("RescindOffer", json!({ "offer_id": format!("O-{o}"), "cause": cause }))
        }),
        1 => (1u32..4).prop_map(|o| {
            command("FailOffer", json!({ "offer_id": format!("O-{o}"), "cause": "setup_failed" }))
        }),
    ];
    let said = prop_oneof![
        2 => n().prop_map(|n| command("ReceiveMessage", inbound(&format!("m{n}"), "hi"))),
        1 => select(vec![vec!["C-0"], vec!["C-1", "C-2"]])
            .prop_map(|trail| command("ReceiveCarried", carried(&trail, carried_message()))),
        1 => n().prop_map(|n| command("SendMessage", outbound(&format!("s{n}"), &["acme"]))),
        1 => n().prop_map(|n| command("MarkSent", sent(&format!("s{n}"), 1, &format!("p{n}")))),
        1 => (n(), select(vec!["FAILED", "READ"])).prop_map(|(n, status)| {
            command("RecordReceipt", receipt(&format!("p{n}"), 1, "acme", status, 120))
        }),
        1 => n().prop_map(|n| {
            command("RetryMessage", json!({ "client_message_id": format!("s{n}"), "attempt": 1 }))
        }),
    ];
    prop_oneof![5 => offering, 4 => ending, 4 => waiting, 2 => said]
}

/// The way to most states: as far along it as chance has it, and one step aside.
fn beginning() -> impl Strategy<Value = Vec<C>> {
    let way = [
        command("Create", opening()),
        command("Enqueue", enqueue()),
        command("MarkOffered", offer(1, 1, 2)),
        command("MarkOffered", offer(2, 2, 2)),
        command("AcceptOffer", of_offer(1)),
        command("ConnectOffer", of_offer(1)),
        command("SendMessage", outbound("s1", &["acme"])),
        command("MarkSent", sent("s1", 1, "p1")),
    ];
    let aside = select(vec![
        command("Create", opening()),
        command("RouteToBot", json!({})),
        command("Hold", json!({})),
        command("Consult", json!({ "target": "A-2", "offer_id": "O-9" })),
        command("Park", json!({})),
        command("End", json!({ "by": "agent", "wrap_up_s": 60 })),
        command("End", json!({ "by": "customer" })),
    ]);
    (1..=way.len(), aside).prop_map(move |(steps, aside)| {
        let mut begun = way[..steps].to_vec();
        begun.push(aside);
        begun
    })
}

/// Clocks go back now and then.
fn commands() -> impl Strategy<Value = Vec<(i64, C)>> {
    let rest = prop::collection::vec(any_command(), 0..10);
    let steps = prop::collection::vec(-3i64..60, 20);
    (beginning(), rest, steps).prop_map(|(begun, rest, steps)| {
        let commands = begun.into_iter().chain(rest);
        steps.into_iter().zip(commands).collect()
    })
}

const TERMINAL: &[&str] = &[
    "LeftBeforeQueue",
    "ResolvedByBot",
    "Abandoned",
    "Expired",
    "Cancelled",
    "Disposed",
    "WrapUpTimedOut",
    "ForceClosed",
    "Merged",
];

/// Actions of customers, accepted in every state.
const CUSTOMERS: &[&str] = &[
    "CustomerLeft",
    "Cancel",
    "RequestCallback",
    "ReceiveMessage",
    "ReceiveCarried",
];

/// The offers whose outcome is open and the owners, derived from the log alone.
#[derive(Default)]
struct Oracle {
    live: BTreeMap<String, bool>,
    terminal: u32,
    episode: u32,
    clock: Timestamp,
    place: Option<Value>,
}

impl Oracle {
    fn see(&mut self, event: &E) -> Result<(), TestCaseError> {
        let data = serde_json::to_value(event).unwrap()["data"].clone();
        let name = event.name();
        let offer = data["offer_id"].as_str().unwrap_or_default().to_owned();
        match name {
            "Offered" => prop_assert!(self.live.insert(offer, false).is_none()),
            "OfferAccepting" => {
                prop_assert!(!self.live.values().any(|accepting| *accepting));
                prop_assert_eq!(self.live.insert(offer, true), Some(false));
            }
            "OfferAccepted" | "OfferFailed" => {
                prop_assert_eq!(self.live.remove(&offer), Some(true), "{}", name);
            }
            "OfferRejected" | "OfferExpired" | "OfferRescinded" => {
                prop_assert_eq!(self.live.remove(&offer), Some(false), "{}", name);
            }
            "OfferCanceled" => prop_assert!(self.live.remove(&offer).is_some()),
            "Reopened" => {
                prop_assert_eq!(self.terminal, 1);
                self.terminal = 0;
                self.episode = u32::try_from(data["episode"].as_u64().unwrap()).unwrap();
            }
            "Queued" => {
                prop_assert!(data["cause"].is_string());
                self.place = Some(json!([data["enqueued_at"], data["seq"]]));
            }
            _ => {}
        }
        if TERMINAL.contains(&name) || (name == "Ended" && data["wrap_up_s"] == 0) {
            self.terminal += 1;
        }
        // C5: the times of one stream never go back.
        prop_assert!(event.at() >= self.clock);
        self.clock = event.at();
        Ok(())
    }

    fn check(&self, conversation: &Conversation) -> Result<(), TestCaseError> {
        let (state, stage) = (conversation.state(), &conversation.stage);
        // C1 and C2: one owner, exactly while an agent answers for it.
        let has_owner = matches!(state, State::Active | State::WrapUp);
        prop_assert_eq!(stage.owner().is_some(), has_owner, "C2 in {}", state);
        prop_assert!(stage.owner().is_none() || stage.owner() != stage.participant());
        // C3: live offers exactly while offered, and those that the log knows.
        prop_assert_eq!(
            !self.live.is_empty(),
            state == State::Offered,
            "C3 in {}",
            state
        );
        let live = stage.live_offers().iter();
        let live: BTreeMap<_, _> = live
            .map(|offer| (offer.offer_id.to_string(), offer.accepting))
            .collect();
        prop_assert_eq!(&live, &self.live);
        // C4: the place is that of the latest `Queued`.
        if let Some(place) = stage.place() {
            prop_assert_eq!(
                Some(json!([place.enqueued_at, place.seq])),
                self.place.clone()
            );
        }
        // C7: one end per episode.
        prop_assert_eq!(
            self.terminal,
            u32::from(state == State::Closed),
            "C7 in {}",
            state
        );
        if self.episode > 0 {
            prop_assert_eq!(conversation.episode, self.episode);
        }
        Ok(())
    }
}

/// The view agrees with the state, and a closed episode gets no more handle time (C6).
fn check_view(
    view: &ConversationView,
    before: &mut Option<Value>,
    conversation: &Conversation,
) -> Result<(), TestCaseError> {
    let shown = view.0.as_ref().unwrap();
    prop_assert_eq!(shown.state, conversation.state());
    prop_assert_eq!(&shown.owner, &conversation.stage.owner().cloned());
    prop_assert_eq!(shown.offers.len(), conversation.stage.live_offers().len());
    prop_assert_eq!(shown.participants.first(), conversation.stage.participant());
    prop_assert_eq!(shown.episode, conversation.episode);
    let pending = conversation.follow_up.as_ref();
    prop_assert_eq!(
        shown.follow_up.as_ref(),
        pending.map(|pending| &pending.follow_up)
    );
    let handled = json!([
        shown.clocks.talk_ms,
        shown.clocks.hold_ms,
        shown.clocks.wrap_up_ms
    ]);
    if shown.state == State::Closed {
        prop_assert_eq!(before.get_or_insert(handled.clone()), &handled, "C6");
    } else {
        *before = None;
    }
    Ok(())
}

fn again<T: serde::Serialize + DeserializeOwned>(value: &T) -> T {
    serde_json::from_slice(&serde_json::to_vec(value).unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn every_invariant_holds_after_every_event(commands in commands()) {
        let (mut story, mut oracle, mut handled) = (Story::default(), Oracle::default(), None);
        let (mut replay, mut view) = (Conversation::default(), ConversationView::default());
        let mut second = 0;
        for (step, command) in commands {
            second += step;
            story.second = second;
            let before = story.conversation.clone();
            let is_customers = CUSTOMERS.contains(&command.name());
            let Ok(events) = story.send(command) else {
                prop_assert!(!is_customers || before.state() == State::Absent);
                prop_assert_eq!(&before, &story.conversation);
                continue;
            };
            for event in &events {
                let event = again(event);
                oracle.see(&event)?;
                view.update(&meta(replay.version() + 1), &event);
                replay.apply(event);
                oracle.check(&replay)?;
                check_view(&view, &mut handled, &replay)?;
            }
            prop_assert_eq!(&replay, &story.conversation);
            replay = again(&replay);
            prop_assert_eq!(&replay, &story.conversation);
        }
        prop_assert_eq!(again(&view), viewed(&story.log));
    }
}

/// A law about states that are never reached proves nothing.
#[test]
fn generated_commands_reach_nearly_every_event() {
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..3_000 {
        let mut story = Story::default();
        for (_, command) in commands().new_tree(&mut runner).unwrap().current() {
            drop(story.send(command));
        }
        seen.extend(story.log.iter().map(E::name));
    }
    assert!(seen.len() >= 49, "{seen:?}");
}
