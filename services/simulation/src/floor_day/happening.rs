//! What the player listens for: offers to answer, talks that began, conversations that are over.

use kernel::context::Folded;
use kernel::record::{self, Undecodable};
use kernel::{AggregateId, EventMeta, LiveProjection, Timestamp};
use serde::Deserialize;

/// Something that happened to a conversation.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Happening {
    pub(super) conversation: AggregateId,
    pub(super) at: Timestamp,
    pub(super) event: Event,
}

/// The events of conversations as they are read here.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "type", content = "data")]
pub(super) enum Event {
    Queued(Queued),
    Offered(Offered),
    Connected(Owner),
    Ended(Owner),
    Disposed(Owner),
    WrapUpTimedOut(Owner),
    Abandoned(Gone),
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Queued {
    pub(super) enqueued_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Offered {
    pub(super) offer_id: Box<str>,
    pub(super) agent_id: Box<str>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Owner {
    pub(super) agent_id: Box<str>,
    #[serde(default)]
    pub(super) wrap_up_s: u32,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Gone {}

/// What has happened since it was last asked, in the order of each conversation.
#[derive(Debug, Default)]
pub(super) struct Happenings(Vec<Happening>);

impl Happenings {
    pub(super) fn take(&mut self) -> Vec<Happening> {
        std::mem::take(&mut self.0)
    }
}

impl LiveProjection for Happenings {
    const NAME: &'static str = "simulation";
    const ON: &'static [&'static str] = &["conversations"];
    /// None is ever kept: what happened is taken, not looked at.
    const SHAPE: u16 = 0;
    type Event = Event;
    type Kept = ();

    fn decode(
        _context: &str,
        position: u64,
        value: &[u8],
    ) -> Result<(EventMeta, Option<Event>), Undecodable> {
        record::decode_if(position, value, |kind| {
            matches!(
                kind,
                "Queued"
                    | "Offered"
                    | "Connected"
                    | "Ended"
                    | "Disposed"
                    | "WrapUpTimedOut"
                    | "Abandoned"
            )
        })
    }

    fn fold(&mut self, _partition: u16, meta: &EventMeta, event: Folded<Event>) {
        if let Folded::Event(event) = event {
            self.0.push(Happening {
                conversation: meta.aggregate.clone(),
                at: meta.at,
                event,
            });
        }
    }

    fn keep(&self) {}

    fn restored((): ()) -> Self {
        Self::default()
    }
}
