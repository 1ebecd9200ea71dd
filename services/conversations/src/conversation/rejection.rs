//! Why a conversation rejects a command. Each code has a page under `docs/errors`.

use kernel::label::BadLabel;
use kernel::{Code, Kind, Rejection};

use super::stage::ConversationState;
use crate::label::{ConversationId, MessageId, OfferId, Recipient};
use crate::message::MessageStatus;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConversationRejection {
    #[error("{command} is not possible while the conversation is {state} (version {version})")]
    InvalidTransition {
        state: ConversationState,
        command: &'static str,
        version: u64,
    },
    #[error("{command} is not possible while message {message_id} is {status}")]
    MessageTransition {
        message_id: MessageId,
        status: MessageStatus,
        command: &'static str,
    },
    #[error("a conversation with this id was opened otherwise")]
    IdConflict,
    #[error("the conversation id cannot be one segment of a path")]
    ConversationIdInvalid(#[source] BadLabel),
    #[error("offer {offer_id} is not live")]
    StaleOffer { offer_id: OfferId },
    #[error("another agent is accepting; offer {offer_id} stays pending")]
    OfferContended { offer_id: OfferId },
    #[error("the consulted agent is not connected yet under offer {offer_id}")]
    ConsultPending { offer_id: OfferId },
    #[error("the conversation was offered {max} times in this episode and is offered no more")]
    OfferLimit { max: u32 },
    #[error("the conversation was transferred {max} times in this episode")]
    HopLimit { max: u32 },
    #[error("the wrap-up needs a disposition code")]
    DispositionRequired,
    #[error("the conversation cannot be merged into itself")]
    MergeTargetInvalid,
    #[error("the conversation is over and cannot be reopened{}", continuation(goes_on_in.as_ref()))]
    ConversationOver {
        /// Where its customer's requests go now.
        goes_on_in: Option<ConversationId>,
    },
    #[error("message {message_id} was reported before with other content")]
    IdempotencyMismatch { message_id: MessageId },
    #[error("the conversation has no message {message_id}")]
    MessageUnknown { message_id: MessageId },
    #[error("message {message_id} has no recipient {recipient}")]
    RecipientUnknown {
        message_id: MessageId,
        recipient: Recipient,
    },
    #[error("message {message_id} was tried {max} times")]
    AttemptLimit { message_id: MessageId, max: u32 },
}

impl ConversationRejection {
    pub const INVALID_TRANSITION: Code = Code::new("INVALID_TRANSITION", Kind::Conflict);
    pub const ID_CONFLICT: Code = Code::new("ID_CONFLICT", Kind::Conflict);
    pub const CONVERSATION_ID_INVALID: Code =
        Code::new("CONVERSATION_ID_INVALID", Kind::Unprocessable);
    pub const STALE_OFFER: Code = Code::new("STALE_OFFER", Kind::Conflict);
    pub const OFFER_CONTENDED: Code = Code::new("OFFER_CONTENDED", Kind::Conflict);
    pub const CONSULT_PENDING: Code = Code::new("CONSULT_PENDING", Kind::Conflict);
    pub const OFFER_LIMIT: Code = Code::new("OFFER_LIMIT", Kind::Unprocessable);
    pub const HOP_LIMIT: Code = Code::new("HOP_LIMIT", Kind::Unprocessable);
    pub const DISPOSITION_REQUIRED: Code = Code::new("DISPOSITION_REQUIRED", Kind::Unprocessable);
    pub const MERGE_TARGET_INVALID: Code = Code::new("MERGE_TARGET_INVALID", Kind::Unprocessable);
    pub const CONVERSATION_OVER: Code = Code::new("CONVERSATION_OVER", Kind::Conflict);
    pub const IDEMPOTENCY_MISMATCH: Code = Code::new("IDEMPOTENCY_MISMATCH", Kind::Conflict);
    pub const MESSAGE_UNKNOWN: Code = Code::new("MESSAGE_UNKNOWN", Kind::Unprocessable);
    pub const RECIPIENT_UNKNOWN: Code = Code::new("RECIPIENT_UNKNOWN", Kind::Unprocessable);
    pub const ATTEMPT_LIMIT: Code = Code::new("ATTEMPT_LIMIT", Kind::Unprocessable);

    /// Every code of this context.
    pub const ALL: &[Code] = &[
        Self::INVALID_TRANSITION,
        Self::ID_CONFLICT,
        Self::CONVERSATION_ID_INVALID,
        Self::STALE_OFFER,
        Self::OFFER_CONTENDED,
        Self::CONSULT_PENDING,
        Self::OFFER_LIMIT,
        Self::HOP_LIMIT,
        Self::DISPOSITION_REQUIRED,
        Self::MERGE_TARGET_INVALID,
        Self::CONVERSATION_OVER,
        Self::IDEMPOTENCY_MISMATCH,
        Self::MESSAGE_UNKNOWN,
        Self::RECIPIENT_UNKNOWN,
        Self::ATTEMPT_LIMIT,
    ];
}

impl Rejection for ConversationRejection {
    const CODES: &'static [Code] = Self::ALL;

    fn code(&self) -> Code {
        match self {
            Self::InvalidTransition { .. } | Self::MessageTransition { .. } => {
                Self::INVALID_TRANSITION
            }
            Self::IdConflict => Self::ID_CONFLICT,
            Self::ConversationIdInvalid(_) => Self::CONVERSATION_ID_INVALID,
            Self::StaleOffer { .. } => Self::STALE_OFFER,
            Self::OfferContended { .. } => Self::OFFER_CONTENDED,
            Self::ConsultPending { .. } => Self::CONSULT_PENDING,
            Self::OfferLimit { .. } => Self::OFFER_LIMIT,
            Self::HopLimit { .. } => Self::HOP_LIMIT,
            Self::DispositionRequired => Self::DISPOSITION_REQUIRED,
            Self::MergeTargetInvalid => Self::MERGE_TARGET_INVALID,
            Self::ConversationOver { .. } => Self::CONVERSATION_OVER,
            Self::IdempotencyMismatch { .. } => Self::IDEMPOTENCY_MISMATCH,
            Self::MessageUnknown { .. } => Self::MESSAGE_UNKNOWN,
            Self::RecipientUnknown { .. } => Self::RECIPIENT_UNKNOWN,
            Self::AttemptLimit { .. } => Self::ATTEMPT_LIMIT,
        }
    }
}

fn continuation(goes_on_in: Option<&ConversationId>) -> String {
    goes_on_in.map_or_else(String::new, |next| format!("; it continues in {next}"))
}
