//! `GET /v1/operations/dead-letters/{context}/{partition}/{offset}`: one letter, whole.

use std::sync::Arc;

use actix_web::HttpResponse;
use futures::FutureExt as _;
use gateway::{Call, Endpoint, Pending, unanswerable};
use http::problem::Problem;
use kernel::code::platform;
use kernel::frame::framed_object;
use kernel::port::StoredDeadLetter;
use kernel::route::{AnsweredFrom, QuestionRoute};
use kernel::topic::PartitionId;
use operations::Place;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Letter, context_of, hex, text};
use crate::READ;
use crate::search::Letters;

/// Bytes of a value that are shown.
const SHOWN_MAX: usize = 64 * 1024;

const ROUTE: QuestionRoute = QuestionRoute::get::<Whole>(
    "/v1/operations/dead-letters/{context}/{partition}/{offset}",
    "dead_letter",
    READ,
    AnsweredFrom::Store,
    "a dead letter: what it says, its bytes and headers, and what else of its key is parked",
);

/// A header of the record.
#[derive(Debug, Serialize, JsonSchema)]
struct Header {
    name: String,
    /// Hexadecimal digits after `0x` where it is no text; none of an access token.
    value: Option<String>,
}

/// One letter.
#[derive(Debug, Serialize, JsonSchema)]
struct Whole {
    letter: Letter,
    headers: Vec<Header>,
    /// Bytes of the value; none where the record had no value.
    length: Option<u64>,
    /// The value, where it is JSON; what was before it in a frame is left out.
    #[schemars(with = "Option<serde_json::Value>")]
    json: Option<Box<RawValue>>,
    /// The value in hexadecimal digits, 64 KiB of it at most.
    hex: Option<String>,
    /// Letters of its key that are parked, itself aside.
    of_key: OfKey,
}

/// What else of the key is parked.
#[derive(Debug, Serialize, JsonSchema)]
struct OfKey {
    /// Those that have to be dealt with first.
    before: u64,
    /// The first of those.
    first: Option<Place>,
    /// Those that wait behind it.
    behind: u64,
    /// Whether later commands of the key are parked behind it, as long as it is.
    holds_up: bool,
}

/// The endpoint of one letter.
pub struct Shown(pub Arc<Letters>);

impl Shown {
    /// Its row of the route table.
    pub const ROUTE: QuestionRoute = ROUTE;
}

impl Endpoint for Shown {
    fn route(&self) -> QuestionRoute {
        ROUTE
    }

    fn answer(&self, call: Call) -> Pending {
        let letters = Arc::clone(&self.0);
        async move { answer(&letters, &call).await }.boxed_local()
    }
}

async fn answer(letters: &Letters, call: &Call) -> Result<HttpResponse, Problem> {
    let context = context_of(call, &letters.names())?;
    let asked = call.asked(call.now());
    let malformed = |why| unanswerable(call, &ROUTE, why);
    let partition = asked.part::<Number>("partition").map_err(malformed)?;
    let Number(partition) = partition;
    let offset = asked.part::<Number>("offset").map_err(malformed)?;
    let Number(offset) = offset;
    // Another's letter is not there, rather than forbidden.
    let missing = || Problem::new(platform::NOT_FOUND, "there is no such dead letter");
    let partition = u16::try_from(partition).map_err(|_| missing())?;
    let partition_id = PartitionId { context, partition };
    if partition >= letters.ports.rehearsal.partitions {
        return Err(missing());
    }
    let found = letters.guarded(|| letters.at(partition_id, offset));
    let found = found.await?.ok_or_else(missing)?;
    let known = letters.ports.whose.known(found);
    if !letters.ports.whose.sees(&call.principal.tenant, &known) {
        return Err(missing());
    }
    let stored = &known.stored;
    let same = |other: &StoredDeadLetter| {
        other.letter.key == stored.letter.key && other.letter.offset != offset
    };
    let redriver = &letters.ports.redriver;
    let of_key = letters.guarded(|| redriver.parked(partition_id, &same));
    let of_key = OfKey::of(stored, &of_key.await?);
    let value = stored.letter.value.as_deref();
    let headers = stored.letter.headers_shown().map(|(name, value)| Header {
        name: name.to_owned(),
        value: value.map(|value| text(value)),
    });
    Ok(HttpResponse::Ok().json(Whole {
        letter: Letter::of(&known),
        headers: headers.collect(),
        length: value.map(|value| value.len() as u64),
        json: value.and_then(json),
        hex: value.map(|value| hex(&value[..value.len().min(SHOWN_MAX)])),
        of_key,
    }))
}

/// A part of the path.
#[derive(serde::Deserialize)]
#[serde(try_from = "String")]
struct Number(i64);

impl TryFrom<String> for Number {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

impl OfKey {
    fn of(stored: &StoredDeadLetter, others: &[StoredDeadLetter]) -> Self {
        let is_before = |other: &&StoredDeadLetter| other.letter.offset < stored.letter.offset;
        let before = others.iter().filter(is_before).count() as u64;
        let first = others.iter().find(is_before);
        Self {
            before,
            first: first.map(|first| Place {
                partition: first.partition_id.partition,
                offset: first.letter.offset,
            }),
            behind: others.len() as u64 - before,
            holds_up: stored.letter.reason.blocks_key(),
        }
    }
}

fn json(value: &[u8]) -> Option<Box<RawValue>> {
    let value = framed_object(value).unwrap_or(value);
    (value.len() <= SHOWN_MAX)
        .then(|| serde_json::from_slice(value).ok())
        .flatten()
}
