//! `GET /v1/operations/dead-letters`: letters by what they have in common.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use actix_web::HttpResponse;
use futures::FutureExt as _;
use gateway::{Call, Endpoint, Pending};
use http::problem::Problem;
use kernel::Timestamp;
use kernel::route::{AnsweredFrom, Parameter, QuestionRoute};
use operations::Place;
use pipeline::{Known, Traits};
use schemars::JsonSchema;
use serde::Serialize;

use super::{STATE, malformed, state};
use crate::READ;
use crate::search::{Letters, Wanted};
use crate::selection::{By, Selection, context};

/// Groups of one answer: whoever may write to a log can write any name of a command.
const GROUPS_MAX: usize = 1_000;

const ROUTE: QuestionRoute = QuestionRoute::get::<Grouped>(
    "/v1/operations/dead-letters",
    "dead_letters",
    READ,
    AnsweredFrom::Store,
    "commands that could not be handled, by reason, command, schema and producer, the most first",
)
.with(&[
    Parameter::of::<String>("context", "only those of this context"),
    STATE,
]);

/// Letters that failed alike.
#[derive(Debug, Serialize, JsonSchema)]
struct Group {
    fingerprint: String,
    context: &'static str,
    /// Why they could not be handled, as a code.
    reason: &'static str,
    command_type: Option<String>,
    /// The registry's number of the schema, where they were framed.
    schema: Option<u32>,
    /// The producer that is proven to have sent them, or `platform`.
    producer: Option<String>,
    letters: u64,
    /// Different keys among them.
    keys: u64,
    /// When the log took the first of them.
    first_at: Timestamp,
    /// When the log took the last of them.
    last_at: Timestamp,
    /// One of them.
    example: Place,
    /// Why that one could not be handled, in a sentence.
    detail: String,
}

/// All groups.
#[derive(Debug, Serialize, JsonSchema)]
struct Grouped {
    groups: Vec<Group>,
    letters: u64,
    /// Whether every letter was looked at; otherwise there are too many, and a context narrows it.
    is_whole: bool,
}

/// The endpoint of letters by fingerprint.
pub struct Groups(pub Arc<Letters>);

impl Groups {
    /// Its row of the route table.
    pub const ROUTE: QuestionRoute = ROUTE;
}

impl Endpoint for Groups {
    fn route(&self) -> QuestionRoute {
        ROUTE
    }

    fn answer(&self, call: Call) -> Pending {
        let letters = Arc::clone(&self.0);
        async move { answer(&letters, &call).await }.boxed_local()
    }
}

async fn answer(letters: &Letters, call: &Call) -> Result<HttpResponse, Problem> {
    let names = letters.names();
    let contexts = match call.parameters.get("context") {
        None => names,
        Some(name) => {
            let found = context(name, &names);
            vec![found.map_err(|unknown| malformed("context", unknown))?]
        }
    };
    let selection = Selection {
        contexts,
        state: state(&call.parameters)?,
        by: By::All,
    };
    let wanted = Wanted {
        tenant: &call.principal.tenant,
        selection: &selection,
        after: None,
    };
    let grouping = letters.guarded(|| async {
        let mut grouping = Grouping::default();
        let walked = letters.walk(&wanted, |known| grouping.add(&known)).await?;
        Ok((grouping, walked))
    });
    let (grouping, walked) = grouping.await?;
    let mut groups: Vec<_> = grouping.0.into_values().map(|(group, _)| group).collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.letters));
    Ok(HttpResponse::Ok().json(Grouped {
        letters: groups.iter().map(|group| group.letters).sum(),
        groups,
        is_whole: walked.is_none(),
    }))
}

/// Groups so far, and the hashes of their keys.
#[derive(Default)]
struct Grouping(BTreeMap<Traits, (Group, HashSet<u64>)>);

impl Grouping {
    /// Whether another letter may follow.
    fn add(&mut self, known: &Known) -> bool {
        let letter = &known.stored.letter;
        if !self.0.contains_key(&known.traits) {
            let new = (Group::of(known), HashSet::new());
            self.0.insert(known.traits.clone(), new);
        }
        if let Some((group, keys)) = self.0.get_mut(&known.traits) {
            group.letters += 1;
            group.first_at = group.first_at.min(letter.logged_at);
            group.last_at = group.last_at.max(letter.logged_at);
            let mut hash = DefaultHasher::new();
            letter.key.hash(&mut hash);
            keys.insert(hash.finish());
            group.keys = keys.len() as u64;
        }
        self.0.len() < GROUPS_MAX
    }
}

impl Group {
    fn of(known: &Known) -> Self {
        let (stored, traits) = (&known.stored, &known.traits);
        Self {
            fingerprint: traits.fingerprint().to_string(),
            context: traits.context,
            reason: traits.reason,
            command_type: traits.command_type.clone(),
            schema: traits.schema,
            producer: traits.producer.clone(),
            letters: 0,
            keys: 0,
            first_at: stored.letter.logged_at,
            last_at: stored.letter.logged_at,
            example: Place {
                partition: stored.partition_id.partition,
                offset: stored.letter.offset,
            },
            detail: stored.letter.detail.clone(),
        }
    }
}
