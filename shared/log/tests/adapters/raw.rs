//! A producer that writes what no client library would: the bytes of a batch are the test's own.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use bytes::{BufMut as _, Bytes, BytesMut};

/// A record of a batch.
#[derive(Clone, Copy)]
pub(crate) struct Raw<'a> {
    pub(crate) key: &'a [u8],
    pub(crate) value: Option<&'a [u8]>,
    pub(crate) headers: &'a [(&'a [u8], &'a [u8])],
}

/// Writes one batch to a partition and waits until it is in the log.
pub(crate) fn produce(broker: &str, topic: &str, partition: i32, records: &[Raw<'_>]) {
    let mut body = BytesMut::new();
    body.put_i16(-1); // no transaction
    body.put_i16(-1); // acks=all
    body.put_i32(30_000);
    body.put_i32(1);
    put_text(&mut body, topic);
    body.put_i32(1);
    body.put_i32(partition);
    let batch = batch(records);
    body.put_i32(length(batch.len()));
    body.put_slice(&batch);
    let answer = ask(broker, 0, 3, &body);
    // Topics (1), name, partitions (1), partition: then the error.
    let error = 4 + 2 + topic.len() + 4 + 4;
    let error = i16::from_be_bytes([answer[error], answer[error + 1]]);
    assert_eq!(error, 0, "the broker refuses the batch");
}

fn ask(broker: &str, api: i16, version: i16, body: &[u8]) -> Vec<u8> {
    let mut request = BytesMut::new();
    request.put_i16(api);
    request.put_i16(version);
    request.put_i32(1);
    put_text(&mut request, "raw");
    request.put_slice(body);
    let mut stream = TcpStream::connect(broker).unwrap();
    stream
        .write_all(&length(request.len()).to_be_bytes())
        .unwrap();
    stream.write_all(&request).unwrap();
    let mut size = [0; 4];
    stream.read_exact(&mut size).unwrap();
    let mut answer = vec![0; usize::try_from(i32::from_be_bytes(size)).unwrap()];
    stream.read_exact(&mut answer).unwrap();
    answer.split_off(4)
}

/// A batch of format 2, not compressed.
fn batch(records: &[Raw<'_>]) -> Bytes {
    let now = 1_700_000_000_000;
    let mut checked = BytesMut::new();
    checked.put_i16(0); // attributes
    checked.put_i32(length(records.len()) - 1);
    checked.put_i64(now);
    checked.put_i64(now);
    checked.put_i64(-1); // producer, its epoch and sequence
    checked.put_i16(-1);
    checked.put_i32(-1);
    checked.put_i32(length(records.len()));
    for (place, record) in records.iter().enumerate() {
        put_record(&mut checked, place, record);
    }
    let mut batch = BytesMut::new();
    batch.put_i64(0);
    batch.put_i32(length(4 + 1 + 4 + checked.len()));
    batch.put_i32(-1); // leader's epoch
    batch.put_i8(2);
    batch.put_u32(crc32c::crc32c(&checked));
    batch.put_slice(&checked);
    batch.freeze()
}

fn put_record(out: &mut BytesMut, place: usize, record: &Raw<'_>) {
    let mut body = BytesMut::new();
    body.put_i8(0);
    put_varint(&mut body, 0);
    put_varint(&mut body, i64::try_from(place).unwrap());
    put_bytes(&mut body, Some(record.key));
    put_bytes(&mut body, record.value);
    put_varint(&mut body, i64::try_from(record.headers.len()).unwrap());
    for (name, value) in record.headers {
        put_bytes(&mut body, Some(name));
        put_bytes(&mut body, Some(value));
    }
    put_bytes(out, Some(&body));
}

fn put_bytes(out: &mut BytesMut, bytes: Option<&[u8]>) {
    match bytes {
        None => put_varint(out, -1),
        Some(bytes) => {
            put_varint(out, i64::try_from(bytes.len()).unwrap());
            out.put_slice(bytes);
        }
    }
}

/// Zigzag, seven bits at a time.
fn put_varint(out: &mut BytesMut, number: i64) {
    let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
    while rest > 0x7f {
        out.put_u8(u8::try_from(rest & 0x7f).unwrap() | 0x80);
        rest >>= 7;
    }
    out.put_u8(u8::try_from(rest).unwrap());
}

fn put_text(out: &mut BytesMut, text: &str) {
    out.put_i16(i16::try_from(text.len()).unwrap());
    out.put_slice(text.as_bytes());
}

fn length(length: usize) -> i32 {
    i32::try_from(length).unwrap()
}
