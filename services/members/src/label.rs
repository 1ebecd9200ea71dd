//! What members are called, and what they are limited to.

use kernel::{Alphabet, labels};

labels! {
    /// The actor of a token, and the aggregate id of what is known of them.
    pub MemberId / MemberIdKind: "member id", 128, Alphabet::SEGMENT;
    /// A book of trades.
    pub Book / BookKind: "book", 64, Alphabet::SEGMENT;
    /// An account of trades.
    pub Account / AccountKind: "account", 64, Alphabet::SEGMENT;
}
