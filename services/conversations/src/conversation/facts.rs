//! What policies may ask of a conversation: whose it is.

use kernel::Facts;

use super::command::ConversationCommand;
use super::summary::{ConversationSummary, SubState};
use crate::label::{AgentId, OfferId};

/// The agent that a command names as the one who acts.
pub(super) fn asked(command: &ConversationCommand) -> Facts {
    use ConversationCommand as C;
    match command {
        C::TakeManually(take) => of(&take.agent_id),
        C::CompleteWrapUp(wrap_up) => of(&wrap_up.agent_id),
        C::MarkSeen(seen) => of(&seen.agent_id),
        _ => Facts::default(),
    }
}

/// The conversation as it is, for a reader or for a command. An offer that is gone is nobody's: the
/// aggregate says so better than a refusal would.
pub(super) fn stored(
    conversation: &ConversationSummary,
    command: Option<&ConversationCommand>,
) -> Facts {
    use ConversationCommand as C;
    match command {
        // The aggregate knows who may write it up, and whose slot is reserved.
        Some(C::TakeManually(_) | C::CompleteWrapUp(_)) => Facts::default(),
        Some(C::AcceptOffer(offer)) => offered(conversation, &offer.offer_id),
        Some(C::RejectOffer(offer)) => offered(conversation, &offer.offer_id),
        Some(C::FailOffer(offer)) => offered(conversation, &offer.offer_id),
        Some(_) => at_work(conversation),
        None => {
            let offers = conversation.offers.iter().map(|offer| &offer.agent_id);
            all(at_work_agents(conversation)
                .chain(&conversation.participants)
                .chain(offers))
        }
    }
}

/// Whose answer an offer waits for: the agent it was made to, or the one who is consulted.
fn offered(conversation: &ConversationSummary, offer_id: &OfferId) -> Facts {
    let mut offers = conversation.offers.iter();
    if let Some(offer) = offers.find(|offer| offer.offer_id == *offer_id) {
        return of(&offer.agent_id);
    }
    match conversation.sub_state {
        Some(SubState::Consulting) => all(conversation.participants.iter()),
        _ => Facts::default(),
    }
}

fn of(agent: &AgentId) -> Facts {
    Facts::of_agent(agent.as_str())
}

fn at_work(conversation: &ConversationSummary) -> Facts {
    all(at_work_agents(conversation))
}

/// Its owner, and who has joined it. Who accepted an offer, took it from the queue or is consulted has no part
/// in it before they are connected.
fn at_work_agents(conversation: &ConversationSummary) -> impl Iterator<Item = &AgentId> {
    let is_joined = conversation.sub_state == Some(SubState::Conferenced);
    let joined = conversation.participants.iter().filter(move |_| is_joined);
    conversation.owner.iter().chain(joined)
}

fn all<'a>(agents: impl Iterator<Item = &'a AgentId>) -> Facts {
    Facts {
        agents: Some(agents.map(|agent| agent.as_str().into()).collect()),
        ..Facts::default()
    }
}
