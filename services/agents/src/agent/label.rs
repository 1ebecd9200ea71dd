//! What an agent and the things around it are called.

use kernel::{Alphabet, labels};

/// Text of any language on one line.
const LINE: Alphabet = Alphabet {
    pattern: r"^[^\x00-\x1f\x7f]+$",
    admits: |byte| !byte.is_ascii_control(),
    addresses: false,
};
labels! {
    /// Which agent; the same text is the token's subject when the agent acts.
    pub AgentId / AgentIdKind: "agent id", 128, Alphabet::SEGMENT;
    /// One connection of one device, named by the desktop that opens it.
    pub SessionId / SessionIdKind: "session id", 64, Alphabet::SEGMENT;
    /// What the agent works at, such as `web` or `desk-phone-4711`.
    pub Device / DeviceKind: "device", 64, Alphabet::SEGMENT;
    /// An offer of one conversation to one agent.
    pub OfferId / OfferIdKind: "offer id", 64, Alphabet::SEGMENT;
    /// The matcher's record of why this agent was chosen.
    pub DecisionId / DecisionIdKind: "decision id", 64, Alphabet::SEGMENT;
    /// Which conversation: an aggregate id of the conversations context.
    pub ConversationId / ConversationIdKind: "conversation id", 64, Alphabet::SEGMENT;
    /// How the parties speak, such as `voice`, `chat` or `email`.
    pub Channel / ChannelKind: "channel", 32, Alphabet::SEGMENT;
    /// What an agent can do, such as `lang:de` or `product:fxo`.
    pub Skill / SkillKind: "skill", 64, Alphabet::GRAPHIC;
    /// Where conversations wait, such as `FX-VIP`.
    pub Queue / QueueKind: "queue", 64, Alphabet::SEGMENT;
    /// A presence of the tenant's own, such as `LUNCH`.
    pub PresenceCode / PresenceCodeKind: "presence code", 64, Alphabet::SEGMENT;
    /// The result of a conversation, such as `QUOTE_GIVEN`.
    pub DispositionCode / DispositionCodeKind: "disposition code", 64, Alphabet::SEGMENT;
    /// Why a presence was chosen, in a person's words.
    pub Reason / ReasonKind: "reason", 256, LINE;
    /// What an agent writes down about a conversation.
    pub Notes / NotesKind: "notes", 4096, Alphabet::PROSE;
}
