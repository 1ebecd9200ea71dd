//! What only decisions speak of.

use kernel::{Alphabet, labels};

/// As the codes of rejections are written.
const UPPER_SNAKE: Alphabet = Alphabet {
    pattern: "^[A-Z0-9_]+$",
    admits: |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_',
    addresses: false,
};

labels! {
    /// Why an agent's stream refused the reservation, such as `NO_CAPACITY`.
    pub RefusalCode / RefusalCodeKind: "refusal code", 64, UPPER_SNAKE;
}
