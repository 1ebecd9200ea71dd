//! Records are read however their producer, or the broker, has compressed them.

use bytes::Bytes;
use kernel::port::{CommandLog as _, NewRecord};
use testkit::contract::CONTEXTS;

use crate::site::{Site, take};

const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];

#[tokio::test(flavor = "multi_thread")]
async fn records_are_read_under_every_codec_a_producer_may_choose() {
    let site = Site::new().await;
    let mut sent = Vec::new();
    for codec in CODECS {
        let producer = site.producer(&[("compression.type", codec), ("linger.ms", "50")]);
        let values: Vec<_> = (0..20).map(|n| compressible(codec, n)).collect();
        let sending = values
            .iter()
            .map(|value| site.send(&producer, "demo/a", value));
        futures::future::join_all(sending).await;
        sent.extend(values);
    }
    let mut reader = site.reader().await;
    reader.seek(0).await.unwrap();
    let got = take(reader.as_mut(), sent.len()).await;
    let got: Vec<_> = got.into_iter().filter_map(|record| record.value).collect();
    assert_eq!(got, sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_read_under_every_codec_of_a_topic() {
    for codec in &CODECS[1..] {
        let site = Site::new().await;
        site.configure(&site.commands(), &[("compression.type", codec)])
            .await;
        let sent: Vec<_> = (0..20).map(|n| compressible(codec, n)).collect();
        let records = sent.iter().map(|value| NewRecord {
            context: CONTEXTS[0],
            key: key_of_the_first_partition().into(),
            value: value.clone(),
            headers: Vec::new(),
        });
        site.log.append(records.collect()).await.unwrap();
        let mut reader = site.reader().await;
        reader.seek(0).await.unwrap();
        let got = take(reader.as_mut(), sent.len()).await;
        let got: Vec<_> = got.into_iter().filter_map(|record| record.value).collect();
        assert_eq!(got, sent, "{codec}");
    }
}

fn compressible(codec: &str, n: usize) -> Bytes {
    format!("{codec} {n} {}", "same ".repeat(200)).into()
}

fn key_of_the_first_partition() -> String {
    (0..)
        .map(|n| format!("demo/T-{n}"))
        .find(|key| kernel::topic::partition_of(key.as_bytes(), testkit::contract::PARTITIONS) == 0)
        .expect("every partition has keys without end")
}
