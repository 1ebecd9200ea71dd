//! Sessions and their latest sign of life: most heartbeats are no events.

use std::sync::Arc;

use kernel::{Tenant, Timestamp};

use super::Floor;
use super::agent::Agent;
use crate::label::AgentId;

/// A connected session without a sign of life.
#[derive(Clone, Debug, PartialEq)]
pub struct Silent {
    pub tenant: Tenant,
    pub agent: AgentId,
    /// Of the agent, as it was read.
    pub version: u64,
    pub session: Box<str>,
}

impl Floor {
    /// Whether the session is there and connected, as far as is known here.
    #[must_use]
    pub fn has_session(&self, tenant: &Tenant, agent: &AgentId, session: &str) -> bool {
        let agent = self.member(tenant, agent);
        let session = agent.and_then(|agent| agent.sessions.get(session));
        session.is_some_and(|session| session.is_connected)
    }

    /// A heartbeat that was no event. One that is older than another changes nothing.
    pub fn hear(&mut self, tenant: &Tenant, agent: &AgentId, session: &str, at: Timestamp) {
        let desk = self.desks.get_mut(tenant);
        if let Some(member) = desk.and_then(|desk| desk.agents.get_mut(agent)) {
            Arc::make_mut(&mut member.agent).hear(session, at);
        }
    }

    /// Connected sessions without a heartbeat after that time.
    #[must_use]
    pub fn silent_since(&self, time: Timestamp) -> Vec<Silent> {
        let agents = self.desks().flat_map(|(tenant, desk)| {
            let members = desk.agents.iter();
            members.map(move |(id, member)| (tenant, id, &member.agent))
        });
        let silent = agents.flat_map(|(tenant, id, agent)| {
            let sessions = agent.sessions.iter();
            let silent = sessions
                .filter(move |(_, session)| session.is_connected && session.heard_at() <= time);
            silent.map(move |(session, _)| Silent {
                tenant: tenant.clone(),
                agent: id.clone(),
                version: agent.version,
                session: session.clone(),
            })
        });
        silent.collect()
    }

    /// Whether anything is known of the agent.
    #[must_use]
    pub fn has_agent(&self, tenant: &Tenant, agent: &AgentId) -> bool {
        let agent = self.member(tenant, agent);
        agent.is_some_and(|agent| agent.version > 0)
    }

    fn member(&self, tenant: &Tenant, agent: &AgentId) -> Option<&Agent> {
        let member = self.desk(tenant)?.agents.get(agent)?;
        Some(&member.agent)
    }
}
