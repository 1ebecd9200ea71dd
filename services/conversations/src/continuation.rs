//! Carries a customer's request on a closed conversation to the conversation that continues it.

use kernel::context::Reacted;
use kernel::{AggregateId, EventMeta, Reaction};
use serde::Deserialize;

use crate::conversation::{CarriedOver, Conversation, ConversationCommand, ReceiveCarried};

/// Carries requests from one conversation to the next.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConversationsToConversations;

/// The events that have something to carry.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum CarriedEvent {
    CarriedOver(CarriedOver),
}

impl Reaction for ConversationsToConversations {
    const NAME: &'static str = "conversations-to-conversations";
    const PROGRESS: &'static str = "conversations_to_conversations";
    const ON: &'static str = "conversations";
    type To = Conversation;
    type Event = CarriedEvent;

    fn wants(&self, event_type: &str) -> bool {
        event_type == "CarriedOver"
    }

    fn react(&self, meta: &EventMeta, event: CarriedEvent) -> Vec<Reacted<Conversation>> {
        let CarriedEvent::CarriedOver(carried) = event;
        let to = AggregateId::new(carried.into.as_str())
            .expect("a conversation id is graphic and at most 64 bytes");
        vec![Reacted {
            tenant: meta.tenant.clone(),
            to,
            command: ConversationCommand::ReceiveCarried(ReceiveCarried(carried.carried)),
        }]
    }
}

#[cfg(test)]
mod tests {
    use kernel::fixtures::meta;

    use super::*;

    #[test]
    fn what_is_carried_reaches_the_conversation_that_is_named() {
        let golden = "../../schemas/conversations/events/golden/CarriedOver.v1.json";
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(golden);
        let over: CarriedOver = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let meta = meta("C-1");
        assert!(ConversationsToConversations.wants("CarriedOver"));
        assert!(!ConversationsToConversations.wants("MessageReceived"));
        let event = CarriedEvent::CarriedOver(over.clone());
        let reacted = ConversationsToConversations.react(&meta, event);
        let [one] = reacted.as_slice() else {
            panic!("{reacted:?}");
        };
        assert_eq!((one.tenant.as_str(), one.to.as_str()), ("demo", "C-2"));
        let expected = ConversationCommand::ReceiveCarried(ReceiveCarried(over.carried));
        assert_eq!(one.command, expected);
    }
}
