//! What a conversation and its parts are called.

use kernel::{Label, LabelKind};

/// Declares a kind of label and its name; each is a type of its own.
macro_rules! labels {
    ($($(#[$doc:meta])* $label:ident / $kind:ident: $name:literal, $max:literal, $pattern:literal, $admits:expr;)*) => {$(
        #[doc = concat!("Kind of [`", stringify!($label), "`].")]
        pub enum $kind {}
        impl LabelKind for $kind {
            const NAME: &'static str = $name;
            const MAX: usize = $max;
            const PATTERN: &'static str = $pattern;
            fn admits(byte: u8) -> bool {
                $admits(byte)
            }
        }
        $(#[$doc])*
        pub type $label = Label<$kind>;
    )*};
}

/// One segment of a path: printable ASCII but `/`.
fn is_segment(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b'/'
}

fn is_graphic(byte: u8) -> bool {
    byte.is_ascii_graphic()
}

fn is_dialled(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'+'
}

labels! {
    /// Which conversation; chosen by the channel that opens it.
    ConversationId / ConversationIdKind: "conversation id", 64, "^[!-.0-~]+$", is_segment;
    /// Who the desk talks to.
    CustomerId / CustomerIdKind: "customer id", 128, "^[!-~]+$", is_graphic;
    /// Which agent; the aggregate id of the agents context.
    AgentId / AgentIdKind: "agent id", 128, "^[!-.0-~]+$", is_segment;
    /// Which offer of a conversation to an agent; chosen by the matcher.
    OfferId / OfferIdKind: "offer id", 64, "^[!-.0-~]+$", is_segment;
    /// The matcher's record of why this agent was asked.
    DecisionId / DecisionIdKind: "decision id", 64, "^[!-~]+$", is_graphic;
    /// Where conversations wait, such as `fx-vip`.
    Queue / QueueKind: "queue", 64, "^[!-.0-~]+$", is_segment;
    /// How the customer is reached, such as `voice` or `whatsapp`.
    Channel / ChannelKind: "channel", 32, "^[!-.0-~]+$", is_segment;
    /// What the customer wants, such as `quote`.
    Intent / IntentKind: "intent", 64, "^[!-~]+$", is_graphic;
    /// What an agent must know, such as `lang:de` or `product:fxo`.
    Skill / SkillKind: "skill", 64, "^[!-~]+$", is_graphic;
    /// What the conversation came to, such as `traded`.
    DispositionCode / DispositionCodeKind: "disposition code", 64, "^[!-.0-~]+$", is_segment;
    /// Where to call back.
    PhoneNumber / PhoneNumberKind: "phone number", 32, "^[+0-9]+$", is_dialled;
    /// Which message: the channel provider's id, or the sender's own.
    MessageId / MessageIdKind: "message id", 128, "^[!-~]+$", is_graphic;
    /// One of those a message goes to.
    Recipient / RecipientKind: "recipient", 128, "^[!-~]+$", is_graphic;
}
