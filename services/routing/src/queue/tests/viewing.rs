//! The view of a queue.

use kernel::Parameters;
use serde_json::json;

use super::*;

#[test]
fn view_shows_how_it_is_served_and_that_it_starves() {
    let settings = settings(json!({ "strategy": "least_loaded" }));
    let view = viewed(&[configured(settings.clone()), starved(after(2), "C-1")]);
    let expected = json!({
        "queue_id": "FX-VIP", "settings": settings,
        "starved": {
            "since": "1970-01-01T00:16:42Z", "conversation_id": "C-1", "waiting": 3,
            "agents": { "presence": 2, "not_responding": 1 },
        },
        "version": 2, "updated_at": "1970-01-01T00:16:42Z",
    });
    assert_eq!(serde_json::to_value(view).unwrap(), expected);
}

#[test]
fn view_of_a_queue_that_was_never_configured_shows_the_defaults() {
    let view = viewed(&[starved(after(1), "C-1")]).0.unwrap();
    assert_eq!(view.settings, QueueSettings::default());
}

#[test]
fn view_of_a_queue_that_is_served_shows_no_starvation() {
    let view = viewed(&[starved(after(1), "C-1"), served("amy", 1_000)]);
    let body = serde_json::to_value(view).unwrap();
    assert_eq!(body["starved"], json!(null));
    assert_eq!(body["version"], 2);
}

#[test]
fn list_is_narrowed_to_queues_that_starve_or_do_not() {
    let starves = viewed(&[starved(after(1), "C-1")]);
    let is_served = viewed(&[starved(after(1), "C-1"), served("amy", 1_000)]);
    for (asked, of_starving, of_served) in [("true", true, false), ("false", false, true)] {
        let parameters = Parameters(vec![("starved".to_owned(), asked.to_owned())]);
        let filter = QueueView::filter(&parameters).unwrap().unwrap();
        assert_eq!(filter(&starves), of_starving);
        assert_eq!(filter(&is_served), of_served);
    }
    assert!(QueueView::filter(&Parameters::default()).unwrap().is_none());
    let parameters = Parameters(vec![("starved".to_owned(), "yes".to_owned())]);
    let bad = QueueView::filter(&parameters).err().unwrap();
    assert_eq!(bad.to_string(), "starved: neither true nor false");
}
