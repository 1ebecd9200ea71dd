//! What the platform knows: one line per context, view and reaction.

use agents::{Agent, AgentView, ConversationsToAgents};
use conversations::{
    AgentsToConversations, Conversation, ConversationView, ConversationsToConversations,
};
use pipeline::Slices;
use positions::{FillsToPositions, Position, PositionView};
use routing::{Decision, DecisionView, MatchesToDecisions, Queue, QueueView};
use schemas::Catalogue;
use trades::{HandedFills, RefusalsToTrades, Trade, TradeView};

/// The schemas of every command and event.
pub(crate) fn schemas() -> Catalogue {
    Catalogue::default()
        .context::<Trade>()
        .command_version("BookTrade", 2)
        .command_version("RecordFill", 2)
        .command_version("AmendTrade", 2)
        .command_version("CorrectFill", 2)
        .event_version("TradeBooked", 2)
        .event_version("TradeAmended", 2)
        .event_version("FillRecorded", 2)
        .event_version("FillCorrected", 2)
        .event_version("FillBusted", 2)
        .event_version("OverfillRaised", 2)
        .event_version("UnmatchedFill", 2)
        .event_version("TradeExecuted", 2)
        .event_version("TradeCancelled", 2)
        .event_version("RemainderCancelled", 2)
        .context::<Position>()
        .event_version("PositionEstablished", 2)
        .event_version("PositionOpened", 3)
        .event_version("PositionIncreased", 3)
        .event_version("PositionReduced", 3)
        .event_version("PositionClosed", 3)
        .event_version("PositionRestated", 4)
        .event_version("SplitApplied", 2)
        .event_version("SettlementRecorded", 2)
        .event_version("FillRefused", 2)
        .event_version("RefusalWithdrawn", 2)
        .context::<Agent>()
        .event_version("SessionStarted", 2)
        .context::<Conversation>()
        .event_version("MessageQueued", 2)
        .context::<Queue>()
        .event_version("QueueConfigured", 2)
        .context::<Decision>()
        .event_version("DecisionRecorded", 2)
}

pub(crate) fn all() -> Slices {
    Slices::default()
        .context::<Trade>()
        .view::<TradeView>()
        .context::<Position>()
        .view::<PositionView>()
        .reaction(FillsToPositions)
        .reaction(RefusalsToTrades)
        .reaction(HandedFills)
        .context::<Agent>()
        .view::<AgentView>()
        .context::<Conversation>()
        .view::<ConversationView>()
        .reaction(ConversationsToAgents)
        .reaction(AgentsToConversations)
        .reaction(ConversationsToConversations)
        .context::<Queue>()
        .view::<QueueView>()
        .context::<Decision>()
        .view::<DecisionView>()
        .reaction(MatchesToDecisions)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// A changed file is refused unless producers and readers of every stored version still fit.
    #[test]
    fn committed_schemas_are_those_of_the_types() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
        let catalogue = super::schemas();
        let assert_none = |found: Vec<String>| assert!(found.is_empty(), "{}", found.join("\n"));
        assert_none(
            catalogue
                .check(&directory)
                .unwrap()
                .iter()
                .map(ToString::to_string)
                .collect(),
        );
        assert_none(
            catalogue
                .golden_check(&directory)
                .unwrap()
                .iter()
                .map(ToString::to_string)
                .collect(),
        );
    }
}
