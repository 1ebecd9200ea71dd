//! A queue as a query answers it: a fold of its events.

use kernel::context::{Filter, View};
use kernel::route::{Parameter, ViewRoute};
use kernel::{BadParameter, EventMeta, Parameters};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::aggregate::Queue;
use super::event::{QueueEvent, QueueStarved};
use super::route;
use super::summary::{QueueSummary, Starvation};
use crate::settings::QueueSettings;

/// The body of a query's answer; `null` before the first event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct QueueView(pub Option<QueueSummary>);

impl View for QueueView {
    type Of = Queue;
    const NAME: &'static str = "queue";
    const VERSION: u16 = 2;
    const ROUTE: ViewRoute = route::VIEW;
    const FILTERS: &'static [Parameter] = &[Parameter::of::<bool>(
        "starved",
        "those in which no agent can be asked, or can",
    )];

    /// `?starved=true`.
    fn filter(parameters: &Parameters) -> Result<Option<Filter<Self>>, BadParameter> {
        let Some(text) = parameters.get("starved") else {
            return Ok(None);
        };
        let starved: bool = text.parse().map_err(|_| BadParameter {
            name: "starved",
            reason: "neither true nor false".to_owned(),
        })?;
        Ok(Some(Box::new(move |Self(queue)| {
            queue
                .as_ref()
                .is_some_and(|queue| queue.starved.is_some() == starved)
        })))
    }

    fn update(&mut self, meta: &EventMeta, event: &QueueEvent) {
        self.0
            .get_or_insert_with(|| QueueSummary::new(meta))
            .update(meta, event);
    }
}

impl QueueSummary {
    fn new(meta: &EventMeta) -> Self {
        Self {
            queue_id: meta.aggregate.clone(),
            settings: QueueSettings::default(),
            starved: None,
            version: 0,
            updated_at: meta.at,
        }
    }

    fn update(&mut self, meta: &EventMeta, event: &QueueEvent) {
        self.version = meta.sequence;
        self.updated_at = meta.at;
        match event {
            QueueEvent::QueueConfigured(configured) => {
                self.settings.clone_from(&configured.settings);
            }
            QueueEvent::QueueStarved(starved) => self.starved = Some(starved.into()),
            QueueEvent::QueueServed(_) => self.starved = None,
        }
    }
}

impl From<&QueueStarved> for Starvation {
    fn from(starved: &QueueStarved) -> Self {
        Self {
            since: starved.since,
            conversation_id: starved.conversation_id.clone(),
            waiting: starved.waiting,
            agents: starved.agents.clone(),
        }
    }
}
