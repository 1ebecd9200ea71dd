//! What a trade and its parts are called.

use kernel::{Alphabet, labels};

/// Three of these and their two `/` stay below the 256 bytes of an aggregate id: a position's key is
/// `{account}/{book}/{instrument}`.
const SEGMENT_MAX: usize = 64;

labels! {
    /// Which trade; chosen by the one who books it.
    pub TradeId / TradeIdKind: "trade id", SEGMENT_MAX, Alphabet::SEGMENT;
    /// Which execution (FIX ExecID, tag 17); given by the venue, unique within a trade.
    pub ExecId / ExecIdKind: "exec id", 64, Alphabet::GRAPHIC;
    /// A person's comment on a decision.
    pub Note / NoteKind: "note", 500, Alphabet::PROSE;
    /// Whose position the trade moves.
    pub Account / AccountKind: "account", SEGMENT_MAX, Alphabet::SEGMENT;
    /// Under which strategy or capacity the desk carries it, such as `AGENCY`.
    pub Book / BookKind: "book", SEGMENT_MAX, Alphabet::SEGMENT;
    /// What is traded, as its market names it: `BRK/B`, `EUR/USD`, an OCC symbol with its blanks.
    pub Instrument / InstrumentKind: "instrument", SEGMENT_MAX, Alphabet::INSTRUMENT;
}
