//! The figures as the pipeline folds them.

use kernel::context::Folded;
use kernel::record::{self, Undecodable};
use kernel::{EventMeta, LiveProjection};

use crate::agent::AgentEvent;
use crate::conversation::ConversationEvent;
use crate::kept::KeptMetrics;
use crate::metrics::Metrics;
use crate::queue::QueueEvent;

/// An event that is counted.
#[derive(Debug)]
pub enum MetricsEvent {
    Agent(AgentEvent),
    Conversation(ConversationEvent),
    Queue(QueueEvent),
}

impl LiveProjection for Metrics {
    const NAME: &'static str = "metrics";
    const ON: &'static [&'static str] = &Self::CONTEXTS;
    const SHAPE: u16 = 1;
    type Event = MetricsEvent;
    type Kept = KeptMetrics;

    fn decode(
        context: &str,
        position: u64,
        value: &[u8],
    ) -> Result<(EventMeta, Option<MetricsEvent>), Undecodable> {
        let wants = |kind: &str| Self::wants(context, kind);
        Ok(match context {
            "agents" => {
                let (meta, event) = record::decode_if(position, value, wants)?;
                (meta, event.map(MetricsEvent::Agent))
            }
            "conversations" => {
                let (meta, event) = record::decode_if(position, value, wants)?;
                (meta, event.map(MetricsEvent::Conversation))
            }
            _ => {
                let (meta, event) = record::decode_if(position, value, wants)?;
                (meta, event.map(MetricsEvent::Queue))
            }
        })
    }

    fn fold(&mut self, _partition: u16, meta: &EventMeta, event: Folded<MetricsEvent>) {
        match event {
            Folded::Event(MetricsEvent::Agent(event)) => self.agent(meta, event),
            Folded::Event(MetricsEvent::Conversation(event)) => self.conversation(meta, event),
            Folded::Event(MetricsEvent::Queue(event)) => self.queue(meta, event),
            Folded::Other(_) => {}
        }
    }

    fn keep(&self) -> KeptMetrics {
        KeptMetrics(self.clone())
    }

    fn restored(kept: KeptMetrics) -> Self {
        kept.0
    }
}
