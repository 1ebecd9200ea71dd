//! Why an agent was asked, or why not.

use std::fmt;

use super::record::{Exclusion, Reason, Record};
use super::summary::{DecisionSummary, Outcome};
use crate::label::AgentId;

/// Where a decision left an agent, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Asked.
    Chosen,
    /// To be asked, but changed or full when their turn came.
    Lost,
    /// Able to take it; others came first.
    Candidate,
    Excluded,
    /// Beyond what the record names, or not of the queue.
    NotNamed,
    /// What the decision was based on is not recorded yet.
    NotRecorded,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chosen => "chosen",
            Self::Lost => "lost",
            Self::Candidate => "candidate",
            Self::Excluded => "excluded",
            Self::NotNamed => "not_named",
            Self::NotRecorded => "not_recorded",
        })
    }
}

impl DecisionSummary {
    /// The answer in a word and in a sentence. The result counts before the plan: an agent who was
    /// lost and then had after all was chosen.
    pub(super) fn why(&self, agent: &AgentId) -> (Standing, String) {
        if let Some(offer) = self.offers.iter().find(|offer| offer.agent_id == *agent) {
            let why = format!("asked under offer {}", offer.offer_id);
            return (Standing::Chosen, why);
        }
        if let Some(lost) = self.lost.iter().rfind(|lost| lost.agent_id == *agent) {
            let why = format!("was to be asked, and could not be had: {}", lost.code);
            return (Standing::Lost, why);
        }
        match &self.record {
            Some(record) => record.why(agent, self.outcome),
            None => (
                Standing::NotRecorded,
                "what the decision was based on is not recorded yet".to_owned(),
            ),
        }
    }
}

impl Record {
    fn why(&self, agent: &AgentId, outcome: Outcome) -> (Standing, String) {
        let mut ranked = (1..).zip(&self.candidates);
        if let Some((place, _)) = ranked.find(|(_, candidate)| candidate.agent_id == *agent) {
            let (of, then) = (self.candidates_total, not_asked(outcome));
            let why = format!("could take it, in place {place} of {of}: {then}");
            return (Standing::Candidate, why);
        }
        let mut excluded = self.exclusions.iter();
        if let Some(exclusion) = excluded.find(|exclusion| exclusion.agent_id == *agent) {
            return (Standing::Excluded, exclusion.to_string());
        }
        let not_named = "not named: counted under `candidates_total` or `excluded`, or did not serve \
                         the queue";
        (Standing::NotNamed, not_named.to_owned())
    }
}

/// What kept a candidate from being asked.
fn not_asked(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Open => "not asked yet",
        Outcome::Matched => "others came first",
        Outcome::Unmatched => "the router gave up before",
    }
}

impl fmt::Display for Exclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.reason)?;
        if let Some(skill) = &self.skill {
            write!(f, ": {skill}")?;
        }
        if let Some(channel) = &self.channel {
            write!(f, ": {channel}")?;
        }
        if let Some(until) = &self.until {
            write!(f, ", until {until}")?;
        }
        Ok(())
    }
}

/// A sentence about the agent.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Presence => "the presence took no offers",
            Self::NotConnected => "was not connected",
            Self::NextPresence => "another presence was to begin",
            Self::NotResponding => "had not responded to offers",
            Self::Cooldown => "had rejected an offer a moment ago",
            Self::NotPermitted => "the channel was not among the agent's",
            Self::DeviceNotReady => "no device was ready for the channel",
            Self::BusyOnChannel => "was busy on a channel that this one may not interrupt",
            Self::NoCapacity => "had no capacity free",
            Self::Involved => "had the conversation, or was asked for it",
            Self::SkillMissing => "lacked a skill",
            Self::RefusedBefore => "had refused this conversation, or let its offer run out",
            Self::InFlight => "was being asked for another conversation",
            Self::NotPreferred => "the conversation was to stay with another, who was to come free",
            Self::ConflictLost => "had changed: another was faster",
        })
    }
}
