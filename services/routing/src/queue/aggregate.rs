//! The rule book.

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use kernel::context::Context;
use kernel::route::CommandRoute;
use kernel::{Accepted, Timestamp};
use serde::{Deserialize, Serialize};

use super::command::{QueueCommand, ReportServed, ReportStarved};
use super::event::{QueueConfigured, QueueEvent, QueueServed, QueueStarved};
use super::rejection::QueueRejection;
use super::{route, rules};
use crate::label::QueueId;
use crate::settings::QueueSettings;

/// One queue. There is always one: until it is configured it is served by the defaults, so that a
/// conversation can wait in a queue without events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// Events so far.
    version: u64,
    configured: Option<QueueSettings>,
    starved_since: Option<Timestamp>,
}

type Decision = Result<Vec<QueueEvent>, QueueRejection>;

impl Queue {
    /// How it is served: as configured, or by the defaults.
    #[must_use]
    pub fn settings(&self) -> QueueSettings {
        self.configured.clone().unwrap_or_default()
    }

    /// Since when no agent who serves it can be asked.
    #[must_use]
    pub fn starved_since(&self) -> Option<Timestamp> {
        self.starved_since
    }

    /// Events so far; 0 for a queue without events.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }
}

impl Context for Queue {
    const NAME: &'static str = "queues";

    const SHAPE: u16 = 2;

    const COMMANDS: &'static [CommandRoute] = route::COMMANDS;

    const INTERNAL: &'static [&'static str] = &["ReportStarved", "ReportServed"];

    type Input = QueueCommand;

    fn decide(&self, accepted: &Accepted<QueueCommand>, _policy: &()) -> Decision {
        use QueueCommand as C;
        let queue_id =
            QueueId::new(accepted.id.as_str()).map_err(QueueRejection::QueueIdInvalid)?;
        match &accepted.command {
            C::ConfigureQueue(settings) => self.configure(queue_id, settings.into()),
            C::ReportStarved(report) => Ok(self.starve(report, accepted.at)),
            C::ReportServed(report) => Ok(self.serve(report, accepted.at)),
        }
    }
}

impl Aggregate for Queue {
    const TYPE: &'static str = "queue";
    type Command = Accepted<QueueCommand>;
    type Event = QueueEvent;
    type Error = QueueRejection;
    type Services = ();

    async fn handle(
        &mut self,
        command: Self::Command,
        policy: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), QueueRejection> {
        for event in self.decide(&command, policy)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: QueueEvent) {
        self.version += 1;
        match event {
            QueueEvent::QueueConfigured(configured) => self.configured = Some(configured.settings),
            QueueEvent::QueueStarved(starved) => self.starved_since = Some(starved.since),
            QueueEvent::QueueServed(_) => self.starved_since = None,
        }
    }
}

impl Queue {
    fn configure(&self, queue_id: QueueId, settings: QueueSettings) -> Decision {
        rules::check(&settings, &queue_id)?;
        if self.configured.as_ref() == Some(&settings) {
            return Ok(vec![]);
        }
        Ok(vec![QueueEvent::QueueConfigured(QueueConfigured {
            queue_id,
            settings,
        })])
    }

    /// A router reports at every turn that comes to nothing; the first tells it all.
    fn starve(&self, report: &ReportStarved, at: Timestamp) -> Vec<QueueEvent> {
        if self.starved_since.is_some() {
            return vec![];
        }
        vec![QueueEvent::QueueStarved(QueueStarved {
            since: at,
            conversation_id: report.at_conversation.clone(),
            waiting: report.waiting,
            agents: report.agents.clone(),
        })]
    }

    fn serve(&self, report: &ReportServed, at: Timestamp) -> Vec<QueueEvent> {
        let Some(since) = self.starved_since else {
            return vec![];
        };
        vec![QueueEvent::QueueServed(QueueServed {
            agent_id: report.agent_id.clone(),
            starved_ms: at.millis_since(since),
        })]
    }
}
