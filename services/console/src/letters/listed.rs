//! `GET /v1/operations/dead-letters/{context}`: letters one after the other.

use std::sync::Arc;

use actix_web::HttpResponse;
use futures::FutureExt as _;
use gateway::{Call, Endpoint, Pending};
use http::problem::Problem;
use kernel::route::{AnsweredFrom, Parameter, QuestionRoute};
use operations::Place;
use pipeline::Fingerprint;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Letter, STATE, context_of, malformed, state};
use crate::READ;
use crate::search::{Letters, Wanted};
use crate::selection::{By, Selection};

/// Letters of a page, and the most of one.
const PAGE: usize = 50;
const PAGE_MAX: usize = 200;

const ROUTE: QuestionRoute = QuestionRoute::get::<Page>(
    "/v1/operations/dead-letters/{context}",
    "dead_letters_of_context",
    READ,
    AnsweredFrom::Store,
    "dead letters of a context, a page of them in the order of partitions and offsets",
)
.with(&[
    Parameter::of::<String>("fingerprint", "only those that failed alike"),
    Parameter::of::<String>("key", "only those of this key, such as `demo/T-1`"),
    STATE,
    Parameter::of::<u16>("limit", "letters on the page, 1 to 200; 50 when absent"),
    Parameter::of::<String>(
        "cursor",
        "where the page begins, as the page before says in `next`",
    ),
]);

/// A page of letters.
#[derive(Debug, Serialize, JsonSchema)]
struct Page {
    letters: Vec<Letter>,
    /// The cursor of the next page; a page may be short, or empty, and have a next one all the same.
    next: Option<String>,
}

/// The endpoint of a context's letters.
pub struct Listed(pub Arc<Letters>);

impl Listed {
    /// Its row of the route table.
    pub const ROUTE: QuestionRoute = ROUTE;
}

impl Endpoint for Listed {
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
    let parameters = &call.parameters;
    let selection = Selection {
        contexts: vec![context],
        state: state(parameters)?,
        by: by(call)?,
    };
    let max = match parameters.get("limit").map(str::parse::<usize>) {
        None => PAGE,
        Some(Ok(limit)) if (1..=PAGE_MAX).contains(&limit) => limit,
        Some(_) => return Err(malformed("limit", "is not 1 to 200")),
    };
    let after = parameters.get("cursor").map(place).transpose()?;
    let wanted = Wanted {
        tenant: &call.principal.tenant,
        selection: &selection,
        after: after.map(|place| (0, place)),
    };
    let found = letters.guarded(|| letters.find(&wanted, max));
    let found = found.await?;
    let next = found.after.map(|(_, place)| cursor(place));
    let letters = found.letters.iter().map(Letter::of).collect();
    Ok(HttpResponse::Ok().json(Page { letters, next }))
}

fn by(call: &Call) -> Result<By, Problem> {
    let named = ["fingerprint", "key"].map(|name| call.parameters.get(name));
    match named {
        [None, None] => Ok(By::All),
        [None, Some(key)] => Ok(By::Key(key.into())),
        [Some(fingerprint), None] => {
            let fingerprint = fingerprint.parse::<Fingerprint>();
            let fingerprint = fingerprint.map_err(|error| malformed("fingerprint", error))?;
            Ok(By::Fingerprint(fingerprint))
        }
        [Some(_), Some(_)] => Err(malformed(
            "key",
            "stands beside a fingerprint: give one of them",
        )),
    }
}

fn cursor(place: Place) -> String {
    format!("{}:{}", place.partition, place.offset)
}

fn place(cursor: &str) -> Result<Place, Problem> {
    let parts = cursor.split_once(':');
    let place = parts.and_then(|(partition, offset)| {
        Some(Place {
            partition: partition.parse().ok()?,
            offset: offset.parse().ok()?,
        })
    });
    place.ok_or_else(|| malformed("cursor", "is none that a page has given"))
}
