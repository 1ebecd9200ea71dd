//! What a report is asked for.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use kernel::{BadParameter, Parameters, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::calendar::BusinessHours;
use crate::day::name_of;
use crate::label::{Channel, PresenceCode, QueueId};
use crate::window::window;

const WITHIN_S: u32 = 20;
const FCR_DAYS: u32 = 7;
const PRODUCTIVE_MAX: usize = 20;
/// More is no longer the same matter.
const FCR_DAYS_MAX: u32 = 365;

/// The question, with defaults for whatever it left open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Ask {
    /// Absent: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueId>,
    /// Absent: all. An agent's time has no channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// The first moment of an interval, as is `to`, which is the first moment after.
    pub from: Timestamp,
    pub to: Timestamp,
    /// By whose clocks days begin and business hours are.
    #[serde(serialize_with = "name_of")]
    #[schemars(with = "String")]
    pub zone: TimeZone,
    pub by: Cube,
    pub interval: Grain,
    pub service_level: ServiceLevel,
    /// Seconds; who waited just as long counts as within.
    pub within_s: u32,
    /// Counts only where a queue is asked for.
    pub team: Team,
    /// Seconds up to which an abandon is short; absent: as was decided when it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub short_abandon_s: Option<u32>,
    /// Presences without customers that are work all the same, such as training; up to 20.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub productive: BTreeSet<PresenceCode>,
    /// When responses are due: the time they took by these hours is reported beside the full time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business_hours: Option<BusinessHours>,
    /// Days within which a customer who comes again for the same was not served the first time.
    pub fcr_days: u32,
}

/// Which time puts a fact into an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cube {
    /// When its stay in the queue began.
    #[default]
    Enqueued,
    /// When it happened: answered, abandoned, closed.
    Closed,
}

/// Which agents' time counts for a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Team {
    /// The time of the agents who served it, while they did: the past does not change.
    #[default]
    Then,
    /// All the time of the agents who serve it now, in whatever queue.
    Now,
}

/// How finely a report is divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Grain {
    /// One row.
    #[default]
    #[serde(rename = "total")]
    Total,
    /// A row per day of the zone in which anything is counted.
    #[serde(rename = "day")]
    Day,
    /// A row per interval in which anything is counted.
    #[serde(rename = "15m")]
    Interval,
}

/// What a service level is the share of; X is the time within which one should be answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ServiceLevel {
    /// Answered within X / answered.
    #[default]
    #[serde(rename = "SL1")]
    OfAnswered,
    /// Answered or abandoned within X / answered or abandoned.
    #[serde(rename = "SL2")]
    OfEnded,
    /// Answered within X / offered.
    #[serde(rename = "SL3")]
    OfOffered,
    /// Answered within X / offered and not abandoned shortly after.
    #[serde(rename = "SL4")]
    OfPatient,
    /// Answered, abandoned or to be called, each within X / queued.
    #[serde(rename = "SL5")]
    OfQueued,
}

impl Ask {
    /// Of the queue, if one is asked for, by the clocks of the zone.
    pub(crate) fn read(
        parameters: &Parameters,
        now: Timestamp,
        queue: Option<QueueId>,
        zone: TimeZone,
    ) -> Result<Self, BadParameter> {
        let (from, to) = window(parameters, now, &zone)?;
        Ok(Self {
            queue,
            channel: parameters.read("channel")?,
            from,
            to,
            by: parameters.read("by")?.unwrap_or_default(),
            interval: parameters.read("interval")?.unwrap_or_default(),
            service_level: parameters.read("service_level")?.unwrap_or_default(),
            within_s: whole(parameters, "within_s", u32::MAX)?.unwrap_or(WITHIN_S),
            team: parameters.read("team")?.unwrap_or_default(),
            short_abandon_s: whole(parameters, "short_abandon_s", u32::MAX)?,
            productive: productive(parameters)?,
            business_hours: BusinessHours::read(parameters, &zone)?,
            zone,
            fcr_days: whole(parameters, "fcr_days", FCR_DAYS_MAX)?.unwrap_or(FCR_DAYS),
        })
    }
}

fn productive(parameters: &Parameters) -> Result<BTreeSet<PresenceCode>, BadParameter> {
    let bad = |reason: String| BadParameter {
        name: "productive",
        reason,
    };
    let names = parameters.get("productive").into_iter();
    let codes = names.flat_map(|names| names.split(','));
    let read = |code: &str| code.parse::<PresenceCode>();
    let codes: Result<BTreeSet<_>, _> = codes.map(read).collect();
    let codes = codes.map_err(|error| bad(error.to_string()))?;
    if codes.len() > PRODUCTIVE_MAX {
        return Err(bad(format!("names more than {PRODUCTIVE_MAX}")));
    }
    Ok(codes)
}

fn whole(
    parameters: &Parameters,
    name: &'static str,
    max: u32,
) -> Result<Option<u32>, BadParameter> {
    let Some(text) = parameters.get(name) else {
        return Ok(None);
    };
    match text.parse() {
        Ok(number) if number <= max => Ok(Some(number)),
        _ => Err(BadParameter {
            name,
            reason: format!("is not a whole number from 0 to {max}"),
        }),
    }
}
