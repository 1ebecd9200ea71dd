//! What every store of parked calls does, whatever it is made of.

use std::sync::Arc;

use bytes::Bytes;
use kernel::Timestamp;
use kernel::effect::{Call, IdempotencyKey};
use kernel::id::{Actor, CommandId};
use kernel::port::CallState::{Discarded, Done, Parked, Waiting};
use kernel::port::{CallPlace, CallReason, CallState, EffectPartition, ParkedCall, ParkedCalls};
use uuid::Uuid;

use super::{CONTEXTS, partition_id};

/// Effects of the suite.
const EFFECTS: [&str; 2] = ["offers-to-mail", "trades-to-risk"];

const AT: EffectPartition = PARKED_AT;

/// Where the suite parks calls.
pub const PARKED_AT: EffectPartition = EffectPartition {
    effect: EFFECTS[0],
    partition_id: partition_id(1),
};

/// A call that was given up, of the key `demo/a`.
#[must_use]
pub fn parked_call(log_position: u64) -> ParkedCall {
    call(log_position, 0, "a", Parked)
}

/// Runs the suite. Each call of `make` gives an empty store.
///
/// # Panics
/// The store breaks the contract of its port.
pub async fn parked_calls<S: ParkedCalls>(make: impl AsyncFn() -> S) {
    call_comes_back_as_it_was_parked(&make().await).await;
    list_pages_through_the_calls_in_the_order_of_their_places(&make().await).await;
    calls_of_other_effects_and_partitions_are_apart(&make().await).await;
    keys_are_held_while_a_call_is_open(&make().await).await;
    call_is_ready_when_none_of_its_key_is_open_before_it(&make().await).await;
    waiting_call_becomes_what_is_said_of_it_and_others_stay(&make().await).await;
    mark_moves_a_call_only_from_the_state_it_is_in(&make().await).await;
}

async fn call_comes_back_as_it_was_parked<S: ParkedCalls>(store: &S) {
    let mut parked = Vec::new();
    for (n, reason) in (0..).zip(CallReason::ALL) {
        parked.push(ParkedCall {
            reason,
            ..call(7, n, "a", Parked)
        });
    }
    parked.push(ParkedCall {
        call: None,
        detail: String::new(),
        tries: 0,
        ..call(u64::from(u32::MAX), u32::MAX >> 1, "a", Waiting)
    });
    store.park(AT, &parked).await.expect("parked");
    assert_eq!(list(store, AT, None, 100).await, parked);
    store.park(AT, &[]).await.expect("nothing to park");
}

async fn list_pages_through_the_calls_in_the_order_of_their_places<S: ParkedCalls>(store: &S) {
    let places = [(3, 0), (3, 1), (9, 0), (12, 5)];
    // Parked in another order.
    for (log_position, n) in [places[2], places[0], places[3], places[1]] {
        park(store, AT, &[call(log_position, n, "a", Waiting)]).await;
    }
    let found = async |after, max| -> Vec<(u64, u32)> {
        let page = list(store, AT, after, max).await;
        let places = page.iter().map(|call| call.place);
        places.map(|place| (place.log_position, place.n)).collect()
    };
    assert_eq!(found(None, 9).await, places);
    assert_eq!(found(None, 2).await, places[..2]);
    assert_eq!(found(Some(place(3, 0)), 2).await, places[1..3]);
    assert_eq!(found(Some(place(3, u32::MAX)), 9).await, places[2..]);
    assert_eq!(found(Some(place(12, 5)), 9).await, []);
}

async fn calls_of_other_effects_and_partitions_are_apart<S: ParkedCalls>(store: &S) {
    let others = [
        EffectPartition {
            effect: EFFECTS[1],
            ..AT
        },
        EffectPartition {
            partition_id: partition_id(0),
            ..AT
        },
        EffectPartition {
            partition_id: kernel::topic::PartitionId {
                context: CONTEXTS[1],
                ..AT.partition_id
            },
            ..AT
        },
    ];
    park(store, AT, &[call(1, 0, "a", Waiting)]).await;
    for other in others {
        assert_eq!(list(store, other, None, 9).await, []);
        assert_eq!(held(store, other).await, Vec::<String>::new());
        assert_eq!(ready(store, other, 9).await, []);
        assert!(!mark(store, other, place(1, 0), Waiting, Done).await);
        // The same place is another call there.
        park(store, other, &[call(1, 0, "b", Parked)]).await;
        assert_eq!(held(store, other).await, ["demo/b"]);
    }
    assert_eq!(held(store, AT).await, ["demo/a"]);
    assert_eq!(list(store, AT, None, 9).await, [call(1, 0, "a", Waiting)]);
}

async fn keys_are_held_while_a_call_is_open<S: ParkedCalls>(store: &S) {
    let calls = [
        call(1, 0, "a", Parked),
        call(2, 0, "a", Waiting),
        call(3, 0, "b", Waiting),
        call(4, 0, "c", Parked),
    ];
    park(store, AT, &calls).await;
    assert_eq!(held(store, AT).await, ["demo/a", "demo/b", "demo/c"]);
    assert!(mark(store, AT, place(3, 0), Waiting, Done).await);
    assert!(mark(store, AT, place(4, 0), Parked, Discarded).await);
    assert!(mark(store, AT, place(1, 0), Parked, Waiting).await);
    assert!(mark(store, AT, place(1, 0), Waiting, Done).await);
    assert_eq!(held(store, AT).await, ["demo/a"], "one is still open");
    assert!(mark(store, AT, place(2, 0), Waiting, Done).await);
    assert_eq!(held(store, AT).await, Vec::<String>::new());
}

async fn call_is_ready_when_none_of_its_key_is_open_before_it<S: ParkedCalls>(store: &S) {
    let calls = [
        call(1, 0, "a", Parked),
        call(2, 0, "a", Waiting),
        call(2, 1, "a", Waiting),
        call(3, 0, "b", Waiting),
        call(4, 0, "c", Waiting),
        call(5, 0, "c", Parked),
    ];
    park(store, AT, &calls).await;
    assert_eq!(ready(store, AT, 9).await, [place(3, 0), place(4, 0)]);
    assert_eq!(ready(store, AT, 1).await, [place(3, 0)]);
    assert!(mark(store, AT, place(4, 0), Waiting, Done).await);
    assert_eq!(
        ready(store, AT, 9).await,
        [place(3, 0)],
        "a person redrives"
    );
    assert!(mark(store, AT, place(1, 0), Parked, Waiting).await);
    assert_eq!(ready(store, AT, 9).await, [place(1, 0), place(3, 0)]);
    assert!(mark(store, AT, place(1, 0), Waiting, Discarded).await);
    assert_eq!(ready(store, AT, 9).await, [place(2, 0), place(3, 0)]);
    assert!(mark(store, AT, place(2, 0), Waiting, Done).await);
    assert_eq!(ready(store, AT, 9).await, [place(2, 1), place(3, 0)]);
}

async fn waiting_call_becomes_what_is_said_of_it_and_others_stay<S: ParkedCalls>(store: &S) {
    let ann = "ann".parse().expect("an actor");
    for state in CallState::ALL {
        let n = state as u32;
        let first = call(1, n, "a", state);
        park(store, AT, std::slice::from_ref(&first)).await;
        if state == Waiting {
            let again = store.mark(AT, first.place, Waiting, Waiting, Some(&ann));
            assert!(again.await.expect("an answer"));
        }
        let later = ParkedCall {
            reason: CallReason::Deadline,
            detail: "again in vain".to_owned(),
            tries: 16,
            parked_at: first.parked_at.plus_millis(5),
            ..call(1, n, "a", Parked)
        };
        park(store, AT, std::slice::from_ref(&later)).await;
        let kept = list(store, AT, None, 9).await.pop();
        let expected = if state == Waiting {
            ParkedCall {
                marked_by: Some(ann.clone()),
                ..later
            }
        } else {
            first
        };
        assert_eq!(kept, Some(expected));
    }
}

async fn mark_moves_a_call_only_from_the_state_it_is_in<S: ParkedCalls>(store: &S) {
    let (ann, bob): (Actor, Actor) = (
        "ann".parse().expect("an actor"),
        "bob".parse().expect("an actor"),
    );
    let marked_by = async || {
        let calls = list(store, AT, None, 9).await;
        let last = calls.into_iter().next_back().expect("one is parked");
        (last.state, last.marked_by)
    };
    park(store, AT, &[call(1, 0, "a", Parked)]).await;
    assert!(!mark(store, AT, place(1, 0), Waiting, Done).await);
    assert!(
        !mark(store, AT, place(1, 1), Parked, Waiting).await,
        "there is none"
    );
    let by = async |who| {
        let marked = store.mark(AT, place(1, 0), Parked, Waiting, Some(who));
        marked.await.expect("an answer")
    };
    let (one, other) = tokio::join!(by(&ann), by(&bob));
    assert!(one != other, "one of two at once succeeds");
    let who = if one { ann } else { bob };
    assert_eq!(marked_by().await, (Waiting, Some(who.clone())));
    assert!(mark(store, AT, place(1, 0), Waiting, Done).await);
    assert_eq!(marked_by().await, (Done, Some(who)), "a person is kept");
}

fn place(log_position: u64, n: u32) -> CallPlace {
    CallPlace { log_position, n }
}

fn call(log_position: u64, n: u32, aggregate: &str, state: CallState) -> ParkedCall {
    let id = u128::from(log_position) << 64 | u128::from(n);
    ParkedCall {
        place: place(log_position, n),
        key: Arc::from(format!("demo/{aggregate}")),
        id: IdempotencyKey(CommandId(Uuid::from_u128(id))),
        call: Some(Call {
            operation: "v1/mails".into(),
            body: Bytes::from_static(b"\0not json\xff"),
        }),
        reason: CallReason::LastTry,
        detail: "no answer from Zürich 🦀".to_owned(),
        tries: 8,
        parked_at: Timestamp::from_micros(1_381_132_800_688_001),
        state,
        marked_by: None,
    }
}

async fn park(store: &impl ParkedCalls, at: EffectPartition, calls: &[ParkedCall]) {
    store.park(at, calls).await.expect("parked");
}

async fn list(
    store: &impl ParkedCalls,
    at: EffectPartition,
    after: Option<CallPlace>,
    max: usize,
) -> Vec<ParkedCall> {
    store.list(at, after, max).await.expect("calls")
}

async fn held(store: &impl ParkedCalls, at: EffectPartition) -> Vec<String> {
    let keys = store.held_keys(at).await.expect("keys");
    let mut keys: Vec<_> = keys.iter().map(|key| key.to_string()).collect();
    keys.sort_unstable();
    keys
}

async fn ready(store: &impl ParkedCalls, at: EffectPartition, max: usize) -> Vec<CallPlace> {
    let ready = store.ready(at, max).await.expect("calls");
    ready.into_iter().map(|call| call.place).collect()
}

async fn mark(
    store: &impl ParkedCalls,
    at: EffectPartition,
    place: CallPlace,
    from: CallState,
    to: CallState,
) -> bool {
    let marked = store.mark(at, place, from, to, None).await;
    marked.expect("an answer")
}
