//! What operations are called, and what they are about.

use kernel::{Alphabet, labels};

const HEXADECIMAL: Alphabet = Alphabet {
    pattern: "^[0-9a-f]{16}$",
    admits: |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    addresses: false,
};

labels! {
    /// Which operation; chosen by whoever proposes it.
    pub OperationId / OperationIdKind: "operation id", 128, Alphabet::SEGMENT;
    /// Why it is done, in words.
    pub Reason / ReasonKind: "reason", 500, Alphabet::PROSE;
    /// Whose commands the letters are.
    pub ContextName / ContextNameKind: "context", 64, Alphabet::SEGMENT;
    /// The key that letters share, such as `demo/T-1`.
    pub LetterKey / LetterKeyKind: "key", 321, Alphabet::INSTRUMENT;
    /// The fingerprint that letters share.
    pub FingerprintText / FingerprintTextKind: "fingerprint", 16, HEXADECIMAL;
}
