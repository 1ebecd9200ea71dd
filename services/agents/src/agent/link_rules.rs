//! The rules of sessions: opened, lost, back in time, or given up.

use super::command::{EndCooldown, ExpireGrace, StartSession};
use super::draft::{Decision, Draft};
use super::event::{
    AgentEvent, GraceExpired, LinkLost, LinkRestored, RoutingResumed, SessionStarted,
};
use super::label::SessionId;
use super::presence::{Choice, Presence};
use super::rejection::{AgentRejection, Limited};
use super::session::{GRACE_S, Session};
use super::slot::{PhaseName, ReleaseCause};
use super::suspension::Suspension;

impl Draft<'_> {
    /// A second device leaves the presence as it is; only one who was offline comes to the desk.
    pub(crate) fn start_session(mut self, command: &StartSession) -> Decision {
        if self.standing.sessions.contains_key(&command.session_id) {
            return self.heartbeat(&command.session_id);
        }
        Limited::Sessions.admits(self.standing.sessions.len() + 1)?;
        Limited::Channels.admits(command.channels.len())?;
        self.write(AgentEvent::SessionStarted(SessionStarted {
            session_id: command.session_id.clone(),
            device: command.device.clone(),
            channels: command.channels.clone(),
        }));
        if self.standing.chosen.presence == Presence::Offline {
            let first = Choice::of_system(Presence::FIRST);
            self.write(AgentEvent::PresenceChanged(first));
        }
        self.finish()
    }

    pub(crate) fn heartbeat(mut self, session_id: &SessionId) -> Decision {
        let Some(session) = self.standing.sessions.get(session_id) else {
            return Err(AgentRejection::SessionUnknown {
                session_id: session_id.clone(),
            });
        };
        if !session.is_connected() {
            let session_id = session_id.clone();
            self.write(AgentEvent::LinkRestored(LinkRestored { session_id }));
        }
        self.finish()
    }

    /// With the last connected session the offers go too: nobody would see them. Work is kept until
    /// the grace is over.
    pub(crate) fn lose_link(mut self, session_id: &SessionId) -> Decision {
        let sessions = &self.standing.sessions;
        // A session that is gone or in grace has lost its link already.
        if !sessions.get(session_id).is_some_and(Session::is_connected) {
            return Ok(vec![]);
        }
        let connected = |session: &&Session| session.is_connected();
        if sessions.values().filter(connected).count() == 1 {
            self.release_all(&[PhaseName::Reserved], ReleaseCause::AgentUnavailable);
        }
        self.write(AgentEvent::LinkLost(LinkLost {
            session_id: session_id.clone(),
            grace_until: self.after_s(GRACE_S),
        }));
        self.finish()
    }

    pub(crate) fn expire_grace(mut self, command: &ExpireGrace) -> Decision {
        let session = self.standing.sessions.get(&command.session_id);
        if session.and_then(|session| session.grace_until) != Some(command.grace_until) {
            return Ok(vec![]);
        }
        self.write(AgentEvent::GraceExpired(GraceExpired {
            session_id: command.session_id.clone(),
        }));
        let was_last = self.standing.sessions.is_empty();
        if was_last && self.standing.chosen.presence != Presence::Offline {
            self.go_offline(Choice::of_system(Presence::Offline));
        }
        self.finish()
    }

    pub(crate) fn end_cooldown(mut self, command: &EndCooldown) -> Decision {
        let ready_at = command.ready_at;
        if self.standing.suspension == Some(Suspension::Cooldown { ready_at }) {
            self.write(AgentEvent::RoutingResumed(RoutingResumed {}));
        }
        self.finish()
    }
}
