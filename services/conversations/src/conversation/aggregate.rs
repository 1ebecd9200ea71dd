//! The rule book.

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use kernel::context::{Context, Refused, TimerRequest};
use kernel::route::CommandRoute;
use kernel::{Accepted, AggregateId, Facts, Timestamp};
use serde::{Deserialize, Serialize};

use super::carried::Trail;
use super::command::{ConversationCommand, Create, CustomerLeft};
use super::event::{ConversationCreated, ConversationEvent, EndedBy, Happened};
use super::follow_up::Pending;
use super::moment::Moment;
use super::rejection::ConversationRejection;
use super::stage::{ConversationState, FinalOffer, Stage};
use super::{facts, route, timers};
use crate::label::{AgentId, ConversationId};
use crate::message::Messages;

/// One conversation with a customer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// Events so far.
    pub(crate) version: u64,
    /// The latest event's time; never goes back.
    pub(crate) clock: Timestamp,
    /// As it was opened; none for one that does not exist.
    pub(crate) opened: Option<Box<ConversationCreated>>,
    pub(crate) stage: Stage,
    /// 0 before it first waits, then 1, 2, 3 …
    pub(crate) episode: u32,
    /// Places it was given so far.
    pub(crate) seq: u64,
    /// Offers in this episode.
    pub(crate) offers_made: u32,
    /// The latest of them, oldest first.
    pub(crate) final_offers: Vec<FinalOffer>,
    /// The latest agents who had it, each once.
    pub(crate) served: Vec<AgentId>,
    pub(crate) messages: Messages,
    /// What the customer asked for, due once no agent or bot has the conversation.
    pub(crate) follow_up: Option<Pending>,
}

pub(crate) type Decided = Result<Vec<ConversationEvent>, ConversationRejection>;

impl Conversation {
    #[must_use]
    pub fn state(&self) -> ConversationState {
        self.stage.state()
    }

    /// Events so far; 0 for a conversation that does not exist.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Who has it, or had it last.
    pub(crate) fn last_agent(&self) -> Option<&AgentId> {
        self.stage.owner().or_else(|| self.served.last())
    }

    pub(crate) fn refuse(&self, command: &ConversationCommand) -> ConversationRejection {
        ConversationRejection::InvalidTransition {
            state: self.state(),
            command: command.name(),
            version: self.version,
        }
    }
}

impl Context for Conversation {
    const NAME: &'static str = "conversations";

    const SHAPE: u16 = 3;

    const COMMANDS: &'static [CommandRoute] = route::COMMANDS;

    const INTERNAL: &'static [&'static str] = route::INTERNAL;

    type Input = ConversationCommand;

    fn reaches(command: &ConversationCommand) -> Option<AggregateId> {
        match command {
            ConversationCommand::Merge(merge) => AggregateId::new(merge.into.as_str()).ok(),
            _ => None,
        }
    }

    fn facts(_: &AggregateId, command: Option<&ConversationCommand>) -> Facts {
        command.map(facts::asked).unwrap_or_default()
    }

    fn decide(&self, accepted: &Accepted<ConversationCommand>, (): &()) -> Decided {
        let now = &Moment::new(accepted, self.clock);
        let decided = self.by_the_table(now, accepted)?;
        Ok(self.followed_up(now, decided))
    }

    /// A conversation may have moved on before an agent's command arrives; an event reports that to
    /// the agent.
    fn refused(
        &self,
        _accepted: &Accepted<ConversationCommand>,
        rejection: &ConversationRejection,
    ) -> Refused<ConversationEvent> {
        match rejection {
            ConversationRejection::InvalidTransition { .. }
            | ConversationRejection::StaleOffer { .. }
            | ConversationRejection::OfferContended { .. }
            | ConversationRejection::ConversationOver { .. } => Refused::Race,
            _ => Refused::Noted(vec![]),
        }
    }

    fn timers(&self, event: &ConversationEvent) -> Vec<TimerRequest<ConversationCommand>> {
        timers::timers(self, event)
    }
}

impl Conversation {
    fn by_the_table(&self, now: &Moment<'_>, accepted: &Accepted<ConversationCommand>) -> Decided {
        use ConversationCommand as C;
        use ConversationEvent as E;
        let happened = Happened { at: now.at };
        let command = &accepted.command;
        match (&self.stage, command) {
            (Stage::Absent, C::Create(new)) => create(&accepted.id, now, new),
            (_, C::Create(new)) => self.create_again(new),
            (_, C::ReceiveCarried(carried)) => self.receive_carried(now, &accepted.id, carried),
            (Stage::Absent, _) => Err(self.refuse(command)),

            (Stage::Created, C::RouteToBot(_)) => Ok(vec![E::BotEngaged(happened)]),
            (Stage::Created, C::Enqueue(enqueue)) => Ok(self.enqueue(now, enqueue)),
            (Stage::Bot, C::Handoff(handoff)) => Ok(self.hand_off(now, handoff)),
            (Stage::Created | Stage::Bot, C::Contain(_)) => Ok(vec![E::ResolvedByBot(happened)]),

            (Stage::Queued(place), C::Reprioritise(change)) => {
                Ok(self.reprioritise(now, place, change))
            }
            (Stage::Queued(place), C::Relax(relax)) => Ok(self.relax(now, place, relax)),
            (Stage::Queued(place), C::Overflow(overflow)) => {
                Ok(self.overflow(now, place, overflow))
            }
            (Stage::Queued(_), C::TakeManually(take)) => self.take(now, command, take),

            (_, C::CustomerLeft(left)) => Ok(self.depart(now, left)),
            (_, C::Cancel(_)) => Ok(self.cancel(now)),
            (_, C::RequestCallback(request)) => {
                Ok(self.call_back(now, &request.into(), &Trail::default()))
            }
            (_, C::ReceiveMessage(message)) => self.receive(now, message, &Trail::default()),

            (_, C::Expire(expire)) => Ok(self.expire(now, expire)),
            (_, C::MarkOverdue(overdue)) => Ok(self.mark_overdue(now, overdue)),

            (Stage::Queued(_) | Stage::Offered(..), C::MarkOffered(offer)) => {
                self.mark_offered(now, command, offer)
            }
            (_, C::MarkOffered(offer)) => self.mark_offered_again(command, offer),
            (_, C::OfferMatch(matched)) => self.offer_match(now, command, &matched.0),
            (_, C::AcceptOffer(accept)) => self.accept_offer(now, accept),
            (_, C::RejectOffer(reject)) => self.reject_offer(now, command, reject),
            (_, C::ExpireOffer(expire)) => Ok(self.expire_offer(now, expire)),
            (_, C::RescindOffer(rescind)) => self.rescind_offer(now, command, rescind),
            (_, C::FailOffer(fail)) => self.fail_offer(now, command, fail),
            (_, C::ConnectOffer(connect)) => self.connect_offer(now, command, connect),

            (Stage::Active(_, handling), C::Hold(_)) => self.hold(now, command, handling),
            (Stage::Active(_, handling), C::Resume(_)) => self.resume(now, command, handling),
            (Stage::Active(_, handling), C::Park(park)) => Ok(self.set_aside(now, handling, park)),
            (Stage::Active(_, handling), C::Consult(consult)) => {
                self.consult(now, command, handling, consult)
            }
            (Stage::Active(_, handling), C::Conference(_)) => {
                self.conference(now, command, handling)
            }
            (Stage::Active(_, handling), C::EndConsult(_)) => {
                self.end_consult(now, command, handling)
            }
            (Stage::Active(place, handling), C::TransferCold(transfer)) => {
                self.transfer_cold(now, place, handling, transfer)
            }
            (Stage::Active(_, handling), C::CompleteTransfer(transfer)) => {
                self.complete_transfer(now, command, handling, transfer)
            }
            (Stage::Active(_, handling), C::FailTransfer(fail)) => {
                self.fail_transfer(now, command, handling, fail)
            }
            (Stage::Active(_, handling), C::End(end)) => Ok(self.end(now, handling, end)),
            (_, C::End(end)) if end.by == EndedBy::Customer => {
                Ok(self.depart(now, &CustomerLeft::default()))
            }
            (_, C::Unpark(unpark)) => self.unpark(now, command, unpark),
            (_, C::LoseAgent(lose)) => Ok(self.lose_agent(now, lose)),

            (_, C::CompleteWrapUp(complete)) => self.complete_wrap_up(now, command, complete),
            (_, C::ExpireWrapUp(expire)) => Ok(self.expire_wrap_up(now, expire)),
            (Stage::Closed(closing), C::Reopen(_)) => self.reopen(now, closing),
            (
                Stage::Closed(_),
                C::ForceRequeue(_)
                | C::ForceClose(_)
                | C::Merge(_)
                | C::SendMessage(_)
                | C::RetryMessage(_),
            ) => Err(self.refuse(command)),
            (_, C::ForceRequeue(force)) => Ok(self.force_requeue(now, force)),
            (_, C::ForceClose(force)) => Ok(self.force_close(now, force)),
            (_, C::Merge(merge)) => self.merge(now, &accepted.id, merge),

            (_, C::SendMessage(message)) => self.messages.decide_send(now, message),
            (_, C::MarkSent(sent)) => self.messages.decide_sent(now, command, sent),
            (_, C::RecordReceipt(receipt)) => self.messages.decide_receipt(now, receipt),
            (_, C::RetryMessage(retry)) => self.messages.decide_retry(now, command, retry),
            (_, C::CancelMessage(cancel)) => self.messages.decide_cancel(now, command, cancel),
            (_, C::MarkSeen(seen)) => self.messages.decide_seen(now, seen),

            // What has no row is refused, never passed over in silence.
            (_, _) => Err(self.refuse(command)),
        }
    }
}

impl Aggregate for Conversation {
    const TYPE: &'static str = "conversation";
    type Command = Accepted<ConversationCommand>;
    type Event = ConversationEvent;
    type Error = ConversationRejection;
    type Services = ();

    async fn handle(
        &mut self,
        command: Self::Command,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), ConversationRejection> {
        for event in self.decide(&command, &())? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: ConversationEvent) {
        self.fold(event);
    }
}

impl Conversation {
    /// Sent again it is a retry and changes nothing; with other content it is another conversation.
    fn create_again(&self, new: &Create) -> Decided {
        let same = self.opened.as_ref().is_some_and(|opened| {
            opened.customer_id == new.customer_id
                && opened.channel == new.channel
                && opened.intent == new.intent
                && opened.priority == new.priority
        });
        if same {
            Ok(vec![])
        } else {
            Err(ConversationRejection::IdConflict)
        }
    }
}

pub(super) fn create(own: &AggregateId, now: &Moment<'_>, new: &Create) -> Decided {
    let conversation_id =
        ConversationId::new(own.as_str()).map_err(ConversationRejection::ConversationIdInvalid)?;
    Ok(vec![ConversationEvent::ConversationCreated(
        ConversationCreated {
            at: now.at,
            conversation_id,
            customer_id: new.customer_id.clone(),
            channel: new.channel.clone(),
            intent: new.intent.clone(),
            priority: new.priority,
            created_by: now.by.clone(),
        },
    )])
}
