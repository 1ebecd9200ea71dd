//! What is to happen later. Each command carries what it expects, so that a late one changes
//! nothing; cancelling only saves its work.

use std::borrow::Cow;

use kernel::Timestamp;
use kernel::context::TimerRequest;

use super::aggregate::Conversation;
use super::command::{
    ConversationCommand as C, Expire, ExpireOffer, ExpireWrapUp, FailOffer, MarkOverdue, Unpark,
};
use super::event::{ConversationEvent as E, Queued};
use super::offer_event::FailCause;
use crate::label::OfferId;

/// How long, in milliseconds, a connection may take to be set up once the agent has accepted.
pub(super) const SETUP_MAX_MS: i64 = 10_000;

/// When, in milliseconds, a wrap-up is over whatever the agent does. Its deadline is kept, and may be
/// put off to 900 seconds in all, by the agents context, which reports its end; this is for the case
/// that it never does.
const WRAP_UP_MAX_MS: i64 = 915_000;

const TTL: &str = "ttl";
const OVERDUE: &str = "overdue";
const PARK: &str = "park";
const WRAP_UP: &str = "wrap_up";

type Timer = TimerRequest<C>;

pub(super) fn timers(after: &Conversation, event: &E) -> Vec<Timer> {
    match event {
        E::Offered(offered) => vec![set(
            offer(&offered.offer_id),
            offered.expires_at,
            C::ExpireOffer(ExpireOffer {
                offer_id: offered.offer_id.clone(),
            }),
        )],
        E::OfferAccepting(moved) => vec![
            cancel(offer(&moved.offer_id)),
            fail_setup(&moved.offer_id, moved.at),
        ],
        E::ConsultStarted(started) => vec![fail_setup(&started.offer_id, started.at)],
        E::OfferAccepted(moved) => vec![cancel(setup(&moved.offer_id))],
        E::OfferFailed(moved) => vec![cancel(setup(&moved.offer_id))],
        E::OfferRejected(moved) => vec![cancel(offer(&moved.offer_id))],
        E::OfferExpired(moved) => vec![cancel(offer(&moved.offer_id))],
        E::OfferRescinded(moved) => vec![cancel(offer(&moved.offer_id))],
        E::OfferCanceled(moved) => {
            vec![
                cancel(offer(&moved.offer_id)),
                cancel(setup(&moved.offer_id)),
            ]
        }
        E::Queued(queued) => limits(queued),
        E::Connected(_) | E::Expired(_) => cancel_limits(after),
        // What was parked is not to wake.
        E::Abandoned(_) | E::Cancelled(_) => {
            let mut timers = cancel_limits(after);
            timers.push(cancel(PARK));
            timers
        }
        E::CallbackRequested(requested) => {
            let mut timers = cancel_limits(after);
            timers.push(unpark(after, requested.callback_at));
            timers
        }
        E::Parked(parked) => parked
            .until
            .map(|until| unpark(after, until))
            .into_iter()
            .collect(),
        E::Unparked(_) => vec![cancel(PARK)],
        E::Requeued(requeued) if requeued.new_wait_clock => vec![cancel(PARK)],
        E::Ended(ended) if ended.wrap_up_s.get() > 0 => vec![set(
            WRAP_UP,
            ended.at.plus_millis(WRAP_UP_MAX_MS),
            C::ExpireWrapUp(ExpireWrapUp {
                agent_id: ended.agent_id.clone(),
                wrap_up_version: Some(after.version()),
            }),
        )],
        E::Disposed(_) | E::WrapUpTimedOut(_) => vec![cancel(WRAP_UP)],
        E::ForceRequeued(_) | E::ForceClosed(_) | E::Merged(_) => {
            vec![cancel(TTL), cancel(OVERDUE), cancel(PARK), cancel(WRAP_UP)]
        }
        _ => vec![],
    }
}

fn fail_setup(offer_id: &OfferId, at: Timestamp) -> Timer {
    let fail = C::FailOffer(FailOffer {
        offer_id: offer_id.clone(),
        cause: FailCause::SetupTimeout,
    });
    set(setup(offer_id), at.plus_millis(SETUP_MAX_MS), fail)
}

fn limits(queued: &Queued) -> Vec<Timer> {
    let seq = queued.seq;
    let expire = |due| set(TTL, due, C::Expire(Expire { seq }));
    let overdue = |due| set(OVERDUE, due, C::MarkOverdue(MarkOverdue { seq }));
    let expire = queued.expires_at.map(expire);
    let overdue = queued.answer_by.map(overdue);
    expire.into_iter().chain(overdue).collect()
}

fn cancel_limits(after: &Conversation) -> Vec<Timer> {
    let Some(place) = after.stage.place() else {
        return vec![];
    };
    let ttl = place.ttl_ms.map(|_| cancel(TTL));
    let overdue = place.answer_by.map(|_| cancel(OVERDUE));
    ttl.into_iter().chain(overdue).collect()
}

fn unpark(after: &Conversation, due: Timestamp) -> Timer {
    let parked_version = Some(after.version());
    set(PARK, due, C::Unpark(Unpark { parked_version }))
}

fn offer(offer_id: &OfferId) -> String {
    format!("offer/{offer_id}")
}

fn setup(offer_id: &OfferId) -> String {
    format!("setup/{offer_id}")
}

fn set(name: impl Into<Cow<'static, str>>, due: Timestamp, command: C) -> Timer {
    TimerRequest::Set {
        name: name.into(),
        due,
        command,
    }
}

fn cancel(name: impl Into<Cow<'static, str>>) -> Timer {
    TimerRequest::Cancel { name: name.into() }
}
