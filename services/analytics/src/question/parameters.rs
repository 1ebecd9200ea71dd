//! The parameters that a question about figures is read from.

use kernel::Timestamp;
use kernel::route::Parameter;

use crate::ask::{Cube, Grain, ServiceLevel, Team};
use crate::label::{Channel, QueueId};

pub(super) const FIGURES: &[Parameter] = &[
    Parameter::of::<QueueId>("queue", "one queue; all when absent"),
    Parameter::of::<Channel>("channel", "one channel; all when absent"),
    Parameter::of::<String>("day", "a day of the zone, such as 2026-03-02"),
    Parameter::of::<Timestamp>("from", "the first moment"),
    Parameter::of::<Timestamp>(
        "to",
        "the first moment after; at most 31 days behind `from`",
    ),
    Parameter::of::<Cube>("by", "the time that puts a contact into an interval"),
    Parameter::of::<Grain>("interval", "how finely the report is divided"),
    Parameter::of::<ServiceLevel>("service_level", "what the service level is the share of"),
    Parameter::of::<u32>(
        "within_s",
        "seconds within which a contact should be answered; 20 when absent",
    ),
    Parameter::of::<Team>("team", "whose time counts for a queue"),
    Parameter::of::<u32>("short_abandon_s", "seconds up to which an abandon is short"),
    Parameter::of::<String>(
        "productive",
        "presences that count as work, by comma; 20 at most",
    ),
    Parameter::of::<String>(
        "business_hours",
        "when responses are due, such as mon-fri/08:00-18:00",
    ),
    Parameter::of::<String>("zone", "the IANA time zone whose clocks days begin by"),
    Parameter::of::<String>("holidays", "days without business hours, by comma"),
    Parameter::of::<u32>(
        "fcr_days",
        "days without a second contact that make the first a resolution; 7 when absent",
    ),
];
