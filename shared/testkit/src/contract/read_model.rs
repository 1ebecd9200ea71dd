//! What every read model does, whatever it is made of.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::{LocalBoxFuture, join, join_all};
use kernel::port::{Applied, Checkpoint, ReadModel, ViewBatch, ViewId, ViewValue};
use kernel::time::Timestamp;
use kernel::topic::partition_of;
use tokio::task::yield_now;
use tokio::time::timeout;

/// Partitions that the suite spreads its keys over; a model that needs the number must be given this one.
pub const PARTITIONS: u16 = 4;

/// The views that the suite uses; a model that needs tables must have them.
pub const VIEWS: [ViewId; 2] = [view(1), view(2)];

const VIEW: ViewId = VIEWS[0];

/// A projector that has not caught up with a few hundred events by then never will.
const CATCHES_UP_MAX: Duration = Duration::from_secs(60);

const fn view(version: u16) -> ViewId {
    ViewId {
        name: "contract",
        version,
    }
}

/// How a model answers `list`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    InKeyOrder,
    /// It cannot list, and returns a fault.
    Refused,
}

/// Runs the suite. Each call of `make` gives an empty store; each call of its result opens that
/// store again, as another process would.
///
/// # Panics
/// The model breaks the contract of its port.
pub async fn read_model<Open, Model>(listing: Listing, make: impl AsyncFn() -> Open)
where
    Open: AsyncFn() -> Model,
    Model: ReadModel,
{
    let cases: [Case<Model>; 10] = [
        |model| Box::pin(checkpoint_starts_at_its_default(model)),
        |model| Box::pin(values_come_back_byte_for_byte_in_the_order_asked(model)),
        |model| Box::pin(numbers_beyond_a_double_come_back(model)),
        |model| Box::pin(batch_from_elsewhere_is_refused_and_writes_nothing(model)),
        |model| Box::pin(batch_of_ten_thousand_values_is_written(model)),
        |model| Box::pin(last_value_of_a_key_stays(model)),
        |model| Box::pin(batch_without_values_moves_the_checkpoint(model)),
        |model| Box::pin(partitions_have_their_own_checkpoints(model)),
        |model| Box::pin(versions_of_a_view_do_not_mix(model)),
        |model| Box::pin(cleared_view_starts_again(model)),
    ];
    let listings: &[Case<Model>] = match listing {
        Listing::InKeyOrder => &[
            |model| Box::pin(list_is_in_byte_order_of_the_keys(model)),
            |model| Box::pin(list_stays_within_prefix_and_page(model)),
        ],
        Listing::Refused => &[|model| Box::pin(list_is_a_fault(model))],
    };
    for case in cases.iter().chain(listings) {
        let open = make().await;
        case(&open().await).await;
    }
    one_of_racing_batches_is_written(make().await).await;
    view_cleared_under_its_projector_has_no_hole(make().await).await;
    store_opened_again_holds_what_was_written(make().await).await;
}

/// What every model does, tried on an empty one.
type Case<Model> = for<'a> fn(&'a Model) -> LocalBoxFuture<'a, ()>;

async fn checkpoint_starts_at_its_default(model: &impl ReadModel) {
    assert_eq!(checkpoint(model, VIEW, 0).await, Checkpoint::default());
    assert_eq!(get(model, VIEW, &["demo/a".into()]).await, [None]);
    assert_eq!(get(model, VIEW, &[]).await, []);
}

async fn values_come_back_byte_for_byte_in_the_order_asked(model: &impl ReadModel) {
    let keys = keys_of(0, 3);
    let puts: Vec<_> = keys.iter().map(|key| put(key, 1)).collect();
    let one = at(1);
    apply(
        model,
        batch(VIEW, 0, Checkpoint::default(), one, puts.clone()),
    )
    .await;
    let missing = Arc::from("demo/missing");
    let asked = [&keys[2], &missing, &keys[0], &keys[1], &keys[2]].map(Arc::clone);
    let value = |n: usize| Some(puts[n].1.clone());
    let expected = [value(2), None, value(0), value(1), value(2)];
    assert_eq!(get(model, VIEW, &asked).await, expected);
    assert_eq!(checkpoint(model, VIEW, 0).await, one);
}

async fn numbers_beyond_a_double_come_back(model: &impl ReadModel) {
    const BEYOND: u64 = (1 << 53) + 1;
    let to = Checkpoint {
        log_position: BEYOND,
        next_offset: (1 << 53) + 3,
    };
    let key = keys_of(3, 1).remove(0);
    let mut value = value(&key, 1);
    value.version = BEYOND;
    value.partition = 3;
    value.log_position = BEYOND;
    value.as_of = Timestamp::from_micros(-1);
    let puts = vec![(Arc::clone(&key), value.clone())];
    apply(model, batch(VIEW, 3, Checkpoint::default(), to, puts)).await;
    assert_eq!(get(model, VIEW, &[key]).await, [Some(value)]);
    assert_eq!(checkpoint(model, VIEW, 3).await, to);
    let next = Checkpoint {
        log_position: BEYOND + 1,
        ..to
    };
    let refused = model.apply(batch(VIEW, 3, next, at(1), Vec::new())).await;
    assert_eq!(refused.expect("an answer"), Applied::Refused);
    apply(model, batch(VIEW, 3, to, next, Vec::new())).await;
}

async fn batch_from_elsewhere_is_refused_and_writes_nothing(model: &impl ReadModel) {
    let key = keys_of(0, 1).remove(0);
    let before = Checkpoint::default();
    let held = at(5);
    let refused = async |from, n| {
        let puts = vec![put(&key, n)];
        let applied = model.apply(batch(VIEW, 0, from, at(9), puts)).await;
        assert_eq!(applied.expect("an answer"), Applied::Refused, "{from:?}");
    };
    refused(held, 1).await;
    assert_eq!(checkpoint(model, VIEW, 0).await, before);
    assert_eq!(get(model, VIEW, &[Arc::clone(&key)]).await, [None]);

    apply(model, batch(VIEW, 0, before, held, vec![put(&key, 2)])).await;
    let other_offset = Checkpoint {
        next_offset: held.next_offset + 1,
        ..held
    };
    for from in [before, at(4), at(6), other_offset] {
        refused(from, 3).await;
    }
    assert_eq!(checkpoint(model, VIEW, 0).await, held);
    let expected = [Some(value(&key, 2))];
    assert_eq!(get(model, VIEW, &[key]).await, expected);
}

async fn one_of_racing_batches_is_written<Model: ReadModel>(open: impl AsyncFn() -> Model) {
    const RACERS: u64 = 8;
    let key = keys_of(1, 1).remove(0);
    let mut models = Vec::new();
    for _ in 0..RACERS {
        models.push(open().await);
    }
    for lap in 0..10 {
        let (from, to) = (at(lap), at(lap + 1));
        let race = models.iter().zip(0..).map(|(model, racer)| {
            let puts = vec![put(&key, lap * RACERS + racer)];
            model.apply(batch(VIEW, 1, from, to, puts))
        });
        let mut winners = Vec::new();
        for (applied, racer) in join_all(race).await.into_iter().zip(0..) {
            if applied.expect("an answer") == Applied::Written {
                winners.push(racer);
            }
        }
        assert_eq!(winners.len(), 1, "lap {lap} was won by {winners:?}");
        let expected = [Some(value(&key, lap * RACERS + winners[0]))];
        assert_eq!(get(&models[0], VIEW, &[Arc::clone(&key)]).await, expected);
        assert_eq!(checkpoint(&models[0], VIEW, 1).await, to);
    }
}

async fn batch_of_ten_thousand_values_is_written(model: &impl ReadModel) {
    let keys = keys_of(2, 10_000);
    let puts: Vec<_> = keys.iter().map(|key| put(key, 1)).collect();
    let expected: Vec<_> = puts.iter().map(|(_, value)| Some(value.clone())).collect();
    apply(model, batch(VIEW, 2, at(0), at(10_000), puts)).await;
    assert!(get(model, VIEW, &keys).await == expected, "a value differs");
}

async fn last_value_of_a_key_stays(model: &impl ReadModel) {
    let keys = keys_of(0, 2);
    let [twice, once] = [&keys[0], &keys[1]];
    let puts = vec![put(twice, 1), put(once, 2), put(twice, 3)];
    apply(model, batch(VIEW, 0, at(0), at(3), puts)).await;
    let expected = [Some(value(twice, 3)), Some(value(once, 2))];
    assert_eq!(get(model, VIEW, &keys).await, expected);
    apply(model, batch(VIEW, 0, at(3), at(4), vec![put(once, 4)])).await;
    let expected = [Some(value(twice, 3)), Some(value(once, 4))];
    assert_eq!(get(model, VIEW, &keys).await, expected);
}

async fn batch_without_values_moves_the_checkpoint(model: &impl ReadModel) {
    apply(model, batch(VIEW, 0, at(0), at(7), Vec::new())).await;
    assert_eq!(checkpoint(model, VIEW, 0).await, at(7));
}

async fn partitions_have_their_own_checkpoints(model: &impl ReadModel) {
    apply(model, batch(VIEW, 0, at(0), at(3), Vec::new())).await;
    apply(model, batch(VIEW, 1, at(0), at(8), Vec::new())).await;
    assert_eq!(checkpoint(model, VIEW, 1).await, at(8));
    let asked = [(VIEW, 1), (VIEWS[1], 1), (VIEW, 2), (VIEW, 0), (VIEW, 1)];
    let seen = model.checkpoints(&asked).await.expect("an answer");
    assert_eq!(seen, [at(8), at(0), at(0), at(3), at(8)]);
}

async fn versions_of_a_view_do_not_mix(model: &impl ReadModel) {
    let [old, new] = VIEWS;
    let key = keys_of(0, 1);
    apply(model, batch(old, 0, at(0), at(5), vec![put(&key[0], 1)])).await;
    assert_eq!(get(model, new, &key).await, [None]);
    assert_eq!(checkpoint(model, new, 0).await, at(0));
    apply(model, batch(new, 0, at(0), at(1), vec![put(&key[0], 2)])).await;
    assert_eq!(get(model, old, &key).await, [Some(value(&key[0], 1))]);
    assert_eq!(get(model, new, &key).await, [Some(value(&key[0], 2))]);
    assert_eq!(checkpoint(model, old, 0).await, at(5));
}

async fn cleared_view_starts_again(model: &impl ReadModel) {
    let [kept, cleared] = VIEWS;
    let keys = keys_of(0, 2_500);
    for view in [kept, cleared] {
        let puts = keys.iter().map(|key| put(key, 1)).collect();
        apply(model, batch(view, 0, at(0), at(5), puts)).await;
        apply(model, batch(view, 1, at(0), at(6), Vec::new())).await;
    }
    model.clear(cleared).await.expect("cleared");
    let found = get(model, cleared, &keys).await;
    assert!(found.iter().all(Option::is_none), "a value is left");
    for partition in [0, 1] {
        assert_eq!(checkpoint(model, cleared, partition).await, at(0));
    }
    let found = get(model, kept, &keys).await;
    assert!(
        found.iter().all(Option::is_some),
        "another view lost values"
    );
    assert_eq!(checkpoint(model, kept, 1).await, at(6));
    let again = vec![put(&keys[0], 2)];
    apply(model, batch(cleared, 0, at(0), at(1), again)).await;
    let expected = [Some(value(&keys[0], 2)), None];
    assert_eq!(get(model, cleared, &keys[..2]).await, expected);
}

/// A projector that is refused reads the checkpoint and continues from there. Whatever a clearing
/// leaves of its work, the checkpoint must not claim more.
async fn view_cleared_under_its_projector_has_no_hole<Model: ReadModel>(
    open: impl AsyncFn() -> Model,
) {
    const EVENTS: usize = 300;
    const CLEARINGS: usize = 3;
    let keys = keys_of(0, EVENTS);
    let model = open().await;
    let ballast = keys_of(1, 5_000).iter().map(|key| put(key, 1)).collect();
    apply(&model, batch(VIEW, 1, at(0), at(1), ballast)).await;

    let cleared = Cell::new(0);
    let project = async {
        loop {
            // A model may answer with a fault while it is cleared.
            if let Ok(from) = model.checkpoint(VIEW, 0).await {
                let next = keys.iter().zip(0..).nth(place(from));
                if let Some((key, n)) = next {
                    let to = at(from.log_position + 1);
                    let _refused_or_not = model
                        .apply(batch(VIEW, 0, from, to, vec![put(key, n)]))
                        .await;
                } else if cleared.get() == CLEARINGS {
                    return;
                }
            }
            yield_now().await;
        }
    };
    let other = open().await;
    let clear = async {
        while cleared.get() < CLEARINGS {
            yield_now().await;
            other.clear(VIEW).await.expect("cleared");
            cleared.update(|times| times + 1);
        }
    };
    let both = timeout(CATCHES_UP_MAX, join(project, clear)).await;
    both.expect("the projector catches up");
    let found = get(&model, VIEW, &keys).await;
    assert!(found.iter().all(Option::is_some), "a value is missing");
}

async fn store_opened_again_holds_what_was_written<Model: ReadModel>(
    open: impl AsyncFn() -> Model,
) {
    let key = keys_of(0, 1);
    let first = open().await;
    apply(&first, batch(VIEW, 0, at(0), at(5), vec![put(&key[0], 1)])).await;
    drop(first);
    let again = open().await;
    assert_eq!(checkpoint(&again, VIEW, 0).await, at(5));
    assert_eq!(get(&again, VIEW, &key).await, [Some(value(&key[0], 1))]);
}

async fn list_is_a_fault(model: &impl ReadModel) {
    let listed = model.list(VIEW, "demo/", None, 10).await;
    assert!(listed.is_err(), "a model that cannot list says so");
}

async fn list_is_in_byte_order_of_the_keys(model: &impl ReadModel) {
    // Each pair would change places under some locale, or under numeric or case-blind order.
    let keys = [
        "demo/",
        "demo/!",
        "demo/10",
        "demo/2",
        "demo/A",
        "demo/B/x",
        "demo/B0",
        "demo/_",
        "demo/a",
        "demo/a-b",
        "demo/aB",
        "demo/ab",
        "demo/b",
        "demo/~",
        "demo/\u{e9}",
        "demo/\u{ffff}",
        "demo/\u{1f980}",
    ];
    fill(model, keys.iter().rev().copied()).await;
    assert_eq!(list(model, "demo/", None, 100).await, keys);
    assert_eq!(list(model, "", None, 100).await, keys);
}

async fn list_stays_within_prefix_and_page(model: &impl ReadModel) {
    let keys = ["a/1", "a/2", "a/3", "a0", "b/%", "b/1", "b/_", "c/1"];
    fill(model, keys.iter().copied()).await;
    assert_eq!(list(model, "a/", None, 2).await, ["a/1", "a/2"]);
    assert_eq!(list(model, "a/", Some("a/2"), 2).await, ["a/3"]);
    assert_eq!(list(model, "a/", Some("a/20"), 2).await, ["a/3"]);
    assert!(list(model, "a/", Some("a/3"), 2).await.is_empty());
    assert!(list(model, "a/", Some("b/1"), 2).await.is_empty());
    assert_eq!(
        list(model, "b/", Some("a/1"), 9).await,
        ["b/%", "b/1", "b/_"]
    );
    assert_eq!(list(model, "b/%", None, 9).await, ["b/%"]);
    assert_eq!(list(model, "b/_", None, 9).await, ["b/_"]);
    assert!(list(model, "d", None, 9).await.is_empty());
    assert!(list(model, "a/", None, 0).await.is_empty());
    let listed = model.list(VIEW, "c/", None, 1).await.expect("listed");
    assert_eq!(listed, [("c/1".into(), value("c/1", 1))]);
}

/// The checkpoint after `log_position` events, as if the log had none but these.
fn at(log_position: u64) -> Checkpoint {
    Checkpoint {
        log_position,
        next_offset: log_position.cast_signed(),
    }
}

/// How many events a checkpoint has behind it.
fn place(checkpoint: Checkpoint) -> usize {
    usize::try_from(checkpoint.log_position).expect("a position of this suite is small")
}

/// The first `count` keys that belong to a partition.
fn keys_of(partition: u16, count: usize) -> Vec<Arc<str>> {
    (0..)
        .map(|n| format!("demo/ACC-{n}/AGENCY"))
        .filter(|key| partition_of(key.as_bytes(), PARTITIONS) == partition)
        .take(count)
        .map(Arc::from)
        .collect()
}

fn value(key: &str, n: u64) -> ViewValue {
    let body = format!(r#"{{"key":"{key}","n":{n},"note":"Zürich  ¥\u0000\\ 取引 🦀"}}"#);
    ViewValue {
        version: n,
        partition: partition_of(key.as_bytes(), PARTITIONS),
        log_position: n,
        as_of: Timestamp::from_micros(1_381_132_800_688_001),
        body: Bytes::from(body),
    }
}

fn put(key: &Arc<str>, n: u64) -> (Arc<str>, ViewValue) {
    (Arc::clone(key), value(key, n))
}

fn batch(
    view: ViewId,
    partition: u16,
    from: Checkpoint,
    to: Checkpoint,
    puts: Vec<(Arc<str>, ViewValue)>,
) -> ViewBatch {
    ViewBatch {
        view,
        partition,
        from,
        to,
        puts,
    }
}

/// Puts the keys, each in its partition.
async fn fill(model: &impl ReadModel, keys: impl Iterator<Item = &str>) {
    let mut puts = BTreeMap::<u16, Vec<_>>::new();
    for key in keys {
        let partition = partition_of(key.as_bytes(), PARTITIONS);
        puts.entry(partition).or_default().push(put(&key.into(), 1));
    }
    for (partition, puts) in puts {
        apply(model, batch(VIEW, partition, at(0), at(1), puts)).await;
    }
}

async fn apply(model: &impl ReadModel, batch: ViewBatch) {
    let applied = model.apply(batch).await.expect("an answer");
    assert_eq!(applied, Applied::Written);
}

async fn checkpoint(model: &impl ReadModel, view: ViewId, partition: u16) -> Checkpoint {
    let checkpoint = model.checkpoint(view, partition).await;
    checkpoint.expect("a checkpoint")
}

async fn get(model: &impl ReadModel, view: ViewId, keys: &[Arc<str>]) -> Vec<Option<ViewValue>> {
    model.get(view, keys).await.expect("values")
}

async fn list(
    model: &impl ReadModel,
    prefix: &str,
    after: Option<&str>,
    max: usize,
) -> Vec<String> {
    let listed = model.list(VIEW, prefix, after, max).await.expect("a page");
    listed.into_iter().map(|(key, _)| key.to_string()).collect()
}
