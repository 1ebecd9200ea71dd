//! What queues, offers and decisions are called, and those they are about.

use kernel::{Alphabet, labels};

labels! {
    /// Which agent; an aggregate id of the agents context.
    pub AgentId / AgentIdKind: "agent id", 128, Alphabet::SEGMENT;
    /// Which conversation; an aggregate id of the conversations context.
    pub ConversationId / ConversationIdKind: "conversation id", 64, Alphabet::SEGMENT;
    /// An offer of one conversation to one agent.
    pub OfferId / OfferIdKind: "offer id", 64, Alphabet::SEGMENT;
    /// The record of one match, and its aggregate id.
    pub DecisionId / DecisionIdKind: "decision id", 64, Alphabet::SEGMENT;
    /// Where conversations wait, such as `FX-VIP`; the aggregate id of its settings.
    pub QueueId / QueueIdKind: "queue id", 64, Alphabet::SEGMENT;
    /// How the parties speak, such as `voice` or `chat`.
    pub Channel / ChannelKind: "channel", 32, Alphabet::SEGMENT;
    /// What the customer wants, such as `quote`.
    pub Intent / IntentKind: "intent", 64, Alphabet::GRAPHIC;
    /// By whose clocks a day begins: an IANA name, such as `Europe/London`.
    pub Zone / ZoneKind: "time zone", 64, Alphabet::GRAPHIC;
    /// What an agent must know, such as `lang:de`.
    pub Skill / SkillKind: "skill", 64, Alphabet::GRAPHIC;
}
