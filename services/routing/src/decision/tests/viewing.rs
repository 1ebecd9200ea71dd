//! The view of a decision.

use kernel::Parameters;

use super::*;

#[test]
fn view_shows_what_it_was_based_on_and_what_came_of_it() {
    let events = [
        recorded(),
        lost("amy", "NO_CAPACITY"),
        chosen("O-2", "bob"),
        chosen("O-3", "eve"),
    ];
    let expected = json!({
        "decision_id": "D-1", "outcome": "matched",
        "offers": [
            { "offer_id": "O-2", "agent_id": "bob", "at": "1970-01-01T00:16:43Z" },
            { "offer_id": "O-3", "agent_id": "eve", "at": "1970-01-01T00:16:44Z" },
        ],
        "lost": [{ "agent_id": "amy", "code": "NO_CAPACITY", "at": "1970-01-01T00:16:42Z" }],
        "record": record_json(),
        "version": 4, "updated_at": "1970-01-01T00:16:44Z",
    });
    assert_eq!(serde_json::to_value(viewed(&events)).unwrap(), expected);
}

#[test]
fn outcome_is_open_then_matched_or_unmatched() {
    for (events, expected) in [
        (vec![recorded()], "open"),
        (vec![recorded(), lost("amy", "NO_CAPACITY")], "open"),
        (vec![recorded(), nobody_found()], "unmatched"),
        (vec![nobody_found(), chosen("O-1", "amy")], "matched"),
        (vec![chosen("O-1", "amy"), recorded()], "matched"),
    ] {
        let body = serde_json::to_value(viewed(&events)).unwrap();
        assert_eq!(body["outcome"], expected);
        assert_eq!(folded(&events).outcome().to_string(), expected);
    }
}

#[test]
fn view_of_a_match_that_is_ahead_has_no_record() {
    let body = serde_json::to_value(viewed(&[chosen("O-1", "amy")])).unwrap();
    assert_eq!(body["record"], json!(null));
}

fn parameters(asked: &[(&str, &str)]) -> Parameters {
    let owned = asked
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Parameters(owned.collect())
}

#[test]
fn list_is_narrowed_by_conversation_queue_and_chosen_agent() {
    let view = viewed(&[recorded(), chosen("O-2", "bob")]);
    let ahead = viewed(&[chosen("O-2", "bob")]);
    for (asked, shows, shows_ahead) in [
        (&[("conversation", "C-1")][..], true, false),
        (&[("conversation", "C-2")], false, false),
        (&[("queue", "FX-VIP")], true, false),
        (&[("queue", "FX")], false, false),
        (&[("agent", "bob")], true, true),
        (&[("agent", "amy")], false, false),
        (&[("agent", "bob"), ("queue", "FX-VIP")], true, false),
        (&[("agent", "amy"), ("queue", "FX-VIP")], false, false),
    ] {
        let filter = DecisionView::filter(&parameters(asked)).unwrap().unwrap();
        assert_eq!(filter(&view), shows, "{asked:?}");
        assert_eq!(filter(&ahead), shows_ahead, "{asked:?}");
        assert!(!filter(&DecisionView::default()));
    }
}

#[test]
fn list_is_not_narrowed_by_what_it_does_not_know() {
    let asked = parameters(&[("state", "matched")]);
    assert!(DecisionView::filter(&asked).unwrap().is_none());
    let asked = parameters(&[("conversation", "C/1")]);
    assert!(DecisionView::filter(&asked).is_err());
}
