//! All that is kept of one tenant.

use std::collections::HashMap;
use std::sync::Arc;

use kernel::{AggregateId, EventMeta};

use crate::agent::{AgentEvent, AgentHours};
use crate::conversation::{Closed, ConversationEvent, Fate, Ledger, Open};
use crate::label::QueueId;
use crate::queue::{Queue, QueueEvent};
use crate::shards::Shards;

/// Cheap to copy: what does not change afterwards is shared.
#[derive(Clone, Debug, Default)]
pub(crate) struct Desk {
    pub(crate) open: Shards<AggregateId, Arc<Open>>,
    pub(crate) closed: Shards<AggregateId, Closed>,
    pub(crate) ledger: Ledger,
    pub(crate) agents: Shards<AggregateId, Arc<AgentHours>>,
    /// Those that were configured.
    pub(crate) queues: HashMap<QueueId, Queue>,
}

impl Desk {
    pub(crate) fn conversation(&mut self, meta: &EventMeta, event: ConversationEvent) {
        let Some(open) = self.open.get_mut(&meta.aggregate) else {
            return self.begin(meta, event);
        };
        if meta.sequence <= open.sequence {
            return;
        }
        let Some(fate) = Arc::make_mut(open).fold(meta, event, &mut self.ledger) else {
            return;
        };
        self.open.remove(&meta.aggregate);
        if let Fate::Closed(closed) = fate {
            self.closed.insert(meta.aggregate.clone(), closed);
        }
    }

    /// A new conversation, or a closed one that reopens. Of one that was never in a queue nothing
    /// is kept, and so nothing more is counted.
    fn begin(&mut self, meta: &EventMeta, event: ConversationEvent) {
        let closed = self.closed.get(&meta.aggregate);
        if closed.is_some_and(|closed| meta.sequence <= closed.sequence) {
            return;
        }
        let open = match (event, closed) {
            (ConversationEvent::ConversationCreated(created), None) => {
                let (channel, contact) = self.ledger.open(created);
                Open::new(meta.sequence, channel, contact)
            }
            (ConversationEvent::Reopened(_), Some(closed)) => {
                // Counted where its closing is, so that the rate is a share of closings.
                let reopened = (closed.origin, closed.at);
                let open = Open::again(meta.sequence, closed);
                self.ledger
                    .enter(reopened.0, reopened.1, |cell| cell.reopened += 1);
                open
            }
            _ => return,
        };
        self.closed.remove(&meta.aggregate);
        self.open.insert(meta.aggregate.clone(), Arc::new(open));
    }

    pub(crate) fn queue(&mut self, meta: &EventMeta, event: QueueEvent) {
        if let Ok(queue) = QueueId::new(meta.aggregate.as_str()) {
            self.queues.entry(queue).or_default().fold(meta, event);
        }
    }

    pub(crate) fn knows(&self, queue: &QueueId) -> bool {
        let mut agents = self.agents.values();
        self.queues.contains_key(queue)
            || self.ledger.queues.find(queue).is_some()
            || agents.any(|agent| agent.ever_served(queue))
    }

    pub(crate) fn agent(&mut self, meta: &EventMeta, event: AgentEvent) {
        if let Some(hours) = self.agents.get_mut(&meta.aggregate) {
            Arc::make_mut(hours).fold(meta, event);
        } else {
            let mut hours = AgentHours::default();
            hours.fold(meta, event);
            self.agents.insert(meta.aggregate.clone(), Arc::new(hours));
        }
    }
}
