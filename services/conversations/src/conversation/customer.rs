//! What customers do. Each action has a row in every state: it is done at once, kept until no agent
//! or bot has the conversation, or carried to the conversation that continues it. An action that
//! changes nothing writes no event.

use kernel::Timestamp;

use super::aggregate::{Conversation, Decided};
use super::carried::{CarriedRequest, Trail};
use super::command::{CustomerLeft, End};
use super::event::{Abandoned, Cancelled, ConversationEvent as E, EndedBy, Happened, UnparkCause};
use super::follow_up::{Callback, FollowUp, called_back};
use super::moment::Moment;
use super::offer_event::{FailCause, OfferFailed};
use super::queueing::cancelled;
use super::stage::{LiveOffer, Stage};
use crate::message::{MessageReceived, ReceiveMessage};

/// An abandon this soon, in milliseconds, does not count against the desk.
const SHORT_ABANDON_MS: u64 = 5_000;

impl Conversation {
    pub(super) fn depart(&self, now: &Moment<'_>, left: &CustomerLeft) -> Vec<E> {
        match &self.stage {
            // Who asked to be called back hangs up to be called.
            Stage::Created | Stage::Bot if self.follow_up.is_some() => vec![],
            Stage::Created | Stage::Bot => vec![E::LeftBeforeQueue(Happened { at: now.at })],
            Stage::Queued(place) | Stage::Offered(place, _) => {
                let mut events = self.give_up_offers(now);
                events.push(E::Abandoned(Abandoned {
                    while_offered: !events.is_empty(),
                    ..abandoned(now, place.enqueued_at)
                }));
                events
            }
            Stage::Parked(_, parking) => {
                vec![E::Abandoned(Abandoned {
                    short: false,
                    ..abandoned(now, parking.waits_since)
                })]
            }
            Stage::Active(_, handling) => {
                let end = End {
                    by: EndedBy::Customer,
                    wrap_up_s: left.wrap_up_s,
                    disposition_required: left.disposition_required,
                };
                self.end(now, handling, &end)
            }
            // The talk is over already; what was asked for since is still answered.
            Stage::WrapUp(..) | Stage::Closed(_) | Stage::Absent => vec![],
        }
    }

    /// An agent whose offer was pending is not to blame; one who had accepted finds no customer.
    fn give_up_offers(&self, now: &Moment<'_>) -> Vec<E> {
        let gone = |offer: &LiveOffer| {
            if offer.accepting {
                E::OfferFailed(OfferFailed {
                    at: now.at,
                    offer_id: offer.offer_id.clone(),
                    agent_id: offer.agent_id.clone(),
                    cause: FailCause::CustomerGone,
                })
            } else {
                cancelled(now, offer)
            }
        };
        self.stage.live_offers().iter().map(gone).collect()
    }

    /// The customer does not want it any more, nor what is still to follow.
    pub(super) fn cancel(&self, now: &Moment<'_>) -> Vec<E> {
        match &self.stage {
            Stage::Active(..) => {
                let mut events = self.withdraw_follow_up(now);
                events.extend(self.depart(now, &CustomerLeft::default()));
                events
            }
            Stage::WrapUp(..) => self.withdraw_follow_up(now),
            Stage::Closed(_) | Stage::Absent => vec![],
            Stage::Created
            | Stage::Bot
            | Stage::Queued(_)
            | Stage::Offered(..)
            | Stage::Parked(..) => {
                let mut events = self.cancel_offers(now);
                events.push(E::Cancelled(Cancelled {
                    at: now.at,
                    cancelled_by: now.by.clone(),
                }));
                events
            }
        }
    }

    pub(super) fn call_back(&self, now: &Moment<'_>, callback: &Callback, trail: &Trail) -> Vec<E> {
        match &self.stage {
            Stage::Queued(_) | Stage::Offered(..) => {
                let mut events = self.give_up_offers(now);
                events.push(called_back(now, callback));
                events
            }
            Stage::Parked(_, parking) if parking.callback.as_ref() == Some(callback) => vec![],
            Stage::Parked(..) => vec![called_back(now, callback)],
            Stage::Absent | Stage::Created | Stage::Bot | Stage::Active(..) | Stage::WrapUp(..) => {
                self.defer(now, FollowUp::Callback(callback.clone()))
            }
            Stage::Closed(closing) => {
                let request = CarriedRequest::Callback(callback.clone());
                self.request_when_closed(now, closing, request, trail)
            }
        }
    }

    /// A message wakes what is parked and re-opens what is over; while an agent writes up the talk, it
    /// re-opens that when they have done.
    pub(super) fn receive(
        &self,
        now: &Moment<'_>,
        message: &ReceiveMessage,
        trail: &Trail,
    ) -> Decided {
        let mut events = self.messages.decide_receive(now, message)?;
        let is_new = !events.is_empty();
        match &self.stage {
            Stage::Closed(closing) if is_new || self.is_on(trail) => {
                let request = CarriedRequest::Message(MessageReceived {
                    at: now.at,
                    provider_message_id: message.provider_message_id.clone(),
                    channel: message.channel.clone(),
                    body: message.body.clone(),
                });
                return Ok(self.request_when_closed(now, closing, request, trail));
            }
            Stage::Parked(place, parking) if is_new => {
                events.extend(self.wake(now, place, parking, UnparkCause::CustomerReply));
            }
            Stage::WrapUp(..) if is_new => events.extend(self.defer(now, FollowUp::Reopening)),
            _ => {}
        }
        Ok(events)
    }
}

fn abandoned(now: &Moment<'_>, since: Timestamp) -> Abandoned {
    let wait = now.wait_since(since);
    Abandoned {
        at: now.at,
        wait_ms: wait.ms,
        clock_anomaly: wait.clock_anomaly,
        short: wait.ms <= SHORT_ABANDON_MS,
        while_offered: false,
    }
}
