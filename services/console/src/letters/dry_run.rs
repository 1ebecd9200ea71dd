//! `POST /v1/operations/dead-letters/dry-run`: what a redrive would come to.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::HttpResponse;
use futures::FutureExt as _;
use gateway::{Call, Endpoint, Pending, unanswerable};
use http::problem::Problem;
use kernel::Fault;
use kernel::port::StoredDeadLetter;
use kernel::route::{AnsweredFrom, QuestionRoute};
use kernel::topic::PartitionId;
use operations::Place;
use pipeline::{Foreseen, Stays};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::missing;
use crate::READ;
use crate::search::{Letters, Wanted};
use crate::selection::Selection;

/// Letters that one dry run tries.
const TRIED_MAX: usize = 1_000;
/// Of those that would not pass, how many are named.
const NAMED_MAX: usize = 20;

const ROUTE: QuestionRoute = QuestionRoute::get::<Foresight>(
    "/v1/operations/dead-letters/dry-run",
    "dry_run_of_redrive",
    READ,
    AnsweredFrom::Store,
    "what would become of letters if they were redriven now; nothing is sent",
)
.with_body::<Asked>();

/// The letters that are meant.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Asked {
    letters: operations::Letters,
}

/// What a redrive would come to.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct Foresight {
    /// Letters that were tried.
    letters: u64,
    /// Their commands would be accepted, or have their answer already.
    would_pass: u64,
    would_be_rejected: u64,
    /// They would be dead letters again.
    would_be_parked: u64,
    /// They would not even be sent.
    would_stay: u64,
    /// Whether all that are meant were tried; otherwise these are the first of them.
    is_whole: bool,
    /// Some of those that would not pass.
    examples: Vec<Example>,
}

/// A letter that would not pass.
#[derive(Debug, Serialize, JsonSchema)]
struct Example {
    place: Place,
    /// Hexadecimal digits after `0x` where it is no text.
    key: Option<String>,
    /// `rejected`, `parked` or `stays`.
    would: &'static str,
    /// The code of the rejection, or the reason of the letter.
    code: Option<String>,
    detail: String,
}

/// The endpoint of the dry run.
pub struct DryRun(pub Arc<Letters>);

impl DryRun {
    /// Its row of the route table.
    pub const ROUTE: QuestionRoute = ROUTE;
}

impl Endpoint for DryRun {
    fn route(&self) -> QuestionRoute {
        ROUTE
    }

    fn answer(&self, call: Call) -> Pending {
        let letters = Arc::clone(&self.0);
        async move { answer(&letters, &call).await }.boxed_local()
    }
}

async fn answer(letters: &Letters, call: &Call) -> Result<HttpResponse, Problem> {
    let asked = call.asked(call.now()).read_body::<Asked>();
    let asked = asked.map_err(|why| unanswerable(call, &ROUTE, why))?;
    let selection = Selection::of(&asked.letters, &letters.names());
    let selection = selection.map_err(|unknown| missing(&unknown))?;
    let wanted = Wanted {
        tenant: &call.principal.tenant,
        selection: &selection,
        after: None,
    };
    let foresight = letters.guarded(|| letters.foresee(&wanted));
    Ok(HttpResponse::Ok().json(foresight.await?))
}

impl Letters {
    async fn foresee(&self, wanted: &Wanted<'_>) -> Result<Foresight, Fault> {
        let found = self.find(wanted, TRIED_MAX).await?;
        let mut foresight = Foresight {
            is_whole: found.after.is_none(),
            ..Foresight::default()
        };
        let mut partitions: BTreeMap<u16, Vec<StoredDeadLetter>> = BTreeMap::new();
        for known in found.letters {
            let stored = known.stored;
            let of_partition = partitions.entry(stored.partition_id.partition).or_default();
            of_partition.push(stored);
        }
        for letters in partitions.into_values() {
            self.rehearse(letters, &mut foresight).await?;
        }
        Ok(foresight)
    }

    /// Letters of one partition.
    async fn rehearse(
        &self,
        letters: Vec<StoredDeadLetter>,
        foresight: &mut Foresight,
    ) -> Result<(), Fault> {
        let Some(partition_id) = letters.first().map(|first| first.partition_id) else {
            return Ok(());
        };
        let barred = self.ports.redriver.barred(&letters).await?;
        let is_barred = |stored: &StoredDeadLetter| {
            barred.contains_key(&(stored.partition_id, stored.letter.offset))
        };
        let (behind, free): (Vec<_>, Vec<_>) = letters.into_iter().partition(is_barred);
        for stored in &behind {
            foresight.add(stored, &Foreseen::Stays(Stays::Behind));
        }
        let foreseen = self.rehearsed(partition_id, free.clone()).await?;
        for (stored, foreseen) in free.iter().zip(&foreseen) {
            foresight.add(stored, foreseen);
        }
        Ok(())
    }

    async fn rehearsed(
        &self,
        partition_id: PartitionId,
        letters: Vec<StoredDeadLetter>,
    ) -> Result<Vec<Foreseen>, Fault> {
        let mut contexts = self.ports.contexts.iter();
        let context = contexts.find(|context| context.name == partition_id.context);
        let Some(context) = context else {
            let attempt = format!("find the context {}", partition_id.context);
            return Err(Fault::bare("dead letters", attempt));
        };
        (context.rehearse)(self.ports.rehearsal.clone(), partition_id, letters).await
    }
}

impl Foresight {
    fn add(&mut self, stored: &StoredDeadLetter, foreseen: &Foreseen) {
        self.letters += 1;
        let (would, code, detail) = match foreseen {
            Foreseen::Accepted | Foreseen::Repeated | Foreseen::Forwarded => {
                self.would_pass += 1;
                return;
            }
            Foreseen::Rejected { code, detail } => {
                self.would_be_rejected += 1;
                ("rejected", Some(code.to_string()), detail.to_string())
            }
            Foreseen::Parked { reason, detail } => {
                self.would_be_parked += 1;
                ("parked", Some(reason.as_str().to_owned()), detail.clone())
            }
            Foreseen::Stays(stays) => {
                self.would_stay += 1;
                ("stays", None, stays.as_str().to_owned())
            }
        };
        if self.examples.len() < NAMED_MAX {
            self.examples.push(Example {
                place: Place {
                    partition: stored.partition_id.partition,
                    offset: stored.letter.offset,
                },
                key: stored.letter.key.as_deref().map(super::text),
                would,
                code,
                detail,
            });
        }
    }
}
