//! What is said of tenants in words.

use kernel::{Alphabet, labels};

labels! {
    /// What people call a tenant.
    pub Title / TitleKind: "title", 200, Alphabet::PROSE;
    /// Why a tenant was suspended.
    pub Reason / ReasonKind: "reason", 500, Alphabet::PROSE;
}
