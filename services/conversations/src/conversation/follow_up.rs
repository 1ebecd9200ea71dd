//! What a customer asks for while an agent or a bot still has the conversation: it is kept, and
//! done as soon as none has.

use kernel::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::aggregate::Conversation;
use super::command::RequestCallback;
use super::event::{CallbackRequested, ConversationEvent as E, Happened};
use super::moment::Moment;
use super::stage::Stage;
use crate::label::PhoneNumber;

/// What is done later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum FollowUp {
    /// The customer wrote after the talk had ended.
    Reopening,
    Callback(Callback),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Callback {
    pub callback_at: Timestamp,
    #[schemars(extend("pii" = true))]
    pub number: PhoneNumber,
}

/// Whose turn it is before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    /// The channel or the bot has yet to choose the queue.
    Queued,
    /// The agent ends, parks or passes on the talk.
    AgentDone,
    WrapUpDone,
}

/// The customer is heard, and is served later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FollowUpDeferred {
    pub at: Timestamp,
    pub follow_up: FollowUp,
    pub until: Until,
}

/// A follow-up that is not done yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Pending {
    pub(crate) follow_up: FollowUp,
    /// Since when the customer waits for it.
    pub(crate) since: Timestamp,
}

impl Pending {
    /// A customer who waits again will be answered, however that came about.
    pub(super) fn is_done_in_a_queue(&self) -> bool {
        self.follow_up == FollowUp::Reopening
    }
}

impl From<&RequestCallback> for Callback {
    fn from(request: &RequestCallback) -> Self {
        Self {
            callback_at: request.callback_at,
            number: request.number.clone(),
        }
    }
}

impl Conversation {
    /// The latest wish counts; the same again is a retry.
    pub(super) fn defer(&self, now: &Moment<'_>, follow_up: FollowUp) -> Vec<E> {
        let pending = self.follow_up.as_ref();
        if pending.is_some_and(|pending| pending.follow_up == follow_up) {
            return vec![];
        }
        let until = match self.stage {
            Stage::Active(..) => Until::AgentDone,
            Stage::WrapUp(..) => Until::WrapUpDone,
            _ => Until::Queued,
        };
        vec![E::FollowUpDeferred(FollowUpDeferred {
            at: now.at,
            follow_up,
            until,
        })]
    }

    pub(super) fn withdraw_follow_up(&self, now: &Moment<'_>) -> Vec<E> {
        let pending = self.follow_up.iter();
        pending
            .map(|_| E::FollowUpWithdrawn(Happened { at: now.at }))
            .collect()
    }

    /// What was decided, and the follow-up if its turn has come with it.
    pub(super) fn followed_up(&self, now: &Moment<'_>, mut events: Vec<E>) -> Vec<E> {
        let Some(pending) = &self.follow_up else {
            return events;
        };
        let mut after = self.clone();
        for event in &events {
            after.fold(event.clone());
        }
        let ends_by_itself = matches!(
            events.last(),
            Some(E::Ended(_) | E::Disposed(_) | E::WrapUpTimedOut(_))
        );
        match (&after.stage, &pending.follow_up) {
            (Stage::Queued(_) | Stage::Parked(..), FollowUp::Callback(callback))
                if after.follow_up.is_some() =>
            {
                events.push(called_back(now, callback));
            }
            (Stage::Closed(closing), FollowUp::Reopening) if ends_by_itself => {
                events.extend(after.reopen_for(now, closing, pending.since));
            }
            (Stage::Closed(closing), FollowUp::Callback(callback))
                if ends_by_itself && !is_withdrawn(&events) =>
            {
                // A customer who is to be called does not wait.
                events.extend(after.reopen_for(now, closing, now.at));
                events.push(called_back(now, callback));
            }
            (Stage::Closed(closing), FollowUp::Callback(callback)) => {
                events.extend(after.hand_on(now, closing, callback));
            }
            _ => {}
        }
        events
    }
}

fn is_withdrawn(events: &[E]) -> bool {
    let mut events = events.iter();
    events.any(|event| matches!(event, E::FollowUpWithdrawn(_)))
}

pub(super) fn called_back(now: &Moment<'_>, callback: &Callback) -> E {
    E::CallbackRequested(CallbackRequested {
        at: now.at,
        callback_at: callback.callback_at,
        number: callback.number.clone(),
    })
}
