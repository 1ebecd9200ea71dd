//! What the things that are counted are called.

use kernel::{Alphabet, labels};

labels! {
    /// Which agent; an aggregate id of the agents context.
    pub AgentId / AgentIdKind: "agent id", 128, Alphabet::SEGMENT;
    /// Where conversations wait, such as `fx-vip`.
    pub QueueId / QueueIdKind: "queue", 64, Alphabet::SEGMENT;
    /// How the customer is reached, such as `voice` or `chat`.
    pub Channel / ChannelKind: "channel", 32, Alphabet::SEGMENT;
    /// Who the desk talks to.
    pub(crate) CustomerId / CustomerIdKind: "customer id", 128, Alphabet::GRAPHIC;
    /// What the customer wants, such as `quote`.
    pub(crate) Intent / IntentKind: "intent", 64, Alphabet::GRAPHIC;
    /// Which conversation an agent's slot is for.
    pub(crate) ConversationId / ConversationIdKind: "conversation id", 64, Alphabet::SEGMENT;
    /// One connection of one device of an agent.
    pub(crate) SessionId / SessionIdKind: "session id", 64, Alphabet::SEGMENT;
    /// A presence of the tenant's own, such as `LUNCH`.
    pub PresenceCode / PresenceCodeKind: "presence code", 64, Alphabet::SEGMENT;
}
