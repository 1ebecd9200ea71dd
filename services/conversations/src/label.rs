//! What a conversation and its parts are called.

use kernel::{Alphabet, labels};

/// Digits, and the sign of an international number.
const DIALLED: Alphabet = Alphabet {
    pattern: "^[+0-9]+$",
    admits: |byte| byte.is_ascii_digit() || byte == b'+',
    addresses: false,
};

labels! {
    /// Which conversation; chosen by the channel that opens it.
    pub ConversationId / ConversationIdKind: "conversation id", 64, Alphabet::SEGMENT;
    /// Who the desk talks to.
    pub CustomerId / CustomerIdKind: "customer id", 128, Alphabet::GRAPHIC;
    /// Which agent; the aggregate id of the agents context.
    pub AgentId / AgentIdKind: "agent id", 128, Alphabet::SEGMENT;
    /// Which offer of a conversation to an agent; chosen by the matcher.
    pub OfferId / OfferIdKind: "offer id", 64, Alphabet::SEGMENT;
    /// The matcher's record of why this agent was asked.
    pub DecisionId / DecisionIdKind: "decision id", 64, Alphabet::GRAPHIC;
    /// Where conversations wait, such as `fx-vip`.
    pub Queue / QueueKind: "queue", 64, Alphabet::SEGMENT;
    /// How the customer is reached, such as `voice` or `whatsapp`.
    pub Channel / ChannelKind: "channel", 32, Alphabet::SEGMENT;
    /// What the customer wants, such as `quote`.
    pub Intent / IntentKind: "intent", 64, Alphabet::GRAPHIC;
    /// What an agent must know, such as `lang:de` or `product:fxo`.
    pub Skill / SkillKind: "skill", 64, Alphabet::GRAPHIC;
    /// What the conversation came to, such as `traded`.
    pub DispositionCode / DispositionCodeKind: "disposition code", 64, Alphabet::SEGMENT;
    /// Where to call back.
    pub PhoneNumber / PhoneNumberKind: "phone number", 32, DIALLED;
    /// Which message: the channel provider's id, or the sender's own.
    pub MessageId / MessageIdKind: "message id", 128, Alphabet::GRAPHIC;
    /// One of those a message goes to.
    pub Recipient / RecipientKind: "recipient", 128, Alphabet::GRAPHIC;
}
