//! What is set, when it is due, and what late ones do.

use kernel::context::TimerRequest;

use super::*;

/// The timers of the latest command's events, as `name` or `-name`, with their due time.
fn timers_of(story: &Story, events: usize) -> Vec<(String, Option<Timestamp>, Option<C>)> {
    let mut conversation = Conversation::default();
    let mut timers = Vec::new();
    let first = story.log.len() - events;
    for (index, event) in story.log.iter().enumerate() {
        conversation.apply(event.clone());
        if index >= first {
            timers.extend(conversation.timers(event));
        }
    }
    let outline = |timer| match timer {
        TimerRequest::Set { name, due, command } => (name.into_owned(), Some(due), Some(command)),
        TimerRequest::Cancel { name } => (format!("-{name}"), None, None),
    };
    timers.into_iter().map(outline).collect()
}

#[test]
fn offer_has_its_expiry() {
    let command = command("ExpireOffer", of_offer(1));
    let expected = ("offer/O-1".to_owned(), Some(time(22)), Some(command));
    assert_eq!(timers_of(&offered(), 1), [expected]);
}

#[test]
fn accepting_offer_has_ten_seconds() {
    let fail = command(
        "FailOffer",
        json!({ "offer_id": "O-1", "cause": "setup_timeout" }),
    );
    let expected = [
        ("-offer/O-1".to_owned(), None, None),
        ("setup/O-1".to_owned(), Some(time(13)), Some(fail.clone())),
    ];
    assert_eq!(timers_of(&accepting(), 1), expected);
    let mut late = active();
    assert_eq!(late.send(fail), Ok(vec![]));
}

#[test]
fn waiting_has_its_limit_until_it_is_answered() {
    let enqueue = json!({ "queue": "fx", "ttl_ms": 60_000 });
    let story = created().when("Enqueue", enqueue, &["Queued"]);
    let expire = command("Expire", json!({ "seq": 1 }));
    let expected = ("ttl".to_owned(), Some(time(61)), Some(expire));
    assert_eq!(timers_of(&story, 1), [expected]);
    let take = json!({ "agent_id": "A-1", "offer_id": "O-1", "decision_id": "D-1" });
    let taken = ["ManuallyTaken", "Offered", "OfferAccepting"];
    let connected = ["OfferAccepted", "Connected"];
    let story = story.when("TakeManually", take, &taken);
    let story = story.when("ConnectOffer", json!({ "offer_id": "O-1" }), &connected);
    assert_eq!(timers_of(&story, 1), [("-ttl".to_owned(), None, None)]);
}

#[test]
fn promised_answer_has_its_time_until_it_is_given() {
    let enqueue = json!({ "queue": "fx", "answer_within_ms": 30_000 });
    let mut story = created().when("Enqueue", enqueue, &["Queued"]);
    let overdue = command("MarkOverdue", json!({ "seq": 1 }));
    let expected = ("overdue".to_owned(), Some(time(31)), Some(overdue.clone()));
    assert_eq!(timers_of(&story, 1), [expected]);
    let answered = |story: Story| {
        let take = json!({ "agent_id": "A-1", "offer_id": "O-1", "decision_id": "D-1" });
        let taken = ["ManuallyTaken", "Offered", "OfferAccepting"];
        let connected = ["OfferAccepted", "Connected"];
        let story = story.when("TakeManually", take, &taken);
        story.when("ConnectOffer", json!({ "offer_id": "O-1" }), &connected)
    };
    let in_time = [("-overdue".to_owned(), None, None)];
    assert_eq!(timers_of(&answered(story.clone()), 1), in_time);
    story.send(overdue).unwrap();
    assert_eq!(timers_of(&answered(story), 1), []);
}

#[test]
fn parked_and_called_back_it_wakes_at_its_time() {
    for story in [parked(), callback()] {
        let version = story.conversation.version();
        let unpark = command("Unpark", json!({ "parked_version": version }));
        let expected = ("park".to_owned(), Some(time(3_600)), Some(unpark.clone()));
        assert_eq!(timers_of(&story, 1), [expected]);
        let mut late = story;
        assert!(!late.send(unpark.clone()).unwrap().is_empty());
        assert_eq!(late.send(unpark), Ok(vec![]));
    }
}

#[test]
fn wrap_up_has_a_last_deadline() {
    let story = wrapping_up();
    let version = story.conversation.version();
    let expire = command(
        "ExpireWrapUp",
        json!({ "agent_id": "A-1", "wrap_up_version": version }),
    );
    let expected = ("wrap_up".to_owned(), Some(time(920)), Some(expire.clone()));
    assert_eq!(timers_of(&story, 1), [expected]);
    let mut late = closed();
    assert_eq!(late.send(expire), Ok(vec![]));
}

#[test]
fn customer_who_goes_leaves_no_timer_behind() {
    let gone = |name: &str, event: &str| {
        let story = parked().when(name, json!({}), &[event]);
        timers_of(&story, 1)
    };
    let unparked = [("-park".to_owned(), None, None)];
    assert_eq!(gone("CustomerLeft", "Abandoned"), unparked);
    assert_eq!(gone("Cancel", "Cancelled"), unparked);
    let asked = ["OfferCanceled", "CallbackRequested"];
    let story = offered().when("RequestCallback", request_callback(), &asked);
    let version = story.conversation.version();
    let unpark = command("Unpark", json!({ "parked_version": version }));
    let expected = [
        ("-offer/O-1".to_owned(), None, None),
        ("-setup/O-1".to_owned(), None, None),
        ("park".to_owned(), Some(time(3_600)), Some(unpark)),
    ];
    assert_eq!(timers_of(&story, 2), expected);
}
