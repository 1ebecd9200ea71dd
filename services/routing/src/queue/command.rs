//! What can be asked of a queue.

use std::collections::BTreeMap;
use std::num::{NonZeroU16, NonZeroU32};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decision::Reason;
use crate::label::{AgentId, ConversationId, Intent, Skill, Zone};
use crate::settings::{Order, Overflow, QueueSettings, Relaxation, ServiceLevel, Strategy};

/// A command; the record's key names the queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data")]
pub enum QueueCommand {
    /// Replaces all settings: what is left out is the default again.
    ConfigureQueue(NewSettings),
    ReportStarved(ReportStarved),
    ReportServed(ReportServed),
}

impl QueueCommand {
    /// The name it travels under.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::ConfigureQueue(_) => "ConfigureQueue",
            Self::ReportStarved(_) => "ReportStarved",
            Self::ReportServed(_) => "ReportServed",
        }
    }
}

/// Settings as a command brings them. Unlike [`QueueSettings`] in an event, an unknown field is
/// refused: a misspelt `cooldown_s` must not become the default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewSettings {
    /// Which agent is asked first.
    pub strategy: Strategy,
    /// Which conversation is served first.
    pub order: Order,
    /// Seconds of waiting that an intent is ahead of its peers, up to a day; 0 if not named. At most
    /// 100 intents.
    pub intent_boost_s: BTreeMap<Intent, u32>,
    /// What a level of a required skill counts under `proficiency`, 1 to 1,000; 1 if not named. At
    /// most 100 skills.
    pub skill_weights: BTreeMap<Skill, NonZeroU16>,
    /// Milliseconds an agent has to answer, at most an hour.
    pub offer_ttl_ms: NonZeroU32,
    /// Units of the channel's capacity that a conversation takes.
    pub cost: NonZeroU16,
    /// Seconds for which an agent who refused a conversation, or let its offer run out, is not asked
    /// for it again while there is anybody else, up to a day.
    pub cooldown_s: u32,
    /// Steps by which requirements are given up, each later than the one before; at most 10, of at
    /// most 100 skills.
    pub relaxations: Vec<Relaxation>,
    /// Where a conversation goes that has waited this long; another queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overflow: Option<Overflow>,
    /// At most 100 per cent.
    pub service_level: ServiceLevel,
    /// By whose clocks the queue's days begin and its business hours are; UTC if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
}

impl Default for NewSettings {
    fn default() -> Self {
        QueueSettings::default().into()
    }
}

impl From<QueueSettings> for NewSettings {
    fn from(settings: QueueSettings) -> Self {
        Self {
            strategy: settings.strategy,
            order: settings.order,
            intent_boost_s: settings.intent_boost_s,
            skill_weights: settings.skill_weights,
            offer_ttl_ms: settings.offer_ttl_ms,
            cost: settings.cost,
            cooldown_s: settings.cooldown_s,
            relaxations: settings.relaxations,
            overflow: settings.overflow,
            service_level: settings.service_level,
            zone: settings.zone,
        }
    }
}

impl From<&NewSettings> for QueueSettings {
    fn from(new: &NewSettings) -> Self {
        Self {
            strategy: new.strategy,
            order: new.order,
            intent_boost_s: new.intent_boost_s.clone(),
            skill_weights: new.skill_weights.clone(),
            offer_ttl_ms: new.offer_ttl_ms,
            cost: new.cost,
            cooldown_s: new.cooldown_s,
            relaxations: new.relaxations.clone(),
            overflow: new.overflow.clone(),
            service_level: new.service_level.clone(),
            zone: new.zone.clone(),
        }
    }
}

/// No agent who serves the queue can be asked, whatever becomes free: all are offline, suspended or
/// excluded. Sent by a router.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportStarved {
    /// The conversation whose turn it was.
    pub at_conversation: ConversationId,
    /// Conversations of the queue that wait.
    pub waiting: u32,
    /// The agents of the queue, by why they cannot be asked; none, if no agent serves it.
    pub agents: BTreeMap<Reason, u32>,
}

/// An agent of the queue can be asked again. Sent by a router.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportServed {
    pub agent_id: AgentId,
}
