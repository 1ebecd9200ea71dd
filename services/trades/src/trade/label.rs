//! What a trade and its parts are called.

use kernel::{Label, LabelKind};

/// Printable ASCII but `/`: a position's key is `{account}/{book}/{instrument}`, and a trade's id is
/// one segment of a path.
const SEGMENT: &str = "^[!-.0-~]+$";

fn is_segment(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b'/'
}

/// Three of these and their two `/` stay below the 256 bytes of an aggregate id.
const SEGMENT_MAX: usize = 64;

/// Kind of [`TradeId`].
pub enum TradeIdKind {}
impl LabelKind for TradeIdKind {
    const NAME: &'static str = "trade id";
    const MAX: usize = SEGMENT_MAX;
    const PATTERN: &'static str = SEGMENT;
    fn admits(byte: u8) -> bool {
        is_segment(byte)
    }
}
/// Which trade; chosen by the one who books it.
pub type TradeId = Label<TradeIdKind>;

/// Kind of [`ExecId`].
pub enum ExecIdKind {}
impl LabelKind for ExecIdKind {
    const NAME: &'static str = "exec id";
    const MAX: usize = 64;
    const PATTERN: &'static str = "^[!-~]+$";
    fn admits(byte: u8) -> bool {
        byte.is_ascii_graphic()
    }
}
/// Which execution (FIX ExecID, tag 17); given by the venue, unique within a trade.
pub type ExecId = Label<ExecIdKind>;

/// Kind of [`Account`].
pub enum AccountKind {}
impl LabelKind for AccountKind {
    const NAME: &'static str = "account";
    const MAX: usize = SEGMENT_MAX;
    const PATTERN: &'static str = SEGMENT;
    fn admits(byte: u8) -> bool {
        is_segment(byte)
    }
}
/// Whose position the trade moves.
pub type Account = Label<AccountKind>;

/// Kind of [`Book`].
pub enum BookKind {}
impl LabelKind for BookKind {
    const NAME: &'static str = "book";
    const MAX: usize = SEGMENT_MAX;
    const PATTERN: &'static str = SEGMENT;
    fn admits(byte: u8) -> bool {
        is_segment(byte)
    }
}
/// Under which strategy or capacity the desk carries it, such as `AGENCY`.
pub type Book = Label<BookKind>;

/// Kind of [`Instrument`].
pub enum InstrumentKind {}
impl LabelKind for InstrumentKind {
    const NAME: &'static str = "instrument";
    const MAX: usize = SEGMENT_MAX;
    const PATTERN: &'static str = SEGMENT;
    fn admits(byte: u8) -> bool {
        is_segment(byte)
    }
}
/// What is traded; a currency pair is written without `/`.
pub type Instrument = Label<InstrumentKind>;
