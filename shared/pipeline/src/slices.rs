//! The list of what the platform knows, with its types erased: one line per aggregate, view and
//! reaction, and no role needs a change for a new one.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};
use kernel::id::{AggregateId, CommandId};
use kernel::port::{EffectPartition, LoadedStream, Snapshot, StoredDeadLetter, ViewId, ViewValue};
use kernel::record::{EventRecord, Undecodable};
use kernel::route::{CommandRoute, Parameter, SchemaOf, ViewRoute, schema_of};
use kernel::topic::PartitionId;
use kernel::{
    BadParameter, Code, Context, Effect, Facts, Fault, Parameters, Reaction, Rejection, View,
    adjacent,
};
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use crate::act::{self, Act, ActPorts, ActSettings};
use crate::command;
use crate::commit::CommitHandle;
use crate::handle::{
    Foreseen, Processor, ProcessorPorts, ProcessorSettings, Proof, RehearsalPorts, prove, rehearse,
};
use crate::live::{self, Interest, LiveSlice};
use crate::project::{
    BodyFilter, FoldError, Projector, ProjectorPorts, ProjectorSettings, Until, asks_refold,
    beside, filter, fold, view_id,
};
use crate::reactor::{Reactor, ReactorPorts, caused, progress_id};

/// Everything that runs on the pipeline.
#[derive(Clone, Default)]
pub struct Slices {
    /// In the order of their declaration.
    pub contexts: Vec<ContextSlice>,
    /// Of all contexts.
    pub views: Vec<ViewSlice>,
    /// Between any two contexts, or of one to itself.
    pub reactions: Vec<ReactionSlice>,
    /// Every effect.
    pub effects: Vec<EffectSlice>,
}

type Role = BoxFuture<'static, ()>;
type Process = fn(ProcessorPorts, ProcessorSettings, CommitHandle, CancellationToken) -> Role;
type Rehearse = fn(RehearsalPorts, PartitionId, Vec<StoredDeadLetter>) -> Rehearsed;
/// What would become of each letter.
pub(crate) type Rehearsed = BoxFuture<'static, Result<Vec<Foreseen>, Fault>>;
type Prove = fn(&LoadedStream, &Snapshot) -> Proof;
type Project = fn(ProjectorPorts, ProjectorSettings, CancellationToken) -> Role;
type Fold = fn(&LoadedStream, u16, Until, &Parameters) -> Result<Option<ViewValue>, FoldError>;
type Beside = fn(&[u8], &Parameters) -> Result<Option<Bytes>, FoldError>;
type Caused =
    Arc<dyn Fn(&EventRecord) -> Result<Vec<(Arc<str>, CommandId)>, Undecodable> + Send + Sync>;
/// The name of a command, and its data.
pub type Named<'c> = (&'c str, &'c RawValue);
type FactsOfCommand = fn(&AggregateId, Option<Named<'_>>) -> Result<Facts, serde_json::Error>;
type FactsOfBody = fn(&[u8], Option<Named<'_>>) -> Result<Facts, serde_json::Error>;
type Perform = Arc<dyn Fn(ActPorts, ActSettings, CancellationToken) -> Role + Send + Sync>;
type React = Arc<dyn Fn(ReactorPorts, CancellationToken) -> Role + Send + Sync>;

/// A context, as roles and gateway see it.
#[derive(Clone, Copy)]
pub struct ContextSlice {
    /// [`Context::NAME`].
    pub name: &'static str,
    /// cqrs-es's name of its aggregate.
    pub aggregate_type: &'static str,
    /// [`Context::COMMANDS`].
    pub commands: &'static [CommandRoute],
    /// Of the enum of its commands.
    pub schema: SchemaOf,
    /// Codes that its aggregate refuses with.
    pub codes: &'static [Code],
    /// [`Context::BLANKS_IN_IDS`].
    pub blanks_in_ids: bool,
    /// [`Context::ASKS_IDENTITY`].
    pub asks_identity: bool,
    /// A command's data as its type writes it, from its name and what a caller sent: two callers
    /// that mean the same send the same bytes.
    pub canonical: fn(&str, &RawValue) -> Result<Box<RawValue>, serde_json::Error>,
    /// [`Context::facts`] of an id, and of a command by name and data.
    pub facts: FactsOfCommand,
    /// [`Context::reaches`] of a command by name and data.
    pub reaches: fn(Named<'_>) -> Result<Option<AggregateId>, serde_json::Error>,
    /// Runs its processor until stopped.
    pub process: Process,
    /// Foresees what a redrive of one partition's letters, in offset order, would come to.
    pub rehearse: Rehearse,
    /// Whether a snapshot is the fold of its stream.
    pub prove: Prove,
}

/// A view, as roles and queries see it.
#[derive(Clone, Copy)]
pub struct ViewSlice {
    /// Name and version.
    pub id: ViewId,
    /// The context whose events it folds.
    pub of: &'static str,
    /// [`View::ROUTE`].
    pub route: ViewRoute,
    /// Of one value's body.
    pub schema: SchemaOf,
    /// Parameters that one value may be asked with, and that a list may be narrowed by.
    pub parameters: &'static [Parameter],
    /// [`View::FILTERS`].
    pub filters: &'static [Parameter],
    /// [`View::facts`] of a body, for a command by name and data or for a reader; none where an id says
    /// all there is.
    pub facts: Option<FactsOfBody>,
    /// Runs its projector for one read model until stopped.
    pub project: Project,
    /// The view of one stream, on the spot.
    pub fold: Fold,
    /// Whether parameters ask for a fold of their own.
    pub asks_refold: fn(&Parameters) -> Result<bool, BadParameter>,
    /// What a list is narrowed to by parameters.
    pub filter: fn(&Parameters) -> Result<Option<BodyFilter>, BadParameter>,
    /// The body with what parameters ask for beside it.
    pub beside: Beside,
    /// The view in live streams.
    pub live: LiveSlice,
}

/// A reaction, as roles see it.
#[derive(Clone)]
pub struct ReactionSlice {
    /// [`Reaction::NAME`].
    pub name: &'static str,
    /// The context that it listens to.
    pub on: &'static str,
    /// The context that its commands are for.
    pub to: &'static str,
    /// The commands that an event causes: the key of each, and its id.
    pub caused: Caused,
    /// Where a durable read model keeps how far it is.
    pub progress: ViewId,
    /// Runs it until stopped.
    pub react: React,
}

/// An effect, as roles see it.
#[derive(Clone)]
pub struct EffectSlice {
    /// [`Effect::NAME`].
    pub name: &'static str,
    /// The context listened to.
    pub on: &'static str,
    /// The context that its commands are for.
    pub to: &'static str,
    /// The dependency that it calls: what [`ActPorts::outside`] and its guard are of.
    pub outside: &'static str,
    /// Where a durable read model keeps how far it is.
    pub progress: ViewId,
    /// Makes its calls until stopped.
    pub act: Perform,
}

impl EffectSlice {
    /// Its calls in each partition, as [`ParkedCalls`](kernel::port::ParkedCalls) and people know them.
    pub fn partition_ids(&self, partitions: u16) -> impl Iterator<Item = EffectPartition> {
        let (effect, context) = (self.name, self.on);
        (0..partitions).map(move |partition| EffectPartition {
            effect,
            partition_id: PartitionId { context, partition },
        })
    }
}

impl Slices {
    /// With that context.
    #[must_use]
    pub fn context<C: Context>(mut self) -> Self {
        self.contexts.push(ContextSlice {
            name: C::NAME,
            aggregate_type: C::TYPE,
            blanks_in_ids: C::BLANKS_IN_IDS,
            asks_identity: C::ASKS_IDENTITY,
            commands: C::COMMANDS,
            schema: schema_of::<C::Input>,
            codes: <C::Error as Rejection>::CODES,
            canonical: canonical::<C>,
            facts: facts_of_command::<C>,
            reaches: |command| {
                Ok(read::<C>(Some(command))?.and_then(|command| C::reaches(&command)))
            },
            process: |ports, settings, committer, stop| {
                Processor::<C>::new(ports, settings, committer, C::Services::default())
                    .run(stop)
                    .boxed()
            },
            rehearse: |ports, partition_id, letters| {
                rehearse::<C>(ports, partition_id, letters).boxed()
            },
            prove: prove::<C>,
        });
        self
    }

    /// With that view.
    #[must_use]
    pub fn view<V: View>(mut self) -> Self {
        self.views.push(ViewSlice {
            id: view_id::<V>(),
            of: <V::Of as Context>::NAME,
            route: V::ROUTE,
            schema: schema_of::<V>,
            parameters: V::PARAMETERS,
            filters: V::FILTERS,
            facts: V::HAS_FACTS.then_some(facts_of_body::<V>),
            project: |ports, settings, stop| Projector::<V>::new(ports, settings).run(stop).boxed(),
            fold: fold::<V>,
            asks_refold: asks_refold::<V>,
            filter: filter::<V>,
            beside: beside::<V>,
            live: LiveSlice {
                name: collection(V::ROUTE.list),
                interest: Interest::of::<V>,
                decode: live::decode::<V>,
                wanted: live::wanted::<V>,
                feed: |ports, stop| live::feed::<V>(ports, stop).boxed(),
            },
        });
        self
    }

    /// With that reaction.
    #[must_use]
    pub fn reaction<R: Reaction + Clone>(mut self, reaction: R) -> Self {
        let reacting = reaction.clone();
        self.reactions.push(ReactionSlice {
            name: R::NAME,
            on: R::ON,
            to: <R::To as Context>::NAME,
            caused: Arc::new(move |record| caused(&reacting, record)),
            progress: progress_id::<R>(),
            react: Arc::new(move |ports, stop| {
                Reactor::new(reaction.clone(), ports).run(stop).boxed()
            }),
        });
        self
    }

    /// Adds an effect.
    #[must_use]
    pub fn effect<E: Effect + Clone>(mut self, effect: E) -> Self {
        self.effects.push(EffectSlice {
            name: E::NAME,
            on: E::ON,
            to: <E::To as Context>::NAME,
            outside: E::OUTSIDE,
            progress: act::progress_id::<E>(),
            act: Arc::new(move |ports, settings, stop| {
                Act::new(effect.clone(), ports, settings).run(stop).boxed()
            }),
        });
        self
    }

    /// Where a durable read model keeps how far reactions and effects are: it must have them before
    /// they run.
    #[must_use]
    pub fn progress(&self) -> Vec<ViewId> {
        let reactions = self.reactions.iter().map(|reaction| reaction.progress);
        let effects = self.effects.iter().map(|effect| effect.progress);
        reactions.chain(effects).collect()
    }

    /// Names of all contexts.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.contexts.iter().map(|context| context.name).collect()
    }
}

/// The last name of a path.
fn collection(path: &'static str) -> &'static str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

fn canonical<C: Context>(kind: &str, data: &RawValue) -> Result<Box<RawValue>, serde_json::Error> {
    let command: C::Input = adjacent::from_raw(kind, data)?;
    command::split(&command).map(|(_, data)| data)
}

fn facts_of_command<C: Context>(
    id: &AggregateId,
    command: Option<Named<'_>>,
) -> Result<Facts, serde_json::Error> {
    Ok(C::facts(id, read::<C>(command)?.as_ref()))
}

fn facts_of_body<V: View>(
    body: &[u8],
    command: Option<Named<'_>>,
) -> Result<Facts, serde_json::Error> {
    let view: V = serde_json::from_slice(body)?;
    Ok(view.facts(read::<V::Of>(command)?.as_ref()))
}

fn read<C: Context>(command: Option<Named<'_>>) -> Result<Option<C::Input>, serde_json::Error> {
    let command = command.map(|(kind, data)| adjacent::from_raw(kind, data));
    command.transpose()
}
