//! The floor as the pipeline folds it.

use kernel::context::Folded;
use kernel::record::{self, Undecodable};
use kernel::{EventMeta, LiveProjection};

use crate::floor::{Floor, FloorEvent, KeptFloor};

impl LiveProjection for Floor {
    const NAME: &'static str = "floor";
    const ON: &'static [&'static str] = &Self::CONTEXTS;
    const SHAPE: u16 = 1;
    type Event = FloorEvent;
    type Kept = KeptFloor;

    fn decode(
        context: &str,
        position: u64,
        value: &[u8],
    ) -> Result<(EventMeta, Option<FloorEvent>), Undecodable> {
        let wants = |kind: &str| Self::wants(context, kind);
        Ok(match context {
            "agents" => {
                let (meta, event) = record::decode_if(position, value, wants)?;
                (meta, event.map(FloorEvent::Agent))
            }
            "conversations" => {
                let (meta, event) = record::decode_if(position, value, wants)?;
                (meta, event.map(FloorEvent::Conversation))
            }
            _ => {
                let (meta, event) = record::decode_if(position, value, wants)?;
                (meta, event.map(FloorEvent::Queue))
            }
        })
    }

    fn fold(&mut self, partition: u16, meta: &EventMeta, event: Folded<FloorEvent>) {
        match event {
            Folded::Event(event) => self.apply(partition, meta, event),
            Folded::Other(context) => self.pass(context, partition, meta),
        }
    }

    fn keep(&self) -> KeptFloor {
        KeptFloor::of(self)
    }

    fn restored(kept: KeptFloor) -> Self {
        kept.restore()
    }
}
