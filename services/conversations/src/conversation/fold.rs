//! How an event moves a conversation. It cannot fail and holds no rule.

use std::mem;

use kernel::Timestamp;

use super::aggregate::Conversation;
use super::carried::CarriedRequest;
use super::event::{CallbackRequested, ConversationEvent as E, Parked};
use super::follow_up::{Callback, Pending};
use super::offer_event::Offered;
use super::stage::{
    CloseReason, Closing, Consultation, FinalOffer, Handling, LiveOffer, OfferOutcome, Parking,
    Place, Stage, Talk, WrapUp,
};
use crate::label::{AgentId, ConversationId, OfferId};

/// Final offers remembered, so that what is sent again is known; older ones are merely not live.
const FINAL_OFFERS_MAX: usize = 64;
/// Agents remembered who had the conversation, so that their late wrap-up is known.
const SERVED_MAX: usize = 32;

impl Conversation {
    pub(crate) fn fold(&mut self, event: E) {
        self.version += 1;
        self.clock = self.clock.max(event.at());
        match event {
            E::ConversationCreated(created) => {
                self.opened = Some(Box::new(created));
                self.stage = Stage::Created;
            }
            E::BotEngaged(_) => self.stage = Stage::Bot,
            E::Queued(queued) => {
                self.seq = queued.seq;
                self.episode = self.episode.max(1);
                self.follow_up
                    .take_if(|pending| pending.is_done_in_a_queue());
                self.stage = Stage::Queued(Box::new(queued.into()));
            }
            E::Reopened(reopened) => {
                self.episode = reopened.episode;
                self.offers_made = 0;
                self.wait_again();
            }
            E::Offered(offered) => self.offer(offered),
            E::OfferAccepting(moved) => self.accept(&moved.offer_id),
            E::OfferAccepted(moved) => self.settle(&moved.offer_id, OfferOutcome::Accepted),
            E::OfferRejected(moved) => self.settle(&moved.offer_id, OfferOutcome::Rejected),
            E::OfferExpired(moved) => self.settle(&moved.offer_id, OfferOutcome::Expired),
            E::OfferRescinded(moved) => self.settle(&moved.offer_id, OfferOutcome::Rescinded),
            E::OfferCanceled(moved) => self.settle(&moved.offer_id, OfferOutcome::Canceled),
            E::OfferFailed(moved) => self.settle(&moved.offer_id, OfferOutcome::Failed),
            E::Connected(connected) => self.connect(connected.agent_id),
            E::PriorityChanged(changed) => self.change_place(|place| {
                place.priority = changed.priority;
            }),
            E::RequirementsRelaxed(relaxed) => self.change_place(|place| {
                place.ring = relaxed.ring;
                place.requirements = relaxed.requirements;
            }),
            E::Overflowed(overflowed) => self.change_place(|place| {
                place.queue = overflowed.queue;
            }),
            E::AnswerOverdue(_) => self.overdue(),
            E::CallbackRequested(requested) => self.park_for_callback(requested),
            E::Parked(parked) => self.park(parked),
            E::Unparked(_) => self.with_place(Stage::Queued),
            E::Held(_) => self.talk(|_| Talk::Held),
            E::Resumed(_) => self.talk(|talk| match talk {
                Talk::Consulting(asked) => Talk::Consulting(Consultation {
                    on_hold: false,
                    ..asked
                }),
                _ => Talk::Talking,
            }),
            E::ParticipantLeft(_) | E::TransferFailed(_) => self.talk(|talk| talk.alone()),
            E::ConsultStarted(started) => self.talk(|talk| {
                Talk::Consulting(Consultation {
                    target: started.target,
                    offer_id: started.offer_id,
                    connected: false,
                    on_hold: talk == Talk::Held,
                })
            }),
            E::ConsultConnected(_) => self.connect_consult(),
            E::ParticipantJoined(joined) => self.talk(|_| Talk::Conferenced(joined.agent_id)),
            // This removes the agent; the `Queued` that follows gives the queue.
            E::AgentLeft(_) => self.with_place(Stage::Queued),
            E::OwnerChanged(changed) => self.connect(changed.to),
            E::Ended(ended) if ended.wrap_up_s.get() == 0 => {
                self.close(CloseReason::Resolved, ended.at);
            }
            E::Ended(ended) => {
                let version = self.version;
                self.with_place(|place| {
                    let wrap_up = WrapUp {
                        owner: ended.agent_id,
                        disposition_required: ended.disposition_required,
                        version,
                    };
                    Stage::WrapUp(place, wrap_up)
                });
            }
            E::LeftBeforeQueue(left) => self.close(CloseReason::Abandoned, left.at),
            E::ResolvedByBot(resolved) => self.close(CloseReason::Resolved, resolved.at),
            E::Abandoned(abandoned) => self.close(CloseReason::Abandoned, abandoned.at),
            E::Expired(expired) => self.close(CloseReason::Expired, expired.at),
            E::Cancelled(cancelled) => self.close(CloseReason::Cancelled, cancelled.at),
            E::Disposed(disposed) => self.close(CloseReason::Resolved, disposed.at),
            E::WrapUpTimedOut(timed_out) => self.close(CloseReason::Resolved, timed_out.at),
            E::ForceClosed(forced) => self.close(CloseReason::Cancelled, forced.at),
            E::Merged(merged) => {
                self.close(CloseReason::Merged, merged.at);
                self.go_on_in(merged.into);
            }
            E::CarriedOver(carried) => {
                self.go_on_in(carried.into);
                if let CarriedRequest::Message(message) = carried.carried.request {
                    self.messages.receive(message);
                }
            }
            E::FollowUpDeferred(deferred) => {
                self.follow_up = Some(Pending {
                    follow_up: deferred.follow_up,
                    since: deferred.at,
                });
            }
            E::FollowUpWithdrawn(_) => self.follow_up = None,
            // These remove the owner; the `Queued` that follows gives the new place.
            E::ForceRequeued(_) => self.leave(),
            E::Requeued(requeued) if requeued.new_wait_clock => self.leave(),
            // They tell others what the events around them did.
            E::Requeued(_)
            | E::HandedOff(_)
            | E::TransferRequested(_)
            | E::ManuallyTaken(_)
            | E::MatchRefused(_)
            | E::Continued(_) => {}
            E::MessageReceived(received) => self.messages.receive(received),
            E::MessageSeen(seen) => self.messages.see(seen),
            E::MessageQueued(queued) => self.messages.queue(queued),
            E::MessageSent(sent) => self.messages.sent(&sent),
            E::ReceiptRecorded(recorded) => self.messages.record(&recorded),
            E::ReceiptBuffered(buffered) => self.messages.buffer(buffered),
            E::MessageRetried(retried) => self.messages.retry(&retried),
            E::MessageCancelled(cancelled) => self.messages.cancel(&cancelled),
            // Both follow from the receipts.
            E::ReceiptAnomaly(_) | E::MessageStatusChanged(_) => {}
        }
    }

    /// Moves to what `next` makes of the place; a stage without one stays.
    fn with_place(&mut self, next: impl FnOnce(Box<Place>) -> Stage) {
        self.stage = match mem::take(&mut self.stage) {
            Stage::Queued(place)
            | Stage::Offered(place, _)
            | Stage::Active(place, _)
            | Stage::Parked(place, _)
            | Stage::WrapUp(place, _) => next(place),
            other => other,
        };
    }

    fn change_place(&mut self, change: impl FnOnce(&mut Place)) {
        self.with_place(|mut place| {
            change(&mut place);
            Stage::Queued(place)
        });
    }

    fn connect_consult(&mut self) {
        if let Stage::Active(_, handling) = &mut self.stage
            && let Talk::Consulting(consultation) = &mut handling.talk
        {
            consultation.connected = true;
        }
    }

    /// Reported once for each stay.
    fn overdue(&mut self) {
        if let Stage::Queued(place) | Stage::Offered(place, _) = &mut self.stage {
            place.answer_by = None;
        }
    }

    fn leave(&mut self) {
        self.with_place(Stage::Queued);
    }

    fn wait_again(&mut self) {
        self.stage = match mem::take(&mut self.stage) {
            Stage::Closed(Closing {
                place: Some(place), ..
            }) => Stage::Queued(place),
            other => other,
        };
    }

    fn offer(&mut self, offered: Offered) {
        self.offers_made += 1;
        let offer = LiveOffer {
            offer_id: offered.offer_id,
            agent_id: offered.agent_id,
            accepting: false,
        };
        self.stage = match mem::take(&mut self.stage) {
            Stage::Queued(place) => Stage::Offered(place, vec![offer]),
            Stage::Offered(place, mut live) => {
                live.push(offer);
                Stage::Offered(place, live)
            }
            other => other,
        };
    }

    fn accept(&mut self, offer_id: &OfferId) {
        if let Stage::Offered(_, live) = &mut self.stage {
            for offer in live.iter_mut().filter(|offer| offer.offer_id == *offer_id) {
                offer.accepting = true;
            }
        }
    }

    /// Takes a live offer out; without any the conversation is back at its place in the queue.
    fn settle(&mut self, offer_id: &OfferId, outcome: OfferOutcome) {
        let Stage::Offered(_, live) = &mut self.stage else {
            return;
        };
        let Some(index) = live.iter().position(|offer| offer.offer_id == *offer_id) else {
            return;
        };
        let LiveOffer {
            offer_id, agent_id, ..
        } = live.remove(index);
        let none_live = live.is_empty();
        self.final_offers.push(FinalOffer {
            offer_id,
            agent_id,
            outcome,
        });
        keep_last(&mut self.final_offers, FINAL_OFFERS_MAX);
        if none_live {
            self.leave();
        }
    }

    fn connect(&mut self, owner: AgentId) {
        // The latest last: an earlier owner moves to the end.
        self.served.retain(|agent| *agent != owner);
        self.served.push(owner.clone());
        keep_last(&mut self.served, SERVED_MAX);
        self.with_place(|place| {
            let talk = Talk::Talking;
            Stage::Active(place, Handling { owner, talk })
        });
    }

    fn talk(&mut self, next: impl FnOnce(Talk) -> Talk) {
        if let Stage::Active(_, handling) = &mut self.stage {
            let talk = mem::replace(&mut handling.talk, Talk::Talking);
            handling.talk = next(talk);
        }
    }

    fn park(&mut self, parked: Parked) {
        let version = self.version;
        self.with_place(|place| {
            let parking = Parking {
                agent_id: Some(parked.agent_id),
                version,
                callback: None,
                waits_since: parked.at,
            };
            Stage::Parked(place, parking)
        });
    }

    /// What an agent had parked stays theirs.
    fn park_for_callback(&mut self, requested: CallbackRequested) {
        self.follow_up = None;
        let (agent_id, since) = match &self.stage {
            Stage::Parked(_, parking) => (parking.agent_id.clone(), Some(parking.waits_since)),
            _ => (None, None),
        };
        let version = self.version;
        self.with_place(|mut place| {
            // Who asked to be called back is not given up for having waited.
            place.expires_at = None;
            let parking = Parking {
                agent_id,
                version,
                callback: Some(Callback {
                    callback_at: requested.callback_at,
                    number: requested.number,
                }),
                waits_since: since.unwrap_or(place.enqueued_at),
            };
            Stage::Parked(place, parking)
        });
    }

    fn go_on_in(&mut self, next: ConversationId) {
        if let Stage::Closed(closing) = &mut self.stage {
            closing.goes_on_in = Some(next);
        }
    }

    fn close(&mut self, reason: CloseReason, at: Timestamp) {
        self.follow_up = None;
        let agent_id = self.last_agent().cloned();
        let place = match mem::take(&mut self.stage) {
            Stage::Queued(place)
            | Stage::Offered(place, _)
            | Stage::Active(place, _)
            | Stage::Parked(place, _)
            | Stage::WrapUp(place, _) => Some(place),
            Stage::Absent | Stage::Created | Stage::Bot | Stage::Closed(_) => None,
        };
        self.stage = Stage::Closed(Closing {
            reason,
            at,
            place,
            agent_id,
            goes_on_in: None,
        });
    }
}

fn keep_last<T>(entries: &mut Vec<T>, most: usize) {
    if entries.len() > most {
        entries.remove(0);
    }
}
