//! Whom to ask for whom: the match, with everything it was based on.
//!
//! In: the floor and the time. Out: a plan. It reserves nothing and decides nothing by itself: the
//! agents' own streams do, candidate by candidate.

mod explain;
mod next;
mod order;
mod question;

#[cfg(test)]
mod tests;

use std::num::{NonZeroU16, NonZeroU32};

use kernel::{Tenant, Timestamp};

use crate::decision::{Candidate, RULES, Record, Turn};
use crate::floor::{Floor, Stage, boost_s, count};
use crate::label::ConversationId;
use crate::settings::Strategy;
use question::{Answer, Question};

/// Candidates worth trying: if so many have changed since they were read, the reading is old.
pub const ASKED_MAX: usize = 16;

/// Whom to ask, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub record: Record,
    /// Units of the channel's capacity to be reserved.
    pub cost: NonZeroU16,
    pub offer_ttl_ms: NonZeroU32,
    /// How many are asked at once.
    pub parallel_max: u8,
}

impl Plan {
    /// The agents to ask, in this order; none if no agent can be asked. At most [`ASKED_MAX`].
    #[must_use]
    pub fn asked(&self) -> &[Candidate] {
        &self.record.candidates
    }
}

/// Why there is nothing to plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unmatchable {
    #[error("the conversation is not known or closed")]
    Unknown,
    #[error("the conversation does not wait at version {version}")]
    NotWaiting {
        version: u64,
        /// An agent is asked for it.
        is_offered: bool,
    },
    #[error("a match of the conversation is under way")]
    Held,
}

impl Floor {
    /// Whom to ask for a conversation that waits.
    ///
    /// # Errors
    /// [`Unmatchable`] when it does not wait, or its last match is still under way. Without an
    /// agent to ask the result is no error but an empty plan.
    pub fn plan(
        &self,
        tenant: &Tenant,
        conversation: &ConversationId,
        now: Timestamp,
    ) -> Result<Plan, Unmatchable> {
        let desk = self.desk(tenant).ok_or(Unmatchable::Unknown)?;
        let open = desk.conversations.get(conversation);
        let asked_for = &open.ok_or(Unmatchable::Unknown)?.conversation;
        let Some(question) = Question::new(desk, conversation, now) else {
            return Err(Unmatchable::NotWaiting {
                version: asked_for.version,
                is_offered: asked_for.stage == Stage::Offered,
            });
        };
        if desk.holds.has_conversation(conversation) {
            return Err(Unmatchable::Held);
        }
        let answer = question.answer();
        let settings = &question.queue.settings;
        Ok(Plan {
            cost: settings.cost,
            offer_ttl_ms: settings.offer_ttl_ms,
            parallel_max: match settings.strategy {
                Strategy::Ring(agents) => agents.get(),
                _ => 1,
            },
            record: self.record(&question, answer),
        })
    }

    fn record(&self, question: &Question<'_>, answer: Answer) -> Record {
        let (conversation, place) = (question.conversation, question.place);
        let settings = &question.queue.settings;
        Record {
            rules: RULES,
            at: question.now,
            conversation_id: question.id.clone(),
            conversation_version: conversation.version,
            queue_id: place.queue.clone(),
            channel: conversation.channel.clone(),
            requirements: place.requirements.clone(),
            ring: place.ring,
            strategy: settings.strategy,
            turn: Turn {
                enqueued_at: place.enqueued_at,
                waited_ms: question.now.millis_since(place.enqueued_at),
                priority: place.priority,
                boost_s: boost_s(conversation, settings),
                waiting: count(question.queue.lines.len()),
            },
            candidates: answer.candidates,
            candidates_total: answer.candidates_total,
            exclusions: answer.exclusions,
            excluded: answer.excluded,
            cooldown_lifted: answer.cooldown_lifted,
            based_on: self.log_positions.all(),
        }
    }
}
