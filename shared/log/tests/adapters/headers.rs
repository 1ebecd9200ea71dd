//! Headers that are not what a client library takes them for.

use bytes::Bytes;
use kernel::port::{EventLog as _, NAME_IS_NOT_TEXT, Pace, Record};
use kernel::topic;
use testkit::contract::CONTEXTS;

use crate::raw::{Raw, produce};
use crate::site::{Site, take};

const NOT_TEXT: &[u8] = &[0xff, 0xfe, b'x'];

#[tokio::test(flavor = "multi_thread")]
async fn record_with_a_header_that_is_no_text_arrives_with_all_that_is() {
    let site = Site::new().await;
    let records = [
        Raw {
            key: b"demo/a",
            value: Some(b"one"),
            headers: &[
                (b"before", b"1"),
                (NOT_TEXT, b"2"),
                (b"value", NOT_TEXT),
                (b"", b""),
                (b"after", b"3"),
            ],
        },
        Raw {
            key: NOT_TEXT,
            value: None,
            headers: &[(b"fine", b"4")],
        },
    ];
    produce(&site.settings.brokers, &site.commands(), 0, &records);
    let mut reader = site.reader().await;
    // The first time at a place of its own, the second time perhaps at the shared end.
    for _ in 0..2 {
        reader.seek(0).await.unwrap();
        let got = take(reader.as_mut(), 2).await;
        assert_eq!(got[0].unreadable, Some(NAME_IS_NOT_TEXT));
        assert_eq!(got[0].key.as_deref(), Some(&b"demo/a"[..]));
        assert_eq!(got[0].value.as_deref(), Some(&b"one"[..]));
        let readable = [
            header("before", b"1"),
            header("value", NOT_TEXT),
            header("", b""),
            header("after", b"3"),
        ];
        assert_eq!(got[0].headers, readable);
        assert_eq!(got[1].unreadable, None);
        assert_eq!(got[1].key.as_deref(), Some(NOT_TEXT));
        assert_eq!((&got[1].value, got[1].offset), (&None, 1));
        assert_eq!(got[1].headers, [header("fine", b"4")]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn event_with_a_header_that_is_no_text_has_its_position_all_the_same() {
    let site = Site::new().await;
    let topic = topic::events(&site.settings.prefix, CONTEXTS[0]);
    let record = Raw {
        key: b"demo/a",
        value: Some(b"{}"),
        headers: &[(NOT_TEXT, b"2"), (b"position", b"1")],
    };
    produce(&site.settings.brokers, &topic, 0, &[record]);
    let readers = site.log.follow(CONTEXTS[0], Pace::Prompt).await;
    let mut reader = readers.unwrap().remove(0);
    reader.seek(0).await.unwrap();
    let got: Vec<Record> = take(reader.as_mut(), 1).await;
    assert_eq!(got[0].log_position, Some(1));
    assert_eq!(got[0].unreadable, Some(NAME_IS_NOT_TEXT));
}

fn header(name: &str, value: &'static [u8]) -> (String, Bytes) {
    (name.to_owned(), Bytes::from_static(value))
}
