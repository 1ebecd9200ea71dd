//! What policies may ask of a position: the account and the book that its id names.

use kernel::{AggregateId, Facts};

pub(super) fn of(id: &AggregateId) -> Facts {
    let mut parts = id.as_str().splitn(3, '/').map(Box::from);
    Facts {
        account: parts.next(),
        book: parts.next(),
        ..Facts::default()
    }
}
