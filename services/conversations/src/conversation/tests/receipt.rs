//! Receipts come in any order, twice, and early: one result.

use proptest::prelude::*;

use super::*;

fn receipts() -> impl Strategy<Value = Vec<Value>> {
    let status = prop::sample::select(vec!["SENDING", "SENT", "FAILED", "DELIVERED", "READ"]);
    let recipient = prop::sample::select(vec!["acme", "boss"]);
    let attempt = prop_oneof![5 => Just(1u32), 1 => Just(2)];
    let one = (attempt, recipient, status, 90i64..130)
        .prop_map(|(attempt, to, status, second)| receipt("p1", attempt, to, status, second));
    prop::collection::vec(one, 0..8)
}

/// Two orders of the same receipts and of the sending, the second with some of them twice.
fn orders() -> impl Strategy<Value = (Vec<Option<Value>>, Vec<Option<Value>>)> {
    receipts().prop_flat_map(|receipts| {
        let all: Vec<_> = receipts.into_iter().map(Some).chain([None]).collect();
        let repeated = prop::sample::subsequence(all.clone(), 0..=all.len());
        let doubled = repeated.prop_map({
            let all = all.clone();
            move |some| [all.clone(), some].concat()
        });
        (Just(all).prop_shuffle(), doubled.prop_shuffle())
    })
}

/// `None` stands for the report that the message was sent.
fn reported(order: Vec<Option<Value>>) -> Story {
    let mut story = active();
    let message = outbound("s1", &["acme", "boss"]);
    story.send(command("SendMessage", message)).unwrap();
    for said in order {
        let command = match said {
            Some(receipt) => command("RecordReceipt", receipt),
            None => command("MarkSent", sent("s1", 1, "p1")),
        };
        story.send(command).unwrap();
    }
    story
}

fn status(story: &Story) -> Value {
    let last = story.data("MessageStatusChanged");
    last["status"].clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_order_of_receipts_with_repeats_gives_one_result((once, twice) in orders()) {
        let (left, right) = (reported(once), reported(twice));
        let kept = |story: &Story| {
            let kept = serde_json::to_value(&story.conversation).unwrap();
            kept["messages"]["outbound"].clone()
        };
        prop_assert_eq!(kept(&left), kept(&right));
        prop_assert_eq!(status(&left), status(&right));
    }
}
