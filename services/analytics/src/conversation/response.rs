//! How long customers wait for a person's word.

use kernel::{Actor, EventMeta, Timestamp};

use super::event::Said;
use super::ledger::Ledger;
use super::open::{Open, Stage};
use crate::label::AgentId;

impl Open {
    pub(super) fn hear(&mut self, at: Timestamp) {
        if self.began_at.is_some() {
            self.unanswered_since.get_or_insert(at);
        }
    }

    /// A response is a message of a person who has the conversation: neither a machine's, even
    /// under such a person's name, nor that of a person who only looks on.
    pub(super) fn answer(&mut self, ledger: &mut Ledger, meta: &EventMeta, said: Said) {
        let (Some(began_at), Some(origin)) = (self.began_at, self.origin) else {
            return;
        };
        if said.automated || !self.is_agent(&meta.actor) {
            return;
        }
        let at = said.at;
        let unanswered_since = self.unanswered_since.take();
        if !self.has_responded {
            self.has_responded = true;
            ledger.enter(origin, at, |cell| cell.first_responses.enter(began_at, at));
        } else if let Some(since) = unanswered_since {
            ledger.enter(origin, at, |cell| cell.next_responses.enter(since, at));
        }
    }

    /// Whether it is an agent who acts, and one who has the conversation or has set it aside.
    fn is_agent(&self, actor: &Actor) -> bool {
        let is_had = matches!(
            self.stage,
            Stage::Handling(_) | Stage::WrapUp(_) | Stage::Parked
        );
        let is_named = |agent: &AgentId| agent.as_str() == actor.as_str();
        is_had && !actor.is_platform() && self.agents.iter().any(is_named)
    }
}
