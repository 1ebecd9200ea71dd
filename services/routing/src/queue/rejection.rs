//! Why a queue rejects a command. Each code has a page under `docs/errors`.

use std::fmt;

use kernel::label::BadLabel;
use kernel::{Code, Kind, Rejection};

use crate::label::Zone;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueueRejection {
    #[error("the queue id cannot be one segment of a path")]
    QueueIdInvalid(#[source] BadLabel),
    #[error("{setting} would be {asked}, at most {max} is possible")]
    SettingOutOfRange {
        setting: Setting,
        asked: u64,
        max: u64,
    },
    #[error("a relaxation after {after_s} s follows one after {before_s} s")]
    RelaxationsNotAscending { before_s: u32, after_s: u32 },
    #[error("the queue would overflow to itself")]
    OverflowToItself,
    #[error("there is no time zone {0}")]
    ZoneUnknown(Zone),
}

/// A setting that has an upper bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    Ring,
    IntentBoosts,
    IntentBoostS,
    SkillWeights,
    SkillWeight,
    OfferTtlMs,
    CooldownS,
    Relaxations,
    DroppedSkills,
    Percent,
}

impl Setting {
    const DAY_S: u64 = 86_400;

    pub(crate) fn max(self) -> u64 {
        match self {
            Self::Ring | Self::Relaxations => 10,
            Self::IntentBoosts | Self::SkillWeights | Self::DroppedSkills | Self::Percent => 100,
            Self::IntentBoostS | Self::CooldownS => Self::DAY_S,
            Self::SkillWeight => 1_000,
            Self::OfferTtlMs => 3_600_000,
        }
    }

    pub(crate) fn admits(self, asked: impl Into<u64>) -> Result<(), QueueRejection> {
        let (asked, max) = (asked.into(), self.max());
        if asked > max {
            return Err(QueueRejection::SettingOutOfRange {
                setting: self,
                asked,
                max,
            });
        }
        Ok(())
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ring => "the ring's number of agents",
            Self::IntentBoosts => "the number of intent boosts",
            Self::IntentBoostS => "an intent's boost in seconds",
            Self::SkillWeights => "the number of skill weights",
            Self::SkillWeight => "a skill's weight",
            Self::OfferTtlMs => "offer_ttl_ms",
            Self::CooldownS => "cooldown_s",
            Self::Relaxations => "the number of relaxations",
            Self::DroppedSkills => "a relaxation's number of skills",
            Self::Percent => "the service level's percent",
        })
    }
}

impl QueueRejection {
    pub const QUEUE_ID_INVALID: Code = Code::new("QUEUE_ID_INVALID", Kind::Unprocessable);
    pub const SETTING_OUT_OF_RANGE: Code = Code::new("SETTING_OUT_OF_RANGE", Kind::Unprocessable);
    pub const RELAXATIONS_NOT_ASCENDING: Code =
        Code::new("RELAXATIONS_NOT_ASCENDING", Kind::Unprocessable);
    pub const OVERFLOW_TO_ITSELF: Code = Code::new("OVERFLOW_TO_ITSELF", Kind::Unprocessable);
    pub const ZONE_UNKNOWN: Code = Code::new("ZONE_UNKNOWN", Kind::Unprocessable);

    /// Every code of this context.
    pub const ALL: &[Code] = &[
        Self::QUEUE_ID_INVALID,
        Self::SETTING_OUT_OF_RANGE,
        Self::RELAXATIONS_NOT_ASCENDING,
        Self::OVERFLOW_TO_ITSELF,
        Self::ZONE_UNKNOWN,
    ];
}

impl Rejection for QueueRejection {
    const CODES: &'static [Code] = Self::ALL;

    fn code(&self) -> Code {
        match self {
            Self::QueueIdInvalid(_) => Self::QUEUE_ID_INVALID,
            Self::SettingOutOfRange { .. } => Self::SETTING_OUT_OF_RANGE,
            Self::RelaxationsNotAscending { .. } => Self::RELAXATIONS_NOT_ASCENDING,
            Self::OverflowToItself => Self::OVERFLOW_TO_ITSELF,
            Self::ZoneUnknown(_) => Self::ZONE_UNKNOWN,
        }
    }
}
