//! How an event of a conversation is counted.

use kernel::{EventMeta, Timestamp};

use super::event::{
    Abandoned, Connected, ConversationEvent as E, Ended, Overflowed, QueueCause, Queued,
};
use super::ledger::{Ledger, Origin};
use super::open::{Fate, Handling, Open, Stage, Waiting};
use crate::cell::{Abandon, Cell, Offers, Resolution};

impl Open {
    /// Folds an event; returns the fate of the conversation if it is over.
    pub(crate) fn fold(&mut self, meta: &EventMeta, event: E, ledger: &mut Ledger) -> Option<Fate> {
        self.sequence = meta.sequence;
        match event {
            // The first begins it, the second begins it again; neither happens to an open one.
            E::ConversationCreated(_) | E::Reopened(_) => {}
            E::LeftBeforeQueue(_) | E::ResolvedByBot(_) => return Some(Fate::Forgotten),
            E::Queued(queued) => self.queue(ledger, &queued),
            E::Overflowed(overflowed) => self.overflow(ledger, &overflowed),
            E::Offered(_) => self.change_wait(|waiting| waiting.live_offers += 1),
            E::ManuallyTaken(_) => self.change_wait(|waiting| waiting.is_taken = true),
            E::OfferAccepted(e) => self.settle(ledger, e.at, |offers| &mut offers.accepted),
            E::OfferRejected(e) => self.settle(ledger, e.at, |offers| &mut offers.rejected),
            E::OfferExpired(e) => self.settle(ledger, e.at, |offers| &mut offers.expired),
            E::OfferRescinded(e) => self.settle(ledger, e.at, |offers| &mut offers.rescinded),
            E::OfferCanceled(e) => self.settle(ledger, e.at, |offers| &mut offers.cancelled),
            E::OfferFailed(e) => self.settle(ledger, e.at, |offers| &mut offers.failed),
            E::Connected(connected) => self.connect(ledger, connected),
            E::CallbackRequested(e) => {
                if self.leave(ledger, e.at, |cell, wait_ms| cell.callbacks.push(wait_ms)) {
                    self.stage = Stage::Callback;
                }
            }
            E::Unparked(_) => self.wake(),
            E::Held(e) => self.change_talk(e.at, true),
            E::Resumed(e) => self.change_talk(e.at, false),
            E::Parked(e) => {
                if self.finish(ledger, e.at) {
                    self.stage = Stage::Parked;
                }
            }
            E::TransferRequested(e) => {
                self.transfer(ledger, e.at);
            }
            E::ParticipantJoined(of) => self.agents.push(of.agent_id),
            E::ParticipantLeft(of) => self.agents.retain(|agent| *agent != of.agent_id),
            E::OwnerChanged(e) => {
                if self.transfer(ledger, e.at) {
                    self.stage = Stage::Handling(Handling::new(e.at));
                }
                self.agents.retain(|agent| *agent != e.from);
                self.agents.push(e.to);
            }
            E::Requeued(e) if e.new_wait_clock => self.interrupt(ledger, e.at),
            E::ForceRequeued(e) => self.interrupt(ledger, e.at),
            E::Requeued(_) => {}
            E::MessageReceived(e) => self.hear(e.at),
            E::MessageQueued(said) => self.answer(ledger, meta, said),
            E::Abandoned(abandoned) => return Some(self.abandon(ledger, &abandoned)),
            E::Ended(ended) => return self.end(ledger, ended),
            E::Disposed(e) | E::WrapUpTimedOut(e) => return Some(self.resolve(ledger, e.at)),
            E::Expired(e) | E::Cancelled(e) | E::ForceClosed(e) | E::Merged(e) => {
                return Some(self.close(ledger, e.at));
            }
        }
        None
    }

    /// A place in a queue: the same again, the next queue of one wait, or a new wait.
    fn queue(&mut self, ledger: &mut Ledger, queued: &Queued) {
        if self.began_at.is_none() {
            self.began_at = Some(queued.enqueued_at);
            ledger.came(self.contact, queued.enqueued_at);
        }
        let origin = Origin {
            queue: ledger.queues.number(&queued.queue),
            channel: self.channel,
            enqueued_at: queued.enqueued_at,
        };
        let promised_ms = queued.answer_within_ms;
        self.stay(ledger, queued.at, origin, queued.cause, promised_ms);
    }

    fn overflow(&mut self, ledger: &mut Ledger, overflowed: &Overflowed) {
        if let Some(origin) = self.origin {
            let queue = ledger.queues.number(&overflowed.queue);
            let origin = Origin { queue, ..origin };
            // A moved wait keeps its clock, and what was promised by it.
            let promised_ms = match self.stage {
                Stage::Waiting(waiting) => waiting.promised_ms,
                _ => None,
            };
            let cause = QueueCause::Overflowed;
            self.stay(ledger, overflowed.at, origin, cause, promised_ms);
        }
    }

    fn stay(
        &mut self,
        ledger: &mut Ledger,
        at: Timestamp,
        origin: Origin,
        cause: QueueCause,
        promised_ms: Option<u64>,
    ) {
        let is_waiting = matches!(self.stage, Stage::Waiting(_));
        if is_waiting && self.origin == Some(origin) {
            return;
        }
        // A customer who was to be called and waits again is still counted only once.
        let is_counted = match self.stage {
            Stage::Waiting(waiting) => waiting.is_counted,
            _ => true,
        };
        // It is kept or broken where the wait ends.
        self.change_wait(|waiting| waiting.promised_ms = None);
        self.leave(ledger, at, |cell, _| cell.moved += 1);
        // Work that no event ended is over when the customer waits again.
        self.finish(ledger, at);
        self.origin = Some(origin);
        if is_counted {
            *ledger.enqueued(origin).queued.of(cause) += 1;
        }
        self.stage = Stage::Waiting(Waiting {
            cause,
            is_counted,
            live_offers: 0,
            promised_ms,
            is_taken: false,
        });
    }

    fn settle(&mut self, ledger: &mut Ledger, at: Timestamp, which: fn(&mut Offers) -> &mut u64) {
        let (Stage::Waiting(waiting), Some(origin)) = (&mut self.stage, self.origin) else {
            return;
        };
        waiting.live_offers = waiting.live_offers.saturating_sub(1);
        if std::mem::take(&mut waiting.is_taken) {
            return;
        }
        ledger.enter(origin, at, |cell| *which(&mut cell.offers) += 1);
    }

    fn connect(&mut self, ledger: &mut Ledger, connected: Connected) {
        let called_back = |cell: &mut Cell| cell.callbacks_answered += 1;
        match (self.stage, self.origin) {
            (Stage::Waiting(waiting), Some(origin)) if !waiting.is_counted => {
                ledger.enter(origin, connected.at, called_back);
            }
            _ => {
                self.leave(ledger, connected.at, |cell, _| {
                    cell.answered.push(connected.wait_ms);
                    cell.clock_anomalies += u64::from(connected.clock_anomaly);
                });
            }
        }
        self.finish(ledger, connected.at);
        self.stage = Stage::Handling(Handling::new(connected.at));
        self.agents = vec![connected.agent_id];
    }

    fn abandon(&mut self, ledger: &mut Ledger, abandoned: &Abandoned) -> Fate {
        let abandon = Abandon {
            wait_ms: abandoned.wait_ms,
            short: abandoned.short,
        };
        self.leave(ledger, abandoned.at, |cell, _| {
            cell.abandoned.push(abandon);
            cell.clock_anomalies += u64::from(abandoned.clock_anomaly);
        });
        self.close(ledger, abandoned.at)
    }

    /// A parked one is queued by the event that follows; a callback has kept its place.
    fn wake(&mut self) {
        self.stage = match self.stage {
            Stage::Callback => Stage::Waiting(Waiting {
                cause: QueueCause::Unparked,
                is_counted: false,
                live_offers: 0,
                promised_ms: None,
                is_taken: false,
            }),
            Stage::Parked => Stage::Between,
            stage => stage,
        };
    }

    /// The agent is gone; one that waits keeps waiting.
    fn interrupt(&mut self, ledger: &mut Ledger, at: Timestamp) {
        if !matches!(self.stage, Stage::Waiting(_)) {
            self.finish(ledger, at);
            self.stage = Stage::Between;
        }
    }

    /// Whether there was an agent who could.
    fn transfer(&mut self, ledger: &mut Ledger, at: Timestamp) -> bool {
        if let (Stage::Handling(_), Some(origin)) = (self.stage, self.origin) {
            ledger.enter(origin, at, |cell| cell.transferred += 1);
        }
        self.finish(ledger, at)
    }

    fn end(&mut self, ledger: &mut Ledger, ended: Ended) -> Option<Fate> {
        if let (Stage::Handling(handling), true) = (self.stage, ended.wrap_up_s > 0) {
            self.stage = Stage::WrapUp(handling.passed(ended.at));
            return None;
        }
        Some(self.resolve(ledger, ended.at))
    }

    fn resolve(&mut self, ledger: &mut Ledger, at: Timestamp) -> Fate {
        let contact = self.contact;
        if let Some(origin) = self.origin {
            let resolution = Resolution { at, contact };
            ledger.enter(origin, at, |cell| cell.resolved.push(resolution));
        }
        self.close(ledger, at)
    }

    fn change_wait(&mut self, change: impl FnOnce(&mut Waiting)) {
        if let Stage::Waiting(waiting) = &mut self.stage {
            change(waiting);
        }
    }

    fn change_talk(&mut self, at: Timestamp, is_held: bool) {
        if let Stage::Handling(handling) = self.stage {
            let handling = handling.passed(at);
            self.stage = Stage::Handling(Handling {
                is_held,
                ..handling
            });
        }
    }
}
