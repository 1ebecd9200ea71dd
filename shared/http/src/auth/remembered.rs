//! What a connection last proved: its next request mostly carries the very same header.

use std::any::Any;
use std::cell::RefCell;

use actix_web::dev::Extensions;

use super::principal::Principal;
use super::token::Proof;
use super::verifier::Verifier;

/// The header whose token was last proven on a connection. It lives as long as the connection, whose
/// read buffer holds the same bytes.
#[derive(Default)]
pub(super) struct Remembered(RefCell<Option<(Box<[u8]>, Proof)>>);

/// Gives each connection its memory. Without it every request's token
/// is looked up by its hash.
pub(crate) fn remember(_: &dyn Any, connection: &mut Extensions) {
    connection.insert(Remembered::default());
}

impl Remembered {
    /// Whose header it is, if it is the last one proven and still holds.
    pub(super) fn recall(
        &self,
        header: &[u8],
        verifier: &Verifier,
        now_s: i64,
    ) -> Option<Principal> {
        let last = self.0.borrow();
        let (known, proof) = last.as_ref()?;
        let same = **known == *header && verifier.holds(proof, now_s);
        same.then(|| proof.principal.clone())
    }

    pub(super) fn keep(&self, header: &[u8], proof: Proof) {
        self.0.replace(Some((header.into(), proof)));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kernel::Timestamp;
    use kernel::port::Clock;

    use super::Remembered;
    use crate::auth::cache::someone;
    use crate::auth::token::LEEWAY_S;
    use crate::auth::{Revision, Verifier};

    struct Stopped;

    impl Clock for Stopped {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(0)
        }
    }

    fn verifier(revision: &Revision) -> Verifier {
        Verifier::new(Vec::new(), revision.clone(), Arc::new(Stopped))
    }

    #[test]
    fn header_is_recalled_while_its_token_counts() {
        let (remembered, verifier) = (Remembered::default(), verifier(&Revision::default()));
        let recall = |now_s| remembered.recall(b"Bearer a", &verifier, now_s);
        let ann = someone();
        assert_eq!(recall(0), None);
        remembered.keep(b"Bearer a", ann.clone());
        assert_eq!(recall(0), Some(ann.principal.clone()));
        assert_eq!(recall(59 + LEEWAY_S), Some(ann.principal));
        assert_eq!(recall(60 + LEEWAY_S), None);
        assert_eq!(recall(-1 - LEEWAY_S), None);
    }

    #[test]
    fn other_header_is_not_recalled() {
        let (remembered, verifier) = (Remembered::default(), verifier(&Revision::default()));
        remembered.keep(b"Bearer a", someone());
        for other in [&b"Bearer b"[..], b"Bearer a ", b""] {
            assert_eq!(remembered.recall(other, &verifier, 0), None);
        }
    }

    #[test]
    fn header_is_not_recalled_once_a_key_is_no_longer_trusted() {
        let revision = Revision::default();
        let (remembered, verifier) = (Remembered::default(), verifier(&revision));
        remembered.keep(b"Bearer a", someone());
        revision.advance();
        assert_eq!(remembered.recall(b"Bearer a", &verifier, 0), None);
    }
}
