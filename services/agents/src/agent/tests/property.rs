//! What holds after any sequence of commands and timers.

use std::collections::BTreeMap;

use kernel::View;
use kernel::context::TimerRequest;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::model::Model;
use super::viewing::{meta, viewed};
use super::*;

/// One thing that happens to an agent.
#[derive(Clone, Debug)]
enum Step {
    Sent(&'static str, AgentCommand),
    /// One of the timers that are set goes off.
    Fires(Index),
    /// One of all the timers that ever were goes off, too late or twice.
    FiresLate(Index),
}

/// Few ids, so that conflicts, retries and full channels are common.
fn command() -> impl Strategy<Value = AgentCommand> {
    let offer = || select(vec!["O-1", "O-2", "O-3", "O-4"]);
    let conversation = || select(vec!["C-1", "C-2", "C-3"]);
    let channel = || select(vec!["chat", "voice"]);
    let session = || select(vec!["S-1", "S-2"]);
    let units = || select(vec![0u16, 1, 2]);
    prop_oneof![
        2 => session().prop_map(|session| start(session, CHANNELS)),
        1 => session().prop_map(heartbeat),
        2 => session().prop_map(lose),
        1 => session().prop_map(sign_off),
        1 => session().prop_map(expire_session),
        6 => choice(),
        8 => (offer(), conversation(), channel(), any::<bool>()).prop_map(reserve_some),
        3 => (offer(), conversation()).prop_map(|(offer, conversation)| matched(offer, conversation)),
        6 => offer().prop_map(activate),
        4 => (offer(), cause()).prop_map(|(offer, cause)| release_offer(offer, cause)),
        2 => (conversation(), cause()).prop_map(|(id, cause)| release(id, cause)),
        1 => conversation().prop_map(hold),
        1 => conversation().prop_map(resume),
        5 => (conversation(), select(vec![0, 30, 1_000]), any::<bool>())
            .prop_map(|(id, budget_s, needs_code)| begin(id, budget_s, needs_code)),
        3 => (conversation(), any::<bool>())
            .prop_map(|(id, coded)| complete(id, if coded { &["DONE"] } else { &[] })),
        4 => (conversation(), select(vec![30, 600])).prop_map(|(id, s)| extend(id, s)),
        2 => (units(), units()).prop_map(|(c, v)| set_capacity(&[("chat", c), ("voice", v)])),
        1 => Just(suspend()),
    ]
}

fn choice() -> impl Strategy<Value = AgentCommand> {
    let presence = prop_oneof![
        2 => Just(Presence::Offline),
        5 => Just(Presence::Available),
        1 => Just(Presence::Busy),
        1 => any::<bool>().prop_map(|routable| Presence::Custom {
            code: "TASKS".parse().unwrap(),
            routable,
        }),
    ];
    let when = select(vec![When::Now, When::Now, When::WhenClear]);
    (presence, when, any::<bool>())
        .prop_map(|(presence, when, force)| choose(presence, when, force))
}

fn reserve_some(
    (offer, conversation, channel, overridden): (&str, &str, &str, bool),
) -> AgentCommand {
    let mut command = reservation(offer, conversation, channel);
    command.override_by = overridden.then(|| SUE.parse().unwrap());
    AgentCommand::ReserveSlot(command)
}

fn cause() -> impl Strategy<Value = ReleaseCause> {
    use ReleaseCause as C;
    select(vec![
        C::Rejected,
        C::Expired,
        C::Expired,
        C::Rescinded,
        C::Completed,
        C::Force,
    ])
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (select(vec![AMY, SUE]), command()).prop_map(|(by, command)| Step::Sent(by, command)),
        1 => any::<Index>().prop_map(Step::Fires),
        1 => any::<Index>().prop_map(Step::FiresLate),
    ]
}

/// Most start with an agent who is at work: little happens to one who is not there.
fn steps() -> impl Strategy<Value = (Vec<AgentEvent>, Vec<Step>)> {
    let histories = vec![vec![], available(), engaged(), writing_up(false)];
    (select(histories), prop::collection::vec(step(), 1..40))
}

/// An agent, the timers it has asked for, and all that has happened to it.
#[derive(Default)]
struct Run {
    agent: Agent,
    model: Model,
    log: Vec<AgentEvent>,
    pending: BTreeMap<String, AgentCommand>,
    timers: Vec<AgentCommand>,
    steps: i64,
}

impl Run {
    fn of(history: Vec<AgentEvent>, steps: Vec<Step>) -> Self {
        let mut run = Self::default();
        run.take(history);
        for step in steps {
            run.step(step);
        }
        run
    }

    fn step(&mut self, step: Step) {
        self.steps += 1;
        let mut command = match step {
            Step::Sent(by, command) => accepted_for(AMY, by, command),
            Step::Fires(_) if self.pending.is_empty() => return,
            Step::Fires(which) => {
                let names: Vec<_> = self.pending.keys().cloned().collect();
                let fired = self.pending.remove(which.get(&names)).unwrap();
                accepted_for(AMY, "timer", fired)
            }
            Step::FiresLate(_) if self.timers.is_empty() => return,
            Step::FiresLate(which) => {
                let timer = which.get(&self.timers).clone();
                let is_late = self.pending.values().all(|pending| *pending != timer);
                let late = accepted_for(AMY, "timer", timer);
                if is_late {
                    assert_eq!(self.agent.decide(&late, &()), Ok(vec![]), "fired too late");
                }
                return;
            }
        };
        command.at = after(7 * self.steps);
        let before = self.agent.clone();
        let decided = self.agent.decide(&command, &());
        assert_eq!(
            decided,
            before.decide(&command, &()),
            "decided a second time"
        );
        if let Ok(events) = decided {
            self.take(events);
            self.model.agrees_with(&self.agent, &self.pending);
        }
    }

    fn take(&mut self, events: Vec<AgentEvent>) {
        for event in events {
            self.model.check(&event);
            self.agent.apply(event.clone());
            for request in self.agent.timers(&event) {
                self.timer(request);
            }
            self.log.push(event);
        }
    }

    fn timer(&mut self, request: TimerRequest<AgentCommand>) {
        match request {
            TimerRequest::Set { name, command, .. } => {
                self.timers.push(command.clone());
                self.pending.insert(name.into_owned(), command);
            }
            TimerRequest::Cancel { name } => {
                self.pending.remove(name.as_ref());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn invariants_hold_after_every_event_and_a_replay_is_the_live_state(
        (history, steps) in steps(),
    ) {
        let run = Run::of(history, steps);
        prop_assert_eq!(&folded(&run.log), &run.agent);
        prop_assert_eq!(run.agent.version(), run.log.len() as u64);
        let snapshot = serde_json::to_vec(&run.agent).unwrap();
        let read: Agent = serde_json::from_slice(&snapshot).unwrap();
        prop_assert_eq!(&read, &run.agent);
        prop_assert_eq!(serde_json::to_vec(&read).unwrap(), snapshot);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn snapshot_and_tail_give_the_live_state_and_view(
        (history, steps) in steps(), cut in any::<Index>(),
    ) {
        let run = Run::of(history, steps);
        let cut = cut.index(run.log.len() + 1);
        let (head, tail) = run.log.split_at(cut);
        let stored = serde_json::to_vec(&(folded(head), viewed(head))).unwrap();
        let (mut agent, mut view): (Agent, AgentView) = serde_json::from_slice(&stored).unwrap();
        for (sequence, event) in (cut as u64 + 1..).zip(tail) {
            let bytes = serde_json::to_vec(event).unwrap();
            let event: AgentEvent = serde_json::from_slice(&bytes).unwrap();
            view.update(&meta(sequence), &event);
            agent.apply(event);
        }
        prop_assert_eq!(&agent, &run.agent);
        prop_assert_eq!(&view, &viewed(&run.log));
        if let Some(shown) = view.0 {
            prop_assert_eq!(&shown.standing, agent.standing());
            let is_idle = agent.standing().takes_offers() && agent.standing().slots.is_empty();
            prop_assert!(!is_idle || shown.idle_since.is_some());
            prop_assert!(agent.standing().work() == 0 || shown.idle_since.is_none());
        }
    }
}
