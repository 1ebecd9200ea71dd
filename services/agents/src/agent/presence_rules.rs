//! The rules of presence: chosen now, chosen for later, taken back, and what it does to the work.

use super::command::{SetPresence, When};
use super::draft::{Decision, Draft};
use super::event::{AgentEvent, NextPresenceSet, RoutingResumed, RoutingSuspended};
use super::presence::{Choice, Presence, Source};
use super::rejection::AgentRejection;
use super::slot::{PhaseName, ReleaseCause};
use super::suspension::{Suspension, SuspensionReason};

impl Draft<'_> {
    pub(crate) fn set_presence(self, command: &SetPresence, source: Source) -> Decision {
        let chosen = &self.standing.chosen;
        let is_offline = command.presence == Presence::Offline;
        let is_same = chosen.presence == command.presence;
        if is_same && (is_offline || chosen.reason == command.reason) {
            return self.keep_presence();
        }
        if self.standing.sessions.is_empty() {
            return Err(AgentRejection::NoSession);
        }
        let choice = Choice {
            presence: command.presence.clone(),
            reason: command.reason.clone(),
            source,
        };
        match command.when {
            When::WhenClear if !self.standing.slots.is_empty() => self.choose_next(choice),
            When::WhenClear | When::Now => self.change_presence(choice, command.force),
        }
    }

    /// The presence is the one the agent has, for the same reason. Choosing it again takes back what
    /// was chosen for later, and answers for an agent who did not respond; the idle clock runs on. A
    /// cool-down is not cut short, or a rejected offer would come straight back.
    fn keep_presence(mut self) -> Decision {
        if self.standing.next_presence.is_some() {
            let taken_back = NextPresenceSet { next: None };
            self.write(AgentEvent::NextPresenceSet(taken_back));
        }
        let is_routable = self.standing.chosen.presence.is_routable();
        if is_routable && self.standing.suspension == Some(Suspension::NotResponding) {
            self.write(AgentEvent::RoutingResumed(RoutingResumed {}));
        }
        self.finish()
    }

    fn choose_next(mut self, choice: Choice) -> Decision {
        let next = self.standing.next_presence.as_ref();
        let same = |next: &Choice| next.presence == choice.presence && next.reason == choice.reason;
        if !next.is_some_and(same) {
            let next = Some(choice);
            self.write(AgentEvent::NextPresenceSet(NextPresenceSet { next }));
        }
        self.finish()
    }

    fn change_presence(mut self, choice: Choice, force: bool) -> Decision {
        if choice.presence == Presence::Offline {
            self.may_leave(choice.source, force)?;
            self.go_offline(choice);
            return self.finish();
        }
        let is_routable = choice.presence.is_routable();
        if !is_routable {
            self.release_all(&[PhaseName::Reserved], ReleaseCause::AgentUnavailable);
        }
        // Another reason alone does not cut a cool-down short.
        let is_over = match self.standing.suspension {
            Some(Suspension::NotResponding) => true,
            Some(_) => choice.presence != self.standing.chosen.presence,
            None => false,
        };
        self.write(AgentEvent::PresenceChanged(choice));
        if is_routable && is_over {
            self.write(AgentEvent::RoutingResumed(RoutingResumed {}));
        }
        self.finish()
    }

    /// Work keeps an agent from leaving, unless a supervisor forces it.
    fn may_leave(&self, source: Source, force: bool) -> Result<(), AgentRejection> {
        match self.standing.work() {
            0 => Ok(()),
            slots if !force => Err(AgentRejection::ActiveWork { slots }),
            _ if source == Source::Agent => Err(AgentRejection::SupervisorRequired {
                what: "going offline past active work",
            }),
            _ => Ok(()),
        }
    }

    /// Ends all there is: offers first, then the work, then the wrap-ups, then the sessions.
    pub(crate) fn go_offline(&mut self, choice: Choice) {
        self.release_all(&[PhaseName::Reserved], ReleaseCause::AgentUnavailable);
        let talking = [PhaseName::Active, PhaseName::Held];
        self.release_all(&talking, ReleaseCause::AgentOffline);
        self.release_all(&[PhaseName::WrapUp], ReleaseCause::AgentOffline);
        self.begin(choice);
    }

    /// Another actor has found that the agent does not respond.
    pub(crate) fn suspend_routing(mut self) -> Decision {
        if self.standing.sessions.is_empty() {
            return Err(AgentRejection::NoSession);
        }
        self.suspend_not_responding();
        self.finish()
    }

    pub(crate) fn suspend_not_responding(&mut self) {
        if self.standing.suspension != Some(Suspension::NotResponding) {
            let suspended = RoutingSuspended {
                reason: SuspensionReason::NotResponding,
                ready_at: None,
            };
            self.write(AgentEvent::RoutingSuspended(suspended));
        }
    }
}
