//! From a closed conversation to the one that continues it: the one it was merged into, or a new
//! one when it is too old to be re-opened or never waited in a queue.

use kernel::AggregateId;

use super::aggregate::{Conversation, Decided, create};
use super::carried::{Carried, CarriedOver, CarriedRequest, Continued, Trail};
use super::command::{Create, ReceiveCarried};
use super::ending::is_recent;
use super::event::{ConversationEvent as E, QueueCause, Queued};
use super::follow_up::{Callback, called_back};
use super::moment::Moment;
use super::queueing::{Limits, sticky};
use super::stage::{Closing, Stage};
use crate::label::ConversationId;
use crate::message::MessageReceived;

/// Names of conversations that are opened to continue others lie in this space.
const CONTINUATIONS: u128 = 0x6c1d_5f0e_7b0a_5d0e_9a52_3f1f_0d3c_8a71;

impl Conversation {
    /// A request that reached another, closed conversation first. A conversation that does not
    /// exist is opened for it.
    pub(super) fn receive_carried(
        &self,
        now: &Moment<'_>,
        own: &AggregateId,
        ReceiveCarried(carried): &ReceiveCarried,
    ) -> Decided {
        match (&self.stage, &carried.request) {
            (Stage::Absent, _) => self.open_for(now, own, carried),
            (_, CarriedRequest::Message(message)) => {
                self.receive(now, &message.into(), &carried.trail)
            }
            (_, CarriedRequest::Callback(callback)) => {
                Ok(self.call_back(now, callback, &carried.trail))
            }
        }
    }

    fn open_for(&self, now: &Moment<'_>, own: &AggregateId, carried: &Carried) -> Decided {
        let new = Create {
            customer_id: carried.customer_id.clone(),
            channel: carried.channel.clone(),
            intent: carried.intent.clone(),
            priority: carried.priority,
        };
        let (mut opened, mut events) = (self.clone(), create(own, now, &new)?);
        let from = carried.trail.as_slice().last();
        events.extend(from.map(|from| {
            E::Continued(Continued {
                at: now.at,
                from: from.clone(),
                agent_id: carried.agent_id.clone(),
            })
        }));
        for event in &events {
            opened.fold(event.clone());
        }
        if let Some(queued) = opened.queued_for(now, carried) {
            opened.fold(queued.clone());
            events.push(queued);
        }
        events.extend(match &carried.request {
            CarriedRequest::Message(message) => vec![received(now, message)],
            CarriedRequest::Callback(callback) => opened.call_back(now, callback, &carried.trail),
        });
        Ok(events)
    }

    /// Where the customer waited before, if they did; what was promised there was kept or broken there.
    fn queued_for(&self, now: &Moment<'_>, carried: &Carried) -> Option<E> {
        let (queue, requirements) = (carried.queue.as_ref()?, &carried.requirements);
        let cause = QueueCause::Enqueued;
        let first = self.first_queued(now, cause, queue, requirements, None, Limits::default());
        Some(E::Queued(Queued {
            sticky: sticky(now, carried.agent_id.as_ref()),
            ..first
        }))
    }

    /// Within the window it is re-opened; otherwise another conversation continues it and gets the
    /// request.
    pub(super) fn request_when_closed(
        &self,
        now: &Moment<'_>,
        closing: &Closing,
        request: CarriedRequest,
        trail: &Trail,
    ) -> Vec<E> {
        let reopens = closing.goes_on_in.is_none() && is_recent(now, closing);
        let reopened = || self.reopen_for(now, closing, now.at);
        let mut events = if reopens { reopened() } else { vec![] };
        if events.is_empty() {
            if let Some(carried) = self.carry(now, closing, &request, trail) {
                return vec![carried];
            }
            // Merged in a circle, or once too often: this conversation takes the request, or it is
            // lost.
            events = reopened();
        }
        events.push(match request {
            CarriedRequest::Message(message) => received(now, &message),
            CarriedRequest::Callback(callback) => called_back(now, &callback),
        });
        events
    }

    /// Carries a kept callback to the conversation that continues this one.
    pub(super) fn hand_on(
        &self,
        now: &Moment<'_>,
        closing: &Closing,
        callback: &Callback,
    ) -> Option<E> {
        closing.goes_on_in.as_ref()?;
        let request = CarriedRequest::Callback(callback.clone());
        self.carry(now, closing, &request, &Trail::default())
    }

    /// Nothing, if it has been here already or came through too many.
    fn carry(
        &self,
        now: &Moment<'_>,
        closing: &Closing,
        request: &CarriedRequest,
        trail: &Trail,
    ) -> Option<E> {
        let opened = self.opened.as_deref().filter(|_| !self.is_on(trail))?;
        let own = &opened.conversation_id;
        let further = [trail.as_slice(), std::slice::from_ref(own)].concat();
        let (into, place) = (closing.goes_on_in.clone(), closing.place.as_deref());
        let requirements = place.map(|place| place.requirements.clone());
        Some(E::CarriedOver(CarriedOver {
            at: now.at,
            into: into.unwrap_or_else(|| continuation(own, self.version)),
            carried: Carried {
                trail: Trail::try_from(further).ok()?,
                request: request.clone(),
                customer_id: opened.customer_id.clone(),
                channel: opened.channel.clone(),
                intent: opened.intent.clone(),
                priority: opened.priority,
                queue: place.map(|place| place.queue.clone()),
                requirements: requirements.unwrap_or_default(),
                agent_id: closing.agent_id.clone(),
            },
        }))
    }

    /// Whether the request has been here before.
    pub(super) fn is_on(&self, trail: &Trail) -> bool {
        let own = self.opened.as_ref().map(|opened| &opened.conversation_id);
        own.is_some_and(|own| trail.as_slice().contains(own))
    }
}

fn received(now: &Moment<'_>, message: &MessageReceived) -> E {
    E::MessageReceived(MessageReceived {
        at: now.at,
        ..message.clone()
    })
}

/// A unique name: made of the conversation and the version at which it had ended.
fn continuation(of: &ConversationId, version: u64) -> ConversationId {
    let id = AggregateId::derived(CONTINUATIONS, &format!("{of}/{version}"));
    ConversationId::new(id.as_str()).expect("a UUID is shorter than 64 bytes")
}
