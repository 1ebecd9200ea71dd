//! Why an agent's stream rejects a command. Each code has a page under `docs/errors`.

use std::fmt;

use kernel::label::BadLabel;
use kernel::{Code, Kind, Rejection};

use super::label::{Channel, ConversationId, OfferId, SessionId};
use super::slot::PhaseName;
use super::standing::Unroutable;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgentRejection {
    #[error("{command} is not possible while conversation {conversation_id} is {phase}")]
    InvalidTransition {
        command: &'static str,
        conversation_id: ConversationId,
        phase: PhaseName,
    },
    #[error("the agent id cannot be one segment of a path")]
    AgentIdInvalid(#[source] BadLabel),
    #[error("the agent has no session")]
    NoSession,
    #[error("the agent has no session {session_id}")]
    SessionUnknown { session_id: SessionId },
    #[error("the agent cannot be offered work on {channel}: {why}")]
    NotRoutable { channel: Channel, why: Unroutable },
    #[error("the agent has {free} of {cost} units free on {channel}")]
    NoCapacity {
        channel: Channel,
        free: u32,
        cost: u32,
    },
    #[error("the agent has {max} slots and takes no more")]
    TooManySlots { max: usize },
    #[error("offer {offer_id} reserved a slot before with other content")]
    OfferConflict { offer_id: OfferId },
    #[error("the agent has a slot for conversation {conversation_id} under offer {offer_id}")]
    SlotTaken {
        conversation_id: ConversationId,
        offer_id: OfferId,
    },
    #[error("the agent has no slot for offer {offer_id}")]
    OfferSlotLost { offer_id: OfferId },
    #[error("the agent has no slot for conversation {conversation_id}")]
    SlotLost { conversation_id: ConversationId },
    #[error("the agent is at work on {slots} conversations")]
    ActiveWork { slots: usize },
    #[error("an agent cannot do this on their own word: {what}")]
    SupervisorRequired { what: &'static str },
    #[error("the wrap-up of conversation {conversation_id} needs a disposition code")]
    DispositionRequired { conversation_id: ConversationId },
    #[error("the wrap-up would have {asked} seconds in all, at most {max} are given")]
    WrapUpLimit { asked: u32, max: u32 },
    #[error("the agent would have more than {max} {what}")]
    AgentLimit { what: Limited, max: usize },
}

/// What an agent has a bounded number of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limited {
    Channels,
    Skills,
    Queues,
    DispositionCodes,
}

impl Limited {
    /// Far above what a person can have, and small enough to keep an agent's state small.
    fn max(self) -> usize {
        match self {
            Self::DispositionCodes => 20,
            Self::Channels => 32,
            Self::Skills | Self::Queues => 256,
        }
    }

    pub(crate) fn admits(self, count: usize) -> Result<(), AgentRejection> {
        let max = self.max();
        if count > max {
            return Err(AgentRejection::AgentLimit { what: self, max });
        }
        Ok(())
    }
}

impl fmt::Display for Limited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Channels => "channels",
            Self::Skills => "skills",
            Self::Queues => "queues",
            Self::DispositionCodes => "disposition codes",
        })
    }
}

impl AgentRejection {
    pub const INVALID_TRANSITION: Code = Code::new("INVALID_TRANSITION", Kind::Conflict);
    pub const AGENT_ID_INVALID: Code = Code::new("AGENT_ID_INVALID", Kind::Unprocessable);
    pub const NO_SESSION: Code = Code::new("NO_SESSION", Kind::Conflict);
    pub const NOT_ROUTABLE: Code = Code::new("NOT_ROUTABLE", Kind::Conflict);
    pub const NO_CAPACITY: Code = Code::new("NO_CAPACITY", Kind::Conflict);
    pub const OFFER_CONFLICT: Code = Code::new("OFFER_CONFLICT", Kind::Conflict);
    pub const SLOT_TAKEN: Code = Code::new("SLOT_TAKEN", Kind::Conflict);
    pub const SLOT_LOST: Code = Code::new("SLOT_LOST", Kind::Conflict);
    pub const ACTIVE_WORK: Code = Code::new("ACTIVE_WORK", Kind::Conflict);
    pub const SUPERVISOR_REQUIRED: Code = Code::new("SUPERVISOR_REQUIRED", Kind::Forbidden);
    pub const DISPOSITION_REQUIRED: Code = Code::new("DISPOSITION_REQUIRED", Kind::Unprocessable);
    pub const WRAP_UP_LIMIT: Code = Code::new("WRAP_UP_LIMIT", Kind::Unprocessable);
    pub const AGENT_LIMIT: Code = Code::new("AGENT_LIMIT", Kind::Unprocessable);

    /// Every code of this context; a stale version has the platform's own.
    pub const ALL: &[Code] = &[
        Self::INVALID_TRANSITION,
        Self::AGENT_ID_INVALID,
        Self::NO_SESSION,
        Self::NOT_ROUTABLE,
        Self::NO_CAPACITY,
        Self::OFFER_CONFLICT,
        Self::SLOT_TAKEN,
        Self::SLOT_LOST,
        Self::ACTIVE_WORK,
        Self::SUPERVISOR_REQUIRED,
        Self::DISPOSITION_REQUIRED,
        Self::WRAP_UP_LIMIT,
        Self::AGENT_LIMIT,
    ];
}

impl Rejection for AgentRejection {
    const CODES: &'static [Code] = Self::ALL;

    fn code(&self) -> Code {
        match self {
            Self::InvalidTransition { .. } => Self::INVALID_TRANSITION,
            Self::AgentIdInvalid(_) => Self::AGENT_ID_INVALID,
            Self::NoSession | Self::SessionUnknown { .. } => Self::NO_SESSION,
            Self::NotRoutable { .. } => Self::NOT_ROUTABLE,
            Self::NoCapacity { .. } | Self::TooManySlots { .. } => Self::NO_CAPACITY,
            Self::OfferConflict { .. } => Self::OFFER_CONFLICT,
            Self::SlotTaken { .. } => Self::SLOT_TAKEN,
            Self::OfferSlotLost { .. } | Self::SlotLost { .. } => Self::SLOT_LOST,
            Self::ActiveWork { .. } => Self::ACTIVE_WORK,
            Self::SupervisorRequired { .. } => Self::SUPERVISOR_REQUIRED,
            Self::DispositionRequired { .. } => Self::DISPOSITION_REQUIRED,
            Self::WrapUpLimit { .. } => Self::WRAP_UP_LIMIT,
            Self::AgentLimit { .. } => Self::AGENT_LIMIT,
        }
    }
}
