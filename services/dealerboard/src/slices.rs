//! What the platform knows: one line per context, view, reaction, effect, question and rule.

use agents::{Agent, AgentView, ConversationsToAgents};
use analytics::{AskAdherence, AskAgentFigures, AskFigures, AskStaffing};
use console::{Dependencies, DryRun, Groups, Listed, Partitions, Projections, Shown};
use conversations::{
    AgentsToConversations, Conversation, ConversationView, ConversationsToConversations,
};
use gateway::Table;
use kernel::route::QuestionRoute;
use kernel::{Calculation, Question};
use matching::{LiveQueue, MatchConversation, Slots};
use members::{Member, MemberView};
use operations::{Operation, OperationView, StepsToLetters};
use pipeline::{Rule, Slices};
use positions::{FillsToPositions, Position, PositionView};
use reconciliation::Conservation;
use routing::{AskFloor, Decision, DecisionView, MatchesToDecisions, Queue, QueueView};
use schemas::Catalogue;
use tenants::{Registration, RegistrationView};
use trades::{HandedFills, RefusalsToTrades, Trade, TradeView};

/// The schemas of every command and event.
#[must_use]
pub fn schemas() -> Catalogue {
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
        .context::<Member>()
        .context::<Registration>()
        .context::<Operation>()
}

/// Everything that runs on the pipeline.
#[must_use]
pub fn all() -> Slices {
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
        .context::<Member>()
        .view::<MemberView>()
        .context::<Registration>()
        .view::<RegistrationView>()
        .context::<Operation>()
        .view::<OperationView>()
        .effect(StepsToLetters)
}

/// What can be asked beside views.
#[must_use]
pub fn questions() -> Vec<QuestionRoute> {
    vec![
        AskFloor::ROUTE,
        AskFigures::ROUTE,
        AskAgentFigures::ROUTE,
        AskAdherence::ROUTE,
        AskStaffing::ROUTE,
        LiveQueue::ROUTE,
        MatchConversation::ROUTE,
        Dependencies::ROUTE,
        Partitions::ROUTE,
        Projections::ROUTE,
        Groups::ROUTE,
        Listed::ROUTE,
        Shown::ROUTE,
        DryRun::ROUTE,
    ]
}

/// Every route.
#[must_use]
pub fn table() -> Table {
    Table::new(all(), questions(), health::ROUTES)
}

/// The OpenAPI document of [`table`], as it is committed.
pub const OPENAPI: &[u8] = include_bytes!("../../../schemas/openapi.json");

/// Invariants that need the streams of several contexts.
#[must_use]
pub fn rules() -> Vec<Box<dyn Rule>> {
    vec![Box::<Conservation>::default(), Box::<Slots>::default()]
}

#[cfg(test)]
mod tests;
