//! `GET /v1/operations/projections`: how far views, reactions and effects have read the events.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::HttpResponse;
use futures::FutureExt as _;
use gateway::{Call, Endpoint, Pending};
use health::Health;
use http::problem::Problem;
use kernel::code::platform;
use kernel::port::{EventReader, ReadModel, ViewId};
use kernel::route::{AnsweredFrom, QuestionRoute};
use kernel::topic::PartitionId;
use kernel::{Fault, Timestamp};
use pipeline::{Seen, Slices, Work};
use resilience::{Deadline, Dependency};
use schemars::JsonSchema;
use serde::Serialize;

use crate::READ;
use crate::partitions::Worker;
use crate::search::WAIT;

const ROUTE: QuestionRoute = QuestionRoute::get::<Answer>(
    "/v1/operations/projections",
    "projections",
    READ,
    AnsweredFrom::Store,
    "how far each view in each read model, each reaction and each effect has read the events",
);

/// Everything that reads events and keeps how far it is.
#[derive(Debug, Serialize, JsonSchema)]
struct Answer {
    /// The process that answers: what workers say, and live projections, are known of its own alone.
    process: String,
    projections: Vec<Projection>,
    live: Vec<Live>,
}

/// What is kept where.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    View,
    Reaction,
    Effect,
}

/// A reader of a context's events.
#[derive(Debug, Serialize, JsonSchema)]
struct Projection {
    kind: Kind,
    name: &'static str,
    /// Of the view's values; 1 of reactions and effects.
    version: u16,
    /// Where its values and its progress are.
    model: &'static str,
    /// Whose events it reads.
    context: &'static str,
    /// Events that it has not read, of all partitions.
    behind: u64,
    partitions: Vec<Partition>,
}

/// One partition's share.
#[derive(Debug, Serialize, JsonSchema)]
struct Partition {
    partition: u16,
    /// Of the last event that it has read.
    log_position: u64,
    /// Events after that.
    behind: u64,
    /// That of this process, if it is the one that works on it.
    worker: Option<Worker>,
}

/// A projection in the memory of the process that answers.
#[derive(Debug, Serialize, JsonSchema)]
struct Live {
    name: &'static str,
    /// How old it may be, seconds; none while it is still being read.
    age_s: Option<f64>,
}

/// A read model, under its name.
pub struct Model {
    /// Such as `redis`.
    pub name: &'static str,
    /// Keeps values and progress.
    pub model: Arc<dyn ReadModel>,
    /// Whether it also keeps the progress of reactions and effects.
    pub durable: bool,
}

/// What all that reads events is looked at with.
pub struct Projections {
    /// Of the process.
    pub health: Arc<Health>,
    /// As people know the process.
    pub process: String,
    /// What there is.
    pub slices: Slices,
    /// Where it is kept.
    pub models: Arc<[Model]>,
    /// Where the events are.
    pub reader: Arc<dyn EventReader>,
    /// Stands before all of them.
    pub guard: Arc<Dependency>,
    /// Per topic.
    pub partitions: u16,
}

impl Projections {
    /// Its row of the route table.
    pub const ROUTE: QuestionRoute = ROUTE;
}

impl Endpoint for Projections {
    fn route(&self) -> QuestionRoute {
        ROUTE
    }

    fn answer(&self, call: Call) -> Pending {
        let looking = Looking {
            slices: self.slices.clone(),
            models: Arc::clone(&self.models),
            reader: Arc::clone(&self.reader),
            partitions: self.partitions,
            seen: self.health.movement.seen(),
            now: call.now(),
        };
        let (health, guard) = (Arc::clone(&self.health), Arc::clone(&self.guard));
        let process = self.process.clone();
        async move {
            let looked = guard.call_once(Deadline::within(WAIT), || looking.look());
            let projections = looked.await.map_err(|error| {
                let detail = "events or read models cannot be read now";
                Problem::new(platform::DEPENDENCY_UNAVAILABLE, detail).because(error)
            })?;
            let live = health.projections.iter().map(|projection| Live {
                name: projection.name,
                age_s: (projection.age)().map(|age| age.as_secs_f64()),
            });
            Ok(HttpResponse::Ok().json(Answer {
                process,
                projections,
                live: live.collect(),
            }))
        }
        .boxed_local()
    }
}

struct Looking {
    slices: Slices,
    models: Arc<[Model]>,
    reader: Arc<dyn EventReader>,
    partitions: u16,
    seen: Vec<Seen>,
    now: Timestamp,
}

/// A reader of events, before it was looked at.
struct Kept {
    kind: Kind,
    id: ViewId,
    name: &'static str,
    context: &'static str,
    work: Work,
}

impl Looking {
    async fn look(&self) -> Result<Vec<Projection>, Fault> {
        let heads = self.reader.heads(&self.slices.names()).await?;
        let heads: HashMap<_, _> = heads.into_iter().collect();
        let mut projections = Vec::new();
        for model in self.models.iter() {
            let kept = self.kept(model.durable);
            let asked: Vec<_> = kept
                .iter()
                .flat_map(|kept| (0..self.partitions).map(|partition| (kept.id, partition)))
                .collect();
            let checkpoints = model.model.checkpoints(&asked).await?;
            let positions: Vec<_> = checkpoints.iter().map(|at| at.log_position).collect();
            let of_each = positions.chunks(usize::from(self.partitions));
            for (kept, positions) in kept.iter().zip(of_each) {
                projections.push(self.projection(kept, model.name, positions, &heads));
            }
        }
        Ok(projections)
    }

    fn kept(&self, durable: bool) -> Vec<Kept> {
        let views = self.slices.views.iter().map(|view| Kept {
            kind: Kind::View,
            id: view.id,
            name: view.id.name,
            context: view.of,
            work: Work::Projection,
        });
        let reactions = self.slices.reactions.iter().map(|reaction| Kept {
            kind: Kind::Reaction,
            id: reaction.progress,
            name: reaction.name,
            context: reaction.on,
            work: Work::Reaction,
        });
        let effects = self.slices.effects.iter().map(|effect| Kept {
            kind: Kind::Effect,
            id: effect.progress,
            name: effect.name,
            context: effect.on,
            work: Work::Effect,
        });
        let progress = reactions.chain(effects).filter(|_| durable);
        views.chain(progress).collect()
    }

    fn projection(
        &self,
        kept: &Kept,
        model: &'static str,
        positions: &[u64],
        heads: &HashMap<PartitionId, u64>,
    ) -> Projection {
        let partitions = positions.iter().zip(0..).map(|(log_position, partition)| {
            let context = kept.context;
            let partition_id = PartitionId { context, partition };
            let head = heads.get(&partition_id).copied().unwrap_or_default();
            Partition {
                partition,
                log_position: *log_position,
                behind: head.saturating_sub(*log_position),
                worker: self.worker(kept, model, partition_id),
            }
        });
        let partitions: Vec<_> = partitions.collect();
        Projection {
            kind: kept.kind,
            name: kept.name,
            version: kept.id.version,
            model,
            context: kept.context,
            behind: partitions.iter().map(|one| one.behind).sum(),
            partitions,
        }
    }

    fn worker(&self, kept: &Kept, model: &str, partition_id: PartitionId) -> Option<Worker> {
        let name = match kept.kind {
            Kind::View => pipeline::projection_named(kept.id, model, partition_id),
            Kind::Reaction | Kind::Effect => format!("{}, {partition_id}", kept.name),
        };
        let mut seen = self.seen.iter();
        let found = seen.find(|seen| seen.work == kept.work && *seen.name == *name);
        found.map(|seen| Worker::of(seen, self.now))
    }
}
