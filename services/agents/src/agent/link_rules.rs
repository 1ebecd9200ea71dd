//! The rules of sessions: opened, lost, back in time, or over.

use std::collections::BTreeSet;

use kernel::Timestamp;

use super::command::{EndCooldown, ExpireGrace, StartSession};
use super::draft::{Decision, Draft, session_ended};
use super::event::{
    AgentEvent, GraceExpired, LinkLost, LinkRestored, RoutingResumed, SessionHeard, SessionStarted,
};
use super::label::SessionId;
use super::presence::{Choice, Presence};
use super::rejection::{AgentRejection, Limited};
use super::session::{GRACE_S, HEARD_AGAIN_S, SESSIONS_MAX, Session, SessionEnd, oldest};
use super::slot::ReleaseCause;
use super::suspension::Suspension;

impl Draft<'_> {
    /// A second device leaves the presence as it is; only an offline agent becomes available. One
    /// device too many ends the oldest session, so that sessions left by a crash lock no agent out.
    pub(crate) fn start_session(mut self, command: &StartSession) -> Decision {
        if self.standing.sessions.contains_key(&command.session_id) {
            return self.heartbeat(&command.session_id);
        }
        Limited::Channels.admits(command.channels.len())?;
        let sessions = &self.standing.sessions;
        let displaced = oldest(sessions).filter(|_| sessions.len() >= SESSIONS_MAX);
        let displaced = displaced.cloned();
        self.write(AgentEvent::SessionStarted(SessionStarted {
            session_id: command.session_id.clone(),
            device: command.device.clone(),
            channels: command.channels.clone(),
            at: Some(self.at),
        }));
        if let Some(session_id) = displaced {
            self.release_unreachable(&session_id);
            self.write(session_ended(session_id, SessionEnd::Displaced));
        }
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
        let (session_id, at) = (session_id.clone(), self.at);
        let fresh_until = |at: Timestamp| at.plus_millis(i64::from(HEARD_AGAIN_S) * 1_000);
        if !session.is_connected() {
            self.write(AgentEvent::LinkRestored(LinkRestored { session_id }));
        } else if session
            .told_at
            .map(fresh_until)
            .is_none_or(|until| until <= at)
        {
            self.write(AgentEvent::SessionHeard(SessionHeard { session_id, at }));
        }
        self.finish()
    }

    /// Offers go that no other device could show. Work is kept until the grace is over.
    pub(crate) fn lose_link(mut self, session_id: &SessionId) -> Decision {
        let sessions = &self.standing.sessions;
        // A session that is gone or in grace has lost its link already.
        if !sessions.get(session_id).is_some_and(Session::is_connected) {
            return Ok(vec![]);
        }
        self.release_unreachable(session_id);
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
        self.leave_without_session();
        self.finish()
    }

    /// One that is gone is what the sender wants. The last one holds the work.
    pub(crate) fn sign_off(self, session_id: &SessionId) -> Decision {
        let sessions = &self.standing.sessions;
        if !sessions.contains_key(session_id) {
            return Ok(vec![]);
        }
        match self.standing.work() {
            slots if slots > 0 && sessions.len() == 1 => Err(AgentRejection::ActiveWork { slots }),
            _ => self.end_session(session_id, SessionEnd::Closed),
        }
    }

    /// One in grace has its own end.
    pub(crate) fn expire_session(self, session_id: &SessionId) -> Decision {
        let session = self.standing.sessions.get(session_id);
        if session.is_some_and(Session::is_connected) {
            self.end_session(session_id, SessionEnd::Silent)
        } else {
            Ok(vec![])
        }
    }

    fn end_session(mut self, session_id: &SessionId, cause: SessionEnd) -> Decision {
        self.release_unreachable(session_id);
        self.write(session_ended(session_id.clone(), cause));
        self.leave_without_session();
        self.finish()
    }

    fn leave_without_session(&mut self) {
        let is_there = self.standing.chosen.presence != Presence::Offline;
        if is_there && self.standing.sessions.is_empty() {
            self.go_offline(Choice::of_system(Presence::Offline));
        }
    }

    /// Takes back the offers that no connected device can show, but for the one that goes.
    fn release_unreachable(&mut self, gone: &SessionId) {
        let sessions = self.standing.sessions.iter();
        let left = sessions.filter(|(id, session)| *id != gone && session.is_connected());
        let channels: BTreeSet<_> = left.flat_map(|(_, session)| &session.channels).collect();
        let slots = self.standing.slots.iter();
        let unseen = slots
            .filter(|(_, slot)| !slot.phase.is_work() && !channels.contains(&slot.channel))
            .map(|(id, _)| id.clone());
        for id in unseen.collect::<Vec<_>>() {
            self.release(&id, ReleaseCause::AgentUnavailable);
        }
    }

    pub(crate) fn end_cooldown(mut self, command: &EndCooldown) -> Decision {
        let ready_at = command.ready_at;
        if self.standing.suspension == Some(Suspension::Cooldown { ready_at }) {
            self.write(AgentEvent::RoutingResumed(RoutingResumed {}));
        }
        self.finish()
    }
}
