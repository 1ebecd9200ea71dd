//! The directory of members, as tokens are completed by it.

use http::auth::{Completion, Members};
use kernel::{Subject, Timestamp};
use members::Directory;
use pipeline::Followed;

/// Completes what a token says by what the directory knows.
pub(super) struct Known(pub(super) Followed<Directory>);

impl Members for Known {
    fn generation(&self) -> u64 {
        self.0.ask(|directory| directory.generation())
    }

    fn changes(&self, subject: &Subject) -> u64 {
        let known = |directory: &mut Directory| directory.known(&subject.tenant, &subject.actor);
        self.0.ask(known).map_or(0, |known| known.changes())
    }

    fn complete(&self, subject: &Subject) -> Completion {
        let known = |directory: &mut Directory| directory.known(&subject.tenant, &subject.actor);
        let Some(known) = self.0.ask(known) else {
            return Completion::AsIs;
        };
        // A token without a time is as old as can be.
        let issued = Timestamp::from_millis(subject.issued_s.unwrap_or(0).saturating_mul(1_000));
        if known.has_revoked(issued) {
            return Completion::Revoked;
        }
        let completed = known.complete(subject);
        if completed == *subject {
            Completion::AsIs
        } else {
            Completion::By(Box::new(completed))
        }
    }
}
