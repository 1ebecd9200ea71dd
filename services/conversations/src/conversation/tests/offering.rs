//! Rows of the table about offers.

use super::*;

#[track_caller]
fn assert_old_place(story: &Story) {
    let requeued = story.data("Requeued");
    assert_eq!(requeued["enqueued_at"], json!(time(1)));
    assert_eq!(requeued["seq"], 1);
    assert_eq!(requeued["new_wait_clock"], false);
    let place = story.conversation.stage.place().unwrap();
    assert_eq!((place.enqueued_at, place.seq), (time(1), 1));
}

#[test]
fn marked_offer_is_offered_until_its_time() {
    let story = offered().is(State::Offered);
    assert_eq!(story.data("Offered")["expires_at"], json!(time(22)));
    assert_eq!(story.data("Offered")["decision_id"], "D-1");
}

#[test]
fn same_offer_marked_again_is_a_retry_at_any_time() {
    offered().when("MarkOffered", offer(1, 1, 1), &[]);
    active().when("MarkOffered", offer(1, 1, 1), &[]);
    closed().when("MarkOffered", offer(1, 1, 1), &[]);
}

#[test]
fn match_is_offered_like_an_offer_by_hand() {
    queued()
        .when("OfferMatch", offer(1, 1, 1), &["Offered"])
        .when("OfferMatch", offer(1, 1, 1), &[])
        .is(State::Offered);
}

#[test]
fn match_that_comes_too_late_or_second_is_refused_by_an_event() {
    for story in [
        offered(),
        accepting(),
        active(),
        parked(),
        wrapping_up(),
        closed(),
    ] {
        let state = story.conversation.state();
        let story = story
            .when("OfferMatch", offer(9, 9, 1), &["MatchRefused"])
            .is(state);
        let refused = story.data("MatchRefused");
        assert_eq!(refused["state"], json!(state));
        assert_eq!(
            (&refused["offer_id"], &refused["agent_id"]),
            (&json!("O-9"), &json!("A-9"))
        );
    }
}

#[test]
fn offer_beyond_those_allowed_or_to_the_same_agent_is_refused() {
    two_offered()
        .invalid("MarkOffered", offer(3, 3, 2))
        .invalid("MarkOffered", offer(3, 2, 3))
        .invalid("MarkOffered", offer(2, 3, 3));
    accepting().invalid("MarkOffered", offer(2, 2, 2));
}

#[test]
fn accepted_offer_connects_when_the_slot_is_active() {
    let story = accepting()
        .is(State::Offered)
        .at(11)
        .when("ConnectOffer", of_offer(1), &["OfferAccepted", "Connected"])
        .is(State::Active);
    let connected = story.data("Connected");
    assert_eq!(
        (&connected["agent_id"], &connected["wait_ms"]),
        (&json!("A-1"), &json!(10_000))
    );
}

#[test]
fn each_outcome_of_the_last_offer_requeues_at_the_old_place() {
    let cases: [(Story, &str, Value, &str); 4] = [
        (
            offered(),
            "RejectOffer",
            json!({ "offer_id": "O-1", "reason": "busy" }),
            "OfferRejected",
        ),
        (offered(), "ExpireOffer", of_offer(1), "OfferExpired"),
        (
            offered(),
            "RescindOffer",
            json!({ "offer_id": "O-1", "cause": "agent_unavailable" }),
            "OfferRescinded",
        ),
        (
            accepting(),
            "FailOffer",
            json!({ "offer_id": "O-1", "cause": "setup_timeout" }),
            "OfferFailed",
        ),
    ];
    for (story, name, data, event) in cases {
        let story = story
            .at(20)
            .when(name, data, &[event, "Requeued"])
            .is(State::Queued);
        assert_eq!(story.data(event)["agent_id"], "A-1");
        assert_old_place(&story);
    }
}

#[test]
fn one_of_two_offers_may_end_without_a_requeue() {
    two_offered()
        .when("ExpireOffer", of_offer(1), &["OfferExpired"])
        .is(State::Offered)
        .when("ExpireOffer", of_offer(2), &["OfferExpired", "Requeued"])
        .is(State::Queued);
}

#[test]
fn repeats_of_an_agent_are_harmless_and_the_rest_is_stale() {
    let reject = json!({ "offer_id": "O-1", "reason": "busy" });
    let stale = ConversationRejection::STALE_OFFER;
    accepting()
        .when("AcceptOffer", of_offer(1), &[])
        .invalid("RejectOffer", reject.clone());
    active()
        .when("AcceptOffer", of_offer(1), &[])
        .refused("RejectOffer", reject.clone(), stale);
    offered()
        .when(
            "RejectOffer",
            reject.clone(),
            &["OfferRejected", "Requeued"],
        )
        .when("RejectOffer", reject, &[])
        .refused("AcceptOffer", of_offer(1), stale)
        .refused("AcceptOffer", of_offer(9), stale);
}

#[test]
fn process_manager_that_comes_late_changes_nothing() {
    let stories = [
        active(),
        closed(),
        two_offered().when(
            "RescindOffer",
            json!({ "offer_id": "O-1", "cause": "superseded" }),
            &["OfferRescinded"],
        ),
    ];
    for story in stories {
        story
            .when(
                "RescindOffer",
                json!({ "offer_id": "O-1", "cause": "supervisor" }),
                &[],
            )
            .when(
                "FailOffer",
                json!({ "offer_id": "O-1", "cause": "setup_failed" }),
                &[],
            )
            .when("ConnectOffer", of_offer(1), &[])
            .when("ExpireOffer", of_offer(1), &[]);
    }
}

#[test]
fn pending_offer_neither_connects_nor_fails() {
    offered().invalid("ConnectOffer", of_offer(1)).invalid(
        "FailOffer",
        json!({ "offer_id": "O-1", "cause": "setup_failed" }),
    );
}

#[test]
fn accepting_offer_is_not_rescinded_by_a_supervisor() {
    accepting().invalid(
        "RescindOffer",
        json!({ "offer_id": "O-1", "cause": "supervisor" }),
    );
}

/// Offered a thousand times in vain.
fn searched_out() -> Story {
    let mut story = queued();
    for n in 1..=1_000 {
        story.send(command("MarkOffered", offer(n, 1, 1))).unwrap();
        story.send(command("ExpireOffer", of_offer(n))).unwrap();
    }
    story
}

#[test]
fn match_beyond_the_thousandth_offer_ends_the_search() {
    let ended = ["MatchRefused", "Expired"];
    let story = searched_out().when("OfferMatch", offer(1_001, 1, 1), &ended);
    assert_eq!(story.close_reason(), Some(CloseReason::Expired));
}

#[test]
fn thousandth_offer_of_an_episode_is_the_last() {
    searched_out()
        .refused(
            "MarkOffered",
            offer(1_001, 1, 1),
            ConversationRejection::OFFER_LIMIT,
        )
        .is(State::Queued);
}
