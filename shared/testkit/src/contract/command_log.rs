//! What every command log does, whatever it is made of.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::join_all;
use kernel::port::{Appended, CommandLog, NewRecord, Pace, Record};
use kernel::topic::{PartitionId, partition_of};

use super::group::{Member, gone, take};
use super::{CONTEXTS, PARTITIONS, key_of};

/// Runs the suite. Each call of `make` gives an empty log.
///
/// # Panics
/// The log breaks the contract of its port.
pub async fn command_log<L: CommandLog>(make: impl AsyncFn() -> L) {
    record_comes_back_as_it_was_appended(&make().await).await;
    records_keep_their_order_and_go_where_murmur2_says(&make().await).await;
    take_is_bounded_by_its_maximum(&make().await).await;
    cancelled_take_loses_nothing(&make().await).await;
    reader_continues_where_it_seeks(&make().await).await;
    offset_outside_the_log_is_gone(&make().await).await;
    waiting_reader_sees_what_is_appended(&make().await).await;
    large_record_is_read_from_wherever_a_reader_stands(&make().await).await;
    end_is_behind_the_last_record(&make().await).await;
    appended_records_stand_where_the_answer_says(&make().await).await;
    follower_has_every_partition(&make().await).await;
    concurrent_appends_are_all_kept_in_their_own_order(&make().await).await;
    contexts_and_groups_do_not_mix(&make().await).await;
}

async fn record_comes_back_as_it_was_appended(log: &impl CommandLog) {
    let header = |name: &str, value: &[u8]| (name.to_owned(), Bytes::copy_from_slice(value));
    let sent = NewRecord {
        headers: vec![
            header("traceparent", b"00-1-2-01"),
            header("signature", &[0, 255, 128, 10]),
            header("traceparent", b""),
        ],
        value: Bytes::from_static("{\"n\":1,\"\u{e9}\":\"\u{1f980}\"}\0\n".as_bytes()),
        ..record(&key_of(2, 0), 0)
    };
    append(log, vec![sent.clone()]).await;
    append(log, Vec::new()).await;
    let got = join(log, CONTEXTS[0]).await.take(2, 1).await.remove(0);
    assert_eq!(got.key.as_deref(), Some(sent.key.as_bytes()));
    assert_eq!(got.value, Some(sent.value));
    assert_eq!(got.headers, sent.headers);
}

async fn records_keep_their_order_and_go_where_murmur2_says(log: &impl CommandLog) {
    let sent: Vec<_> = (0..400)
        .map(|n| record(&format!("demo/ACC-{}", n % 23), n))
        .collect();
    for group in sent.chunks(37) {
        append(log, group.to_vec()).await;
    }
    let mut member = join(log, CONTEXTS[0]).await;
    for (partition, expected) in by_partition(&sent) {
        let got = member.take(partition, expected.len()).await;
        assert_eq!(values(&got), expected, "partition {partition}");
        assert!(got.is_sorted_by(|a, b| a.offset < b.offset), "offsets rise");
    }
}

async fn take_is_bounded_by_its_maximum(log: &impl CommandLog) {
    let key = key_of(0, 0);
    append(log, (0..10).map(|n| record(&key, n)).collect()).await;
    let mut member = join(log, CONTEXTS[0]).await;
    let mut got = vec![];
    member.reader(0).take(3, &mut got).await.expect("taken");
    assert!(
        (1..=3).contains(&got.len()),
        "{} records for at most 3",
        got.len()
    );
    let before = got.clone();
    member.reader(0).take(3, &mut got).await.expect("taken");
    assert!(got.starts_with(&before), "what is in `out` stays");
    assert!(
        got.len() <= before.len() + 3,
        "the bound is on what is added"
    );
}

async fn cancelled_take_loses_nothing(log: &impl CommandLog) {
    const RECORDS: u32 = 200;
    let key = key_of(1, 0);
    let mut member = join(log, CONTEXTS[0]).await;
    let reader = member.reader(1);
    let mut got = Vec::new();
    for n in 0..RECORDS {
        if n % 4 == 0 {
            append(log, (n..n + 4).map(|n| record(&key, n)).collect()).await;
        }
        tokio::select! {
            biased;
            taken = reader.take(2, &mut got) => taken.expect("taken"),
            () = ready(()) => {}
        }
    }
    let left = RECORDS as usize - got.len();
    got.extend(take(reader, left).await);
    let expected: Vec<_> = (0..RECORDS).map(value).collect();
    assert_eq!(values(&got), expected);
}

async fn reader_continues_where_it_seeks(log: &impl CommandLog) {
    let key = key_of(3, 0);
    append(log, (0..20).map(|n| record(&key, n)).collect()).await;
    let mut member = join(log, CONTEXTS[0]).await;
    let all = member.take(3, 20).await;
    for from in [7, 0, 19, 1] {
        let reader = member.reader(3);
        reader.seek(all[from].offset).await.expect("sought");
        assert_eq!(
            take(reader, 20 - from).await,
            all[from..],
            "from record {from}"
        );
    }
    // Behind the last record is where a reader waits that has seen them all.
    let reader = member.reader(3);
    reader.seek(all[19].offset + 1).await.expect("sought");
    append(log, vec![record(&key, 20)]).await;
    assert_eq!(values(&take(reader, 1).await), [value(20)]);
}

async fn offset_outside_the_log_is_gone(log: &impl CommandLog) {
    let key = key_of(0, 0);
    append(log, vec![record(&key, 0)]).await;
    let mut member = join(log, CONTEXTS[0]).await;
    let reader = member.reader(0);
    let end = reader.end().await.expect("an end");
    for _ in 0..2 {
        let first = gone(reader, end + 5).await;
        assert_eq!(first, Some(0), "an offset beyond the end is skipped to");
        // The reader is none the worse for it.
        reader.seek(0).await.expect("sought");
        assert_eq!(values(&take(reader, 1).await), [value(0)]);
    }
}

async fn appended_records_stand_where_the_answer_says(log: &impl CommandLog) {
    let keys = ["a", "b", "c", "d", "e"].map(|name| format!("demo/{name}"));
    let mut member = join(log, CONTEXTS[0]).await;
    let mut sent = 0;
    for count in [1, 13, 400] {
        let records: Vec<_> = (sent..sent + count)
            .map(|n| record(&keys[n as usize % keys.len()], n))
            .collect();
        sent += count;
        let appended = append(log, records.clone()).await;
        assert_eq!(appended.len(), records.len());
        let mut stand = BTreeMap::<_, Vec<_>>::new();
        for (
            record,
            Appended {
                partition_id,
                offset,
            },
        ) in records.iter().zip(appended)
        {
            let partition = partition_of(record.key.as_bytes(), PARTITIONS);
            let context = CONTEXTS[0];
            assert_eq!(partition_id, PartitionId { context, partition });
            let stand = stand.entry(partition).or_default();
            stand.push((offset, record.value.clone()));
        }
        for (partition, stand) in stand {
            let got = member.take(partition, stand.len()).await;
            let got: Vec<_> = got
                .into_iter()
                .map(|record| (record.offset, record.value.expect("a value")))
                .collect();
            assert_eq!(got, stand);
        }
    }
}

async fn follower_has_every_partition(log: &impl CommandLog) {
    let records: Vec<_> = (0..40)
        .map(|n| record(&format!("demo/ACC-{n}"), n))
        .collect();
    append(log, records.clone()).await;
    let mut readers = log
        .follow(CONTEXTS[0], Pace::Prompt)
        .await
        .expect("followed");
    let partitions = readers.iter().map(|reader| reader.partition());
    assert!(partitions.eq(0..PARTITIONS), "all, in order");
    let ends = log.ends(CONTEXTS[0]).await.expect("ends");
    for (partition, expected) in by_partition(&records) {
        let reader = readers[usize::from(partition)].as_mut();
        reader.seek(0).await.expect("sought");
        let got = take(reader, expected.len()).await;
        assert_eq!(values(&got), expected);
        let end = got.last().map_or(0, |last| last.offset + 1);
        assert_eq!(ends[usize::from(partition)], end);
        assert_eq!(reader.readable_after(0).await.expect("an offset"), 0);
        assert_eq!(reader.readable_after(end).await.expect("an offset"), end);
    }
}

async fn waiting_reader_sees_what_is_appended(log: &impl CommandLog) {
    let mut member = join(log, CONTEXTS[0]).await;
    let key = key_of(2, 0);
    for n in 0..20 {
        let (got, _) = tokio::join!(
            member.take(2, 2),
            append(log, vec![record(&key, 2 * n), record(&key, 2 * n + 1)])
        );
        assert_eq!(values(&got), [value(2 * n), value(2 * n + 1)]);
    }
}

/// Larger than any log would keep at hand for readers that are behind.
async fn large_record_is_read_from_wherever_a_reader_stands(log: &impl CommandLog) {
    let key = key_of(1, 0);
    let large = NewRecord {
        value: Bytes::from(vec![b' '; 12 * 1_024 * 1_024]),
        ..record(&key, 1)
    };
    let sent = [record(&key, 0), large, record(&key, 2)];
    let mut first = join(log, CONTEXTS[0]).await;
    let second = log.consume(CONTEXTS[0], "verify.contract", Pace::Prompt);
    let mut second = Member::of(second.await.expect("joined")).await;
    for record in &sent {
        let appended = append(log, vec![record.clone()]);
        let waited = async { (first.take(1, 1).await, second.take(1, 1).await) };
        let (one, two) = tokio::join!(waited, appended).0;
        assert_eq!(one[0].value.as_ref(), Some(&record.value));
        assert_eq!(two[0].value.as_ref(), Some(&record.value));
    }
    let reader = first.reader(1);
    for _ in 0..10 {
        reader.seek(0).await.expect("sought");
        let got = take(reader, sent.len()).await;
        let values = got.iter().map(|record| record.value.as_ref());
        assert!(values.eq(sent.iter().map(|record| Some(&record.value))));
    }
}

async fn end_is_behind_the_last_record(log: &impl CommandLog) {
    let mut member = join(log, CONTEXTS[0]).await;
    assert_eq!(member.reader(1).end().await.expect("an end"), 0);
    append(log, (0..5).map(|n| record(&key_of(1, 0), n)).collect()).await;
    let last = member.take(1, 5).await.remove(4);
    assert_eq!(
        member.reader(1).end().await.expect("an end"),
        last.offset + 1
    );
    assert_eq!(member.reader(0).end().await.expect("an end"), 0);
}

async fn concurrent_appends_are_all_kept_in_their_own_order(log: &impl CommandLog) {
    const CALLERS: u32 = 32;
    const RECORDS: u32 = 20;
    let sent = |caller: u32| {
        (0..RECORDS).map(move |n| record(&format!("demo/CALLER-{caller}"), caller * RECORDS + n))
    };
    join_all((0..CALLERS).map(async |caller| {
        let records: Vec<_> = sent(caller).collect();
        for group in records.chunks(7) {
            append(log, group.to_vec()).await;
        }
    }))
    .await;
    let all: Vec<_> = (0..CALLERS).flat_map(sent).collect();
    let mut member = join(log, CONTEXTS[0]).await;
    let mut by_caller = BTreeMap::<Bytes, Vec<Bytes>>::new();
    for (partition, expected) in by_partition(&all) {
        for record in member.take(partition, expected.len()).await {
            let key = record.key.expect("a key");
            by_caller
                .entry(key)
                .or_default()
                .push(record.value.expect("a value"));
        }
    }
    for caller in 0..CALLERS {
        let expected: Vec<_> = sent(caller).map(|record| record.value).collect();
        assert_eq!(
            by_caller[format!("demo/CALLER-{caller}").as_bytes()],
            expected
        );
    }
}

async fn contexts_and_groups_do_not_mix(log: &impl CommandLog) {
    let key = key_of(0, 0);
    let elsewhere = NewRecord {
        context: CONTEXTS[1],
        ..record(&key, 2)
    };
    append(log, vec![record(&key, 1), elsewhere]).await;
    let mut here = join(log, CONTEXTS[0]).await;
    let mut there = join(log, CONTEXTS[1]).await;
    assert_eq!(values(&here.take(0, 1).await), [value(1)]);
    assert_eq!(values(&there.take(0, 1).await), [value(2)]);
    let again = log
        .consume(CONTEXTS[0], "another.contract", Pace::Prompt)
        .await;
    let mut again = Member::of(again.expect("joined")).await;
    assert_eq!(values(&again.take(0, 1).await), [value(1)]);
}

fn record(key: &str, n: u32) -> NewRecord {
    NewRecord {
        context: CONTEXTS[0],
        key: Arc::from(key),
        value: value(n),
        headers: vec![("n".to_owned(), Bytes::from(n.to_string()))],
    }
}

fn value(n: u32) -> Bytes {
    Bytes::from(format!(r#"{{"type":"Note","data":{{"n":{n}}}}}"#))
}

fn values(records: &[Record]) -> Vec<Bytes> {
    records
        .iter()
        .filter_map(|record| record.value.clone())
        .collect()
}

fn by_partition(records: &[NewRecord]) -> BTreeMap<u16, Vec<Bytes>> {
    let mut by_partition = BTreeMap::<_, Vec<_>>::new();
    for record in records {
        let partition = partition_of(record.key.as_bytes(), PARTITIONS);
        by_partition
            .entry(partition)
            .or_default()
            .push(record.value.clone());
    }
    by_partition
}

async fn append(log: &impl CommandLog, records: Vec<NewRecord>) -> Vec<Appended> {
    log.append(records).await.expect("appended")
}

async fn join(log: &impl CommandLog, context: &'static str) -> Member {
    let assignments = log
        .consume(context, "processor.contract", Pace::Prompt)
        .await;
    Member::of(assignments.expect("joined")).await
}
