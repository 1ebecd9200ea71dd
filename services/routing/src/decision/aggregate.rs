//! The rule book.

use std::collections::{BTreeMap, BTreeSet};

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use kernel::Accepted;
use kernel::context::Context;
use kernel::port::Pace;
use kernel::route::CommandRoute;
use serde::{Deserialize, Serialize};

use super::command::{DecisionCommand, LoseCandidate, RecordMatch, RecordUnmatched};
use super::event::{AgentChosen, CandidateLost, DecisionEvent, NobodyFound};
use super::label::RefusalCode;
use super::record::Record;
use super::rejection::{DecisionRejection, Limited};
use super::summary::Outcome;
use crate::label::{AgentId, DecisionId, OfferId};

/// One decision: the record of a match, and its result. It decides nothing itself.
///
/// The router records the decision before it asks an agent, but on another topic than the agent's:
/// the match may overtake the record, so that nothing here waits for anything else.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Events so far.
    version: u64,
    record: Option<Box<Record>>,
    chosen: BTreeMap<OfferId, AgentId>,
    lost: BTreeSet<(AgentId, RefusalCode)>,
    nobody_found: bool,
}

type Decided = Result<Vec<DecisionEvent>, DecisionRejection>;

impl Decision {
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        if !self.chosen.is_empty() {
            Outcome::Matched
        } else if self.nobody_found {
            Outcome::Unmatched
        } else {
            Outcome::Open
        }
    }

    /// What it was based on, once the router has reported it.
    #[must_use]
    pub fn record(&self) -> Option<&Record> {
        self.record.as_deref()
    }

    /// Events so far; 0 for a decision without events.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }
}

impl Context for Decision {
    const NAME: &'static str = "decisions";

    const SHAPE: u16 = 1;

    /// They are read afterwards; those who were matched have their answer already.
    const PACE: Pace = Pace::Leisurely;

    /// Only the router decides.
    const COMMANDS: &'static [CommandRoute] = &[];

    const INTERNAL: &'static [&'static str] = &["RecordMatch"];

    type Input = DecisionCommand;

    fn decide(&self, accepted: &Accepted<DecisionCommand>, _policy: &()) -> Decided {
        use DecisionCommand as C;
        if self.version == 0 {
            DecisionId::new(accepted.id.as_str()).map_err(DecisionRejection::DecisionIdInvalid)?;
        }
        match &accepted.command {
            C::RecordDecision(record) => self.record_decision(record),
            C::LoseCandidate(command) => self.lose(command),
            C::RecordMatch(command) => self.choose(command),
            C::RecordUnmatched(RecordUnmatched {}) => self.give_up(accepted.command.name()),
        }
    }
}

impl Aggregate for Decision {
    const TYPE: &'static str = "decision";
    type Command = Accepted<DecisionCommand>;
    type Event = DecisionEvent;
    type Error = DecisionRejection;
    type Services = ();

    async fn handle(
        &mut self,
        command: Self::Command,
        policy: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), DecisionRejection> {
        for event in self.decide(&command, policy)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: DecisionEvent) {
        self.version += 1;
        match event {
            DecisionEvent::DecisionRecorded(record) => self.record = Some(record),
            DecisionEvent::CandidateLost(CandidateLost { agent_id, code }) => {
                self.lost.insert((agent_id, code));
            }
            DecisionEvent::AgentChosen(AgentChosen { offer_id, agent_id }) => {
                self.chosen.insert(offer_id, agent_id);
            }
            DecisionEvent::NobodyFound(NobodyFound {}) => self.nobody_found = true,
        }
    }
}

impl Decision {
    fn record_decision(&self, record: &Record) -> Decided {
        match self.record() {
            Some(known) if known == record => Ok(vec![]),
            Some(_) => Err(DecisionRejection::IdConflict),
            None => {
                Limited::Candidates.admits(record.candidates.len())?;
                Limited::Exclusions.admits(record.exclusions.len())?;
                Ok(vec![DecisionEvent::DecisionRecorded(Box::new(
                    record.clone(),
                ))])
            }
        }
    }

    /// One agent may be lost twice, for two reasons: the floor was read again and the agent asked
    /// again.
    fn lose(&self, LoseCandidate { agent_id, code }: &LoseCandidate) -> Decided {
        let (agent_id, code) = (agent_id.clone(), code.clone());
        if self.lost.contains(&(agent_id.clone(), code.clone())) {
            return Ok(vec![]);
        }
        Limited::Lost.admits(self.lost.len() + 1)?;
        Ok(vec![DecisionEvent::CandidateLost(CandidateLost {
            agent_id,
            code,
        })])
    }

    /// Also when the router had given up: the slot is reserved all the same.
    fn choose(&self, RecordMatch { offer_id, agent_id }: &RecordMatch) -> Decided {
        match self.chosen.get(offer_id) {
            Some(known) if known == agent_id => Ok(vec![]),
            Some(_) => Err(DecisionRejection::OfferConflict {
                offer_id: offer_id.clone(),
            }),
            None => {
                Limited::Offers.admits(self.chosen.len() + 1)?;
                Ok(vec![DecisionEvent::AgentChosen(AgentChosen {
                    offer_id: offer_id.clone(),
                    agent_id: agent_id.clone(),
                })])
            }
        }
    }

    fn give_up(&self, command: &'static str) -> Decided {
        // Before the outcome: a match that came late does not turn a retry into a refusal.
        if self.nobody_found {
            return Ok(vec![]);
        }
        if !self.chosen.is_empty() {
            return Err(DecisionRejection::InvalidTransition {
                command,
                outcome: self.outcome(),
            });
        }
        Ok(vec![DecisionEvent::NobodyFound(NobodyFound {})])
    }
}
