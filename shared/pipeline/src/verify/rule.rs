//! Rules over the streams of several contexts, which stand beside the contexts that they compare.

use std::collections::BTreeSet;

use async_trait::async_trait;
use kernel::Timestamp;
use kernel::port::{DeadLetters, LoadedStream};
use kernel::topic::PartitionId;

use super::{Findings, Invariant};

/// An invariant that needs the streams of more than one context.
#[async_trait]
pub trait Rule: Send {
    /// The contexts whose streams it compares.
    fn contexts(&self) -> &'static [&'static str];

    /// Sees every stream of its contexts, whole, once; `until` is the last log position checked.
    fn stream(&mut self, partition_id: PartitionId, stream: &LoadedStream, until: u64);

    /// Events of a partition of its contexts could not be read.
    fn unseen(&mut self, partition_id: PartitionId);

    /// Adds what was found. Streams that agree do so whatever is under way; `moving` names what may
    /// be between streams that do not.
    async fn finish(
        self: Box<Self>,
        world: &RuleWorld<'_>,
        moving: Option<String>,
        findings: &mut Findings,
    );
}

/// What a rule may ask beside the streams.
pub struct RuleWorld<'a> {
    /// Commands that could not be handled: their streams may differ.
    pub dead_letters: &'a dyn DeadLetters,
    /// Of each context.
    pub partitions: u16,
    /// When the check compares.
    pub now: Timestamp,
}

/// How well the streams of a rule could be read: what is wrong within one of them, and what is
/// missing.
#[derive(Default)]
pub struct Coverage {
    broken: Vec<String>,
    /// Partitions of which not every stream was seen.
    unseen: BTreeSet<PartitionId>,
}

impl Coverage {
    /// A stream breaks the rule by itself, or cannot be decoded.
    pub fn broken(&mut self, detail: String) {
        self.broken.push(detail);
    }

    /// Not every event of the partition could be read.
    pub fn unseen(&mut self, partition_id: PartitionId) {
        self.unseen.insert(partition_id);
    }

    /// Adds what is wrong to the findings about a context. `false`: streams are missing, so what
    /// was seen of the others must not be compared.
    #[must_use]
    pub fn report(&self, context: &'static str, findings: &mut Findings) -> bool {
        for broken in &self.broken {
            findings.violation(Invariant::I9, context, broken);
        }
        let Some(unseen) = self.unseen.first() else {
            return true;
        };
        let why = format!("not every event of {unseen} could be read");
        findings.uncompared(&[Invariant::I9], context, why);
        false
    }
}
