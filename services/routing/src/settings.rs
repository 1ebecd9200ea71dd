//! How a queue is served.

use std::collections::{BTreeMap, BTreeSet};
use std::num::{NonZeroU8, NonZeroU16, NonZeroU32};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::label::{Intent, QueueId, Skill, Zone};

/// All that is chosen per queue. A queue that was never configured is served by the defaults.
///
/// Stands in events, whose readers may be older than what is chosen: an unknown field is ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct QueueSettings {
    /// Which agent is asked first.
    pub strategy: Strategy,
    /// Which conversation is served first.
    pub order: Order,
    /// Seconds of waiting that an intent is ahead of its peers, up to a day; 0 if not named.
    pub intent_boost_s: BTreeMap<Intent, u32>,
    /// What a level of a required skill counts under `proficiency`, 1 to 1,000; 1 if not named.
    pub skill_weights: BTreeMap<Skill, NonZeroU16>,
    /// Milliseconds an agent has to answer, at most an hour.
    pub offer_ttl_ms: NonZeroU32,
    /// Units of the channel's capacity that a conversation takes.
    pub cost: NonZeroU16,
    /// Seconds for which an agent who refused a conversation, or let its offer run out, is not asked
    /// for it again while there is anybody else, up to a day.
    pub cooldown_s: u32,
    /// Steps by which requirements are given up, each later than the one before; at most 10.
    pub relaxations: Vec<Relaxation>,
    /// Where a conversation goes that has waited this long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overflow: Option<Overflow>,
    pub service_level: ServiceLevel,
    /// By whose clocks the queue's days begin and its business hours are; UTC if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
}

/// The order in which agents are asked; what it leaves open, the least recently assigned comes first,
/// then the agent id decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// From the last work freed, from becoming routable, or from being asked for what the agent has
    /// now, whichever is latest; with or without other work.
    #[default]
    LongestIdle,
    /// By used over capacity of the channel, then longest idle.
    LeastLoaded,
    /// After the agent of the queue's last match, by agent id.
    RoundRobin,
    /// By the sum of level times weight over the required skills, then load, then idle.
    Proficiency,
    /// The preferred agent of a conversation alone, as long as the preference lasts and the agent has
    /// only to come free; otherwise as longest idle.
    Sticky,
    /// As longest idle; this many agents are asked at once, 1 to 10, and the first to accept wins.
    Ring(NonZeroU8),
}

/// The order in which conversations are served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// By seconds of waiting + 60 × priority + boost of the intent: one that waits long enough is
    /// served, whatever comes after.
    #[default]
    Ageing,
    /// By priority alone; but one that has waited `max_wait_s` is served before all others.
    Strict { max_wait_s: NonZeroU32 },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Relaxation {
    /// Seconds of waiting.
    pub after_s: NonZeroU32,
    /// Skills that are no longer required.
    pub dropped: BTreeSet<Skill>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Overflow {
    /// Seconds of waiting.
    pub after_s: NonZeroU32,
    pub queue: QueueId,
}

/// What is promised to those who wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceLevel {
    /// Answered within this many seconds, the last one included.
    pub within_s: NonZeroU32,
    /// For how many of a hundred.
    pub percent: NonZeroU8,
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self {
            strategy: Strategy::default(),
            order: Order::default(),
            intent_boost_s: BTreeMap::new(),
            skill_weights: BTreeMap::new(),
            offer_ttl_ms: OFFER_TTL_MS,
            cost: NonZeroU16::MIN,
            cooldown_s: 60,
            relaxations: Vec::new(),
            overflow: None,
            service_level: ServiceLevel::default(),
            zone: None,
        }
    }
}

/// How long a telephone rings before an answer is unlikely.
const OFFER_TTL_MS: NonZeroU32 = NonZeroU32::new(20_000).expect("is not 0");

/// 80 of a hundred within 20 seconds: the trade's usual promise.
impl Default for ServiceLevel {
    fn default() -> Self {
        Self {
            within_s: NonZeroU32::new(20).expect("is not 0"),
            percent: NonZeroU8::new(80).expect("is not 0"),
        }
    }
}
