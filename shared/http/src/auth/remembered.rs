//! What a connection last proved: its next request mostly carries the very same header.

use std::any::Any;
use std::cell::RefCell;

use actix_web::dev::Extensions;

use super::principal::Principal;
use super::token::Window;

/// The header whose token was last proven on a connection. It lives as long as the connection, whose
/// read buffer holds the same bytes.
#[derive(Default)]
pub(super) struct Remembered(RefCell<Option<Proven>>);

struct Proven {
    header: Box<[u8]>,
    principal: Principal,
    window: Window,
}

/// Gives each connection its memory. Without it every request's token
/// is looked up by its hash.
pub(crate) fn remember(_: &dyn Any, connection: &mut Extensions) {
    connection.insert(Remembered::default());
}

impl Remembered {
    /// Whose header it is, if it is the last one proven and its time is not over.
    pub(super) fn recall(&self, header: &[u8], now_s: i64) -> Option<Principal> {
        let last = self.0.borrow();
        let proven = last.as_ref()?;
        let same = *proven.header == *header && proven.window.admits(now_s).is_ok();
        same.then(|| proven.principal.clone())
    }

    pub(super) fn keep(&self, header: &[u8], principal: Principal, window: Window) {
        self.0.replace(Some(Proven {
            header: header.into(),
            principal,
            window,
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::Remembered;
    use crate::auth::cache::someone;
    use crate::auth::token::LEEWAY_S;

    #[test]
    fn header_is_recalled_while_its_token_counts() {
        let remembered = Remembered::default();
        let (ann, window) = someone();
        assert_eq!(remembered.recall(b"Bearer a", 0), None);
        remembered.keep(b"Bearer a", ann.clone(), window);
        assert_eq!(remembered.recall(b"Bearer a", 0), Some(ann.clone()));
        assert_eq!(remembered.recall(b"Bearer a", 59 + LEEWAY_S), Some(ann));
        assert_eq!(remembered.recall(b"Bearer a", 60 + LEEWAY_S), None);
        assert_eq!(remembered.recall(b"Bearer a", -1 - LEEWAY_S), None);
    }

    #[test]
    fn other_header_is_not_recalled() {
        let remembered = Remembered::default();
        let (ann, window) = someone();
        remembered.keep(b"Bearer a", ann, window);
        assert_eq!(remembered.recall(b"Bearer b", 0), None);
        assert_eq!(remembered.recall(b"Bearer a ", 0), None);
        assert_eq!(remembered.recall(b"", 0), None);
    }
}
