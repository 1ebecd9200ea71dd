//! A byte of a log that is another than was written.

use std::fs;
use std::path::Path;

use kernel::port::{ReadError, Reader};
use log::KafkaLog;
use testkit::servers::OwnServers;

use crate::raw::{Raw, produce};
use crate::site::{Site, take};

/// Records per batch; the second and the third batch are damaged.
const BATCHES: [usize; 4] = [3, 50, 1, 2];
const FIRST_BAD: i64 = 3;
const FIRST_GOOD: i64 = 54;

#[tokio::test(flavor = "multi_thread")]
async fn reading_stands_before_a_damaged_batch_until_somebody_seeks_behind_it() {
    let own = OwnServers::start(&["kafka"]);
    let site = Site::on(&own.servers().kafka).await;
    for (batch, count) in BATCHES.into_iter().enumerate() {
        send(&site, batch, count);
    }
    own.run_beside(&["stop", "kafka"]).await;
    let partition = format!("kafka/data/{}-0", site.commands());
    let segment = own.folder().join(partition);
    let segment = segment.join("00000000000000000000.log");
    for record in ["batch 1 record 20", "batch 2 record 0"] {
        flip_a_byte_of(record, &segment);
    }
    own.run_beside(&["start", "kafka"]).await;
    // Nothing of what was fetched before it was damaged.
    let site = Site {
        log: KafkaLog::new(site.settings.clone()).unwrap(),
        settings: site.settings,
    };
    let mut reader = site.reader().await;
    for _ in 0..2 {
        reader.seek(0).await.unwrap();
        let good = take(reader.as_mut(), BATCHES[0]).await;
        assert_eq!(good.last().map(|record| record.offset), Some(FIRST_BAD - 1));
        for _ in 0..3 {
            stands_at(reader.as_mut(), FIRST_BAD).await;
        }
    }
    // Also for a reader that begins in the middle of it.
    reader.seek(20).await.unwrap();
    stands_at(reader.as_mut(), 20).await;
    for offset in [FIRST_BAD, 20, FIRST_GOOD - 1, FIRST_GOOD] {
        let readable = reader.readable_after(offset).await.unwrap();
        assert_eq!(readable, FIRST_GOOD, "from {offset}");
    }
    assert_eq!(reader.readable_after(1).await.unwrap(), 1);
    reader.seek(FIRST_GOOD).await.unwrap();
    let rest = take(reader.as_mut(), BATCHES[3]).await;
    assert_eq!(rest[0].offset, FIRST_GOOD);
    // The shared end is in use by now; a reader that comes from behind is still stalled.
    send(&site, 4, 1);
    let next = take(reader.as_mut(), 1).await;
    assert_eq!(next[0].offset, FIRST_GOOD + 2);
    let mut behind = site.reader().await;
    behind.seek(FIRST_BAD).await.unwrap();
    stands_at(behind.as_mut(), FIRST_BAD).await;
}

async fn stands_at(reader: &mut dyn Reader, expected: i64) {
    let mut records = Vec::new();
    let error = reader.take(100, &mut records).await.unwrap_err();
    assert!(
        matches!(error, ReadError::Unreadable { offset, .. } if offset == expected),
        "{error:?}"
    );
    assert_eq!(records, [], "nothing behind it is handed out");
}

fn send(site: &Site, batch: usize, count: usize) {
    let values: Vec<_> = (0..count)
        .map(|n| format!("batch {batch} record {n}."))
        .collect();
    let records = values.iter().map(|value| Raw {
        key: b"demo/a",
        value: Some(value.as_bytes()),
        headers: &[],
    });
    let records: Vec<_> = records.collect();
    produce(&site.settings.brokers, &site.commands(), 0, &records);
}

fn flip_a_byte_of(record: &str, segment: &Path) {
    let mut bytes = fs::read(segment).unwrap();
    let text = format!("{record}.");
    let place = bytes
        .windows(text.len())
        .position(|window| window == text.as_bytes());
    bytes[place.unwrap()] ^= 1;
    fs::write(segment, bytes).unwrap();
}
