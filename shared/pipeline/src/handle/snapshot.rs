//! One snapshot: how it is taken, and everything that is asked of it before it is believed.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use kernel::Context;
use kernel::port::{LoadedStream, Snapshot};
use xxhash_rust::xxh3::Xxh3;

use super::cache::{BadStream, fold};

/// Why a snapshot is not used; the events give the same state.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("its checksum does not fit")]
    Checksum,
    #[error("it is beyond the end of its stream")]
    BeyondEnd,
    #[error("it has another shape")]
    Shape,
    #[error("its state does not decode")]
    Undecodable(#[source] serde_json::Error),
    #[error("decoding its state panicked")]
    Panicked,
}

impl Unusable {
    /// The metric label.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Checksum => "wrong_checksum",
            Self::BeyondEnd => "beyond_end",
            Self::Shape => "other_shape",
            Self::Undecodable(_) | Self::Panicked => "undecodable",
        }
    }
}

/// The state as it is after the event `version` of the key's stream.
pub(crate) fn take<C: Context>(
    key: &str,
    stream: i64,
    version: u64,
    state: &C,
) -> Result<Snapshot, serde_json::Error> {
    let mut snapshot = Snapshot {
        stream,
        version,
        shape: C::SHAPE,
        checksum: 0,
        state: Bytes::from(serde_json::to_vec(state)?),
    };
    snapshot.checksum = checksum(key, &snapshot);
    Ok(snapshot)
}

/// The state that a snapshot of the key's stream holds; `is_there`: its stream has such an event.
pub(crate) fn restore<C: Context>(
    key: &str,
    snapshot: &Snapshot,
    is_there: bool,
) -> Result<C, Unusable> {
    if snapshot.shape != C::SHAPE {
        return Err(Unusable::Shape);
    }
    if snapshot.checksum != checksum(key, snapshot) {
        return Err(Unusable::Checksum);
    }
    if !is_there {
        return Err(Unusable::BeyondEnd);
    }
    catch_unwind(AssertUnwindSafe(|| serde_json::from_slice(&snapshot.state)))
        .map_err(|_| Unusable::Panicked)?
        .map_err(Unusable::Undecodable)
}

/// Over the key, too: a stream number does not name its aggregate.
fn checksum(key: &str, snapshot: &Snapshot) -> i64 {
    let mut hash = Xxh3::new();
    hash.update(&(key.len() as u64).to_le_bytes());
    hash.update(key.as_bytes());
    hash.update(&snapshot.stream.to_le_bytes());
    hash.update(&snapshot.version.to_le_bytes());
    hash.update(&snapshot.shape.to_le_bytes());
    hash.update(&snapshot.state);
    hash.digest().cast_signed()
}

/// What comparing a snapshot with its whole stream has shown.
#[derive(Debug, PartialEq, Eq)]
pub enum Proof {
    /// It is the fold of the stream's events up to its version, byte by byte.
    Holds,
    /// It was taken of another shape of the state, which no program reads.
    OtherShape,
    /// Why it is wrong.
    Refuted(String),
}

/// Folds the stream up to the snapshot's version and compares.
pub(crate) fn prove<C: Context>(stream: &LoadedStream, snapshot: &Snapshot) -> Proof {
    match refute::<C>(stream, snapshot) {
        Ok(()) => Proof::Holds,
        Err(Refuted::Unusable(Unusable::Shape)) => Proof::OtherShape,
        Err(refuted) => Proof::Refuted(refuted.to_string()),
    }
}

#[derive(Debug, thiserror::Error)]
enum Refuted {
    #[error(transparent)]
    Unusable(#[from] Unusable),
    #[error("{0}")]
    Stream(#[from] BadStream),
    #[error("the fold does not encode: {0}")]
    Unencodable(#[from] serde_json::Error),
    #[error(
        "its state is not the fold of its events, the last at position {log_position}: from byte {from} on it has {has}, the fold {folded}"
    )]
    Differs {
        log_position: u64,
        from: usize,
        has: String,
        folded: String,
    },
}

fn refute<C: Context>(stream: &LoadedStream, snapshot: &Snapshot) -> Result<(), Refuted> {
    let upto = stream
        .events
        .iter()
        .take_while(|row| row.sequence <= snapshot.version);
    let upto = &stream.events[..upto.count()];
    let last = upto.last().filter(|row| row.sequence == snapshot.version);
    restore::<C>(&stream.key, snapshot, last.is_some())?;
    let mut state = C::default();
    fold(&stream.key, &mut state, 0, upto)?;
    let folded = serde_json::to_vec(&state)?;
    if *folded == *snapshot.state {
        return Ok(());
    }
    let same = folded.iter().zip(&snapshot.state[..]);
    let from = same.take_while(|(folded, has)| folded == has).count();
    Err(Refuted::Differs {
        log_position: last.map_or(0, |row| row.record.log_position),
        from,
        has: excerpt(&snapshot.state, from),
        folded: excerpt(&folded, from),
    })
}

/// Bytes of a state that a finding quotes.
const QUOTED_MAX: usize = 120;

fn excerpt(state: &[u8], from: usize) -> String {
    let end = state.len().min(from + QUOTED_MAX);
    String::from_utf8_lossy(&state[from.min(end)..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use cqrs_es::Aggregate as _;
    use kernel::batch::EventRow;
    use kernel::record::EventRecord;
    use kernel::{Accepted, Timestamp};
    use trades::{Trade, TradeCommand};

    use super::*;

    const KEY: &str = "demo/T-1";

    /// A trade of three events, and its state after each of them.
    fn traded() -> (LoadedStream, Vec<Trade>) {
        let (mut trade, mut events, mut states) = (Trade::default(), Vec::new(), Vec::new());
        for command in [
            r#"{"type":"BookTrade","data":{"account":"ACC-1","book":"AGENCY","instrument":"IBM",
                "side":"BUY","quantity":"1000","price":"181.52","currency":"USD",
                "traded_at":"2013-10-07T13:30:00Z"}}"#,
            r#"{"type":"RecordFill","data":{"exec_id":"E-1","quantity":"10","price":"181.5",
                "fee":"0.35","traded_at":"2013-10-07T13:30:01Z"}}"#,
            r#"{"type":"RecordFill","data":{"exec_id":"E-2","quantity":"20","price":"181.5",
                "fee":"0.35","traded_at":"2013-10-07T13:30:02Z"}}"#,
        ] {
            let accepted = Accepted {
                id: "T-1".parse().unwrap(),
                actor: "desk".parse().unwrap(),
                identity: None,
                at: Timestamp::from_millis(1_381_152_600_688),
                command: serde_json::from_str::<TradeCommand>(command).unwrap(),
            };
            for event in trade.decide(&accepted, &()).unwrap() {
                events.push(EventRow {
                    stream: 1,
                    sequence: events.len() as u64 + 1,
                    checksum: None,
                    record: EventRecord {
                        log_position: 40 + events.len() as u64,
                        key: KEY.into(),
                        value: serde_json::to_vec(&event).unwrap().into(),
                    },
                });
                trade.apply(event);
                states.push(trade.clone());
            }
        }
        let stream = LoadedStream {
            key: KEY.into(),
            stream: 1,
            events,
        };
        (stream, states)
    }

    #[test]
    fn snapshot_of_every_version_holds() {
        let (stream, states) = traded();
        for (state, version) in states.iter().zip(1..) {
            let snapshot = take(KEY, 1, version, state).unwrap();
            assert_eq!(prove::<Trade>(&stream, &snapshot), Proof::Holds);
            let restored: Trade = restore(KEY, &snapshot, true).unwrap();
            assert_eq!(restored, *state);
        }
    }

    #[test]
    fn state_of_another_version_is_refuted_by_the_event_it_claims_to_stand_on() {
        let (stream, states) = traded();
        let snapshot = take(KEY, 1, 2, &states[2]).unwrap();
        let Proof::Refuted(why) = prove::<Trade>(&stream, &snapshot) else {
            panic!("it holds");
        };
        assert!(why.contains("the last at position 41"), "{why}");
    }

    #[test]
    fn snapshot_of_another_key_stream_version_or_shape_is_not_restored() {
        let (_, states) = traded();
        let taken = take(KEY, 1, 3, &states[2]).unwrap();
        let refused = |key, snapshot: Snapshot| restore::<Trade>(key, &snapshot, true).is_err();
        assert!(!refused(KEY, taken.clone()));
        assert!(refused("demo/T-2", taken.clone()));
        let bent = [
            Snapshot {
                stream: 2,
                ..taken.clone()
            },
            Snapshot {
                version: 2,
                ..taken.clone()
            },
            Snapshot {
                shape: taken.shape + 1,
                ..taken.clone()
            },
            Snapshot {
                checksum: !taken.checksum,
                ..taken.clone()
            },
            Snapshot {
                state: taken.state.slice(1..),
                ..taken.clone()
            },
        ];
        for snapshot in bent {
            assert!(refused(KEY, snapshot.clone()), "{snapshot:?}");
        }
        let beyond = restore::<Trade>(KEY, &taken, false);
        assert!(matches!(beyond, Err(Unusable::BeyondEnd)));
    }

    #[test]
    fn state_that_does_not_decode_is_not_restored() {
        let (_, states) = traded();
        let mut snapshot = take(KEY, 1, 3, &states[2]).unwrap();
        snapshot.state = Bytes::from_static(b"{\"version\":");
        snapshot.checksum = checksum(KEY, &snapshot);
        let restored = restore::<Trade>(KEY, &snapshot, true);
        assert!(matches!(restored, Err(Unusable::Undecodable(_))));
    }
}
