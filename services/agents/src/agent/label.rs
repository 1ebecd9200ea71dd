//! What an agent and the things around it are called.

use kernel::{Label, LabelKind};

/// Declares a label and its kind: name, most bytes, pattern, and the bytes of the pattern.
macro_rules! label {
    ($(#[$doc:meta])* $label:ident, $kind:ident, $name:literal, $max:literal, $pattern:expr, $admits:expr) => {
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
    };
}

/// Printable ASCII but `/`: one segment of a path.
const SEGMENT: &str = "^[!-.0-~]+$";
/// Printable ASCII.
const GRAPHIC: &str = "^[!-~]+$";
/// Text of any language on one line.
const LINE: &str = r"^[^\x00-\x1f\x7f]+$";
/// Text of any language, with line breaks and tabs.
const PROSE: &str = r"^[^\x00-\x08\x0b-\x1f\x7f]+$";

fn is_segment(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b'/'
}

fn is_graphic(byte: u8) -> bool {
    byte.is_ascii_graphic()
}

fn is_line(byte: u8) -> bool {
    !byte.is_ascii_control()
}

fn is_prose(byte: u8) -> bool {
    is_line(byte) || matches!(byte, b'\n' | b'\t')
}

label!(
    /// Which agent; the same text is the token's subject when the agent acts.
    AgentId, AgentIdKind, "agent id", 128, SEGMENT, is_segment
);
label!(
    /// One connection of one device, named by the desktop that opens it.
    SessionId, SessionIdKind, "session id", 64, SEGMENT, is_segment
);
label!(
    /// What the agent works at, such as `web` or `desk-phone-4711`.
    Device, DeviceKind, "device", 64, SEGMENT, is_segment
);
label!(
    /// An offer of one conversation to one agent.
    OfferId, OfferIdKind, "offer id", 64, SEGMENT, is_segment
);
label!(
    /// Which conversation: an aggregate id of the conversations context.
    ConversationId, ConversationIdKind, "conversation id", 64, SEGMENT, is_segment
);
label!(
    /// How the parties speak, such as `voice`, `chat` or `email`.
    Channel, ChannelKind, "channel", 32, SEGMENT, is_segment
);
label!(
    /// What an agent can do, such as `lang:de` or `product:fxo`.
    Skill, SkillKind, "skill", 64, GRAPHIC, is_graphic
);
label!(
    /// Where conversations wait, such as `FX-VIP`.
    Queue, QueueKind, "queue", 64, SEGMENT, is_segment
);
label!(
    /// A presence of the tenant's own, such as `LUNCH`.
    PresenceCode, PresenceCodeKind, "presence code", 64, SEGMENT, is_segment
);
label!(
    /// What came of a conversation, such as `QUOTE_GIVEN`.
    DispositionCode, DispositionCodeKind, "disposition code", 64, SEGMENT, is_segment
);
label!(
    /// Why a presence was chosen, in a person's words.
    Reason, ReasonKind, "reason", 256, LINE, is_line
);
label!(
    /// What an agent writes down about a conversation.
    Notes, NotesKind, "notes", 4096, PROSE, is_prose
);
