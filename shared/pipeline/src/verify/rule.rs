//! Rules over the streams of several contexts, which stand beside the contexts that they compare.

use async_trait::async_trait;
use kernel::Timestamp;
use kernel::port::{DeadLetters, LoadedStream};
use kernel::topic::Shard;

use super::Findings;

/// An invariant that needs the streams of more than one context.
#[async_trait]
pub trait Rule: Send {
    /// The contexts whose streams it compares.
    fn contexts(&self) -> &'static [&'static str];

    /// Sees every stream of its contexts, whole, once; `until` is the last log position checked.
    fn stream(&mut self, shard: Shard, stream: &LoadedStream, until: u64);

    /// Events of the partition could not be read.
    fn unseen(&mut self, shard: Shard);

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
