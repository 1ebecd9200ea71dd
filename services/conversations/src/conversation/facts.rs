//! What policies may ask of a conversation: whose it is.

use kernel::Facts;

use super::command::ConversationCommand;
use super::summary::{ConversationSummary, OfferState, OfferView};
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
    let offered = |offer_id: &OfferId| {
        let mut offers = conversation.offers.iter();
        let offer = offers.find(|offer| offer.offer_id == *offer_id);
        offer.map_or_else(Facts::default, |offer| of(&offer.agent_id))
    };
    match command {
        // The aggregate knows who may write it up, and whose slot is reserved.
        Some(C::TakeManually(_) | C::CompleteWrapUp(_)) => Facts::default(),
        Some(C::AcceptOffer(offer)) => offered(&offer.offer_id),
        Some(C::RejectOffer(offer)) => offered(&offer.offer_id),
        Some(C::FailOffer(offer)) => offered(&offer.offer_id),
        Some(_) => at_work(conversation, |offer| offer.state == OfferState::Accepting),
        None => at_work(conversation, |_| true),
    }
}

fn of(agent: &AgentId) -> Facts {
    Facts::of_agent(agent.as_str())
}

/// Its owner, who takes part in it, and who has such an offer. Whoever has accepted one is about to own it.
fn at_work(conversation: &ConversationSummary, has_part: fn(&OfferView) -> bool) -> Facts {
    let offers = conversation.offers.iter();
    let offered = offers
        .filter(|offer| has_part(offer))
        .map(|offer| &offer.agent_id);
    let owner = conversation.owner.iter();
    let agents = owner.chain(&conversation.participants).chain(offered);
    Facts {
        agents: Some(agents.map(|agent| agent.as_str().into()).collect()),
        ..Facts::default()
    }
}
