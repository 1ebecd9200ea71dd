//! What the clock and the state of queues call for: requirements to relax, conversations that
//! overflow, queues that starve.
//!
//! Every router says it, once it counts: what several say is one command, and none depends on which
//! of them is alive.

use std::collections::HashMap;
use std::time::Duration;

use kernel::{Actor, CommandId, Defect, Fault, Tenant};
use pipeline::accept::OutgoingCommand;
use routing::floor::Starvation;
use routing::{Due, QueueCommand, QueueId, ReportServed, ReportStarved};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::matcher::{BATCH_MAX, Matcher, renamed};

/// How late something that is due may be said.
const TICK: Duration = Duration::from_millis(200);
/// How long a report may take to show in the queue's own events before it is made again.
const REPORT_AGAIN: Duration = Duration::from_secs(5);

/// Says what is due until stopped.
pub struct Duty {
    matcher: Matcher,
    actor: Actor,
    /// What was reported of a queue last, whether it starves, and when.
    reported: HashMap<(Tenant, QueueId), (bool, Instant)>,
}

impl Duty {
    pub fn new(matcher: Matcher, actor: Actor) -> Self {
        Self {
            matcher,
            actor,
            reported: HashMap::new(),
        }
    }

    pub async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(TICK) => {}
            }
            if self.matcher.floor.age().is_none() {
                continue;
            }
            let said = tokio::select! {
                () = stop.cancelled() => return,
                said = self.say() => said,
            };
            if let Err(fault) = said {
                warn!(
                    error = &fault as &dyn std::error::Error,
                    "routing commands were not taken, will give them again"
                );
            }
        }
    }

    async fn say(&mut self) -> Result<(), Fault> {
        let now = self.matcher.clock.now();
        let floor = &self.matcher.floor;
        let (due, starvation) = floor.ask(|floor| (floor.due(now), floor.starvation()));
        let mut said = Ok(());
        for batch in due.chunks(BATCH_MAX) {
            if said.is_ok() {
                said = self.carry_out(batch).await;
            }
            if said.is_err() {
                self.matcher
                    .floor
                    .ask(|floor| batch.iter().for_each(|due| floor.again(due)));
            }
        }
        said?;
        self.report(starvation).await
    }

    async fn carry_out(&self, batch: &[Due]) -> Result<(), Fault> {
        let commands: Vec<_> = batch.iter().map(outgoing).filter_map(sound).collect();
        self.matcher.give(&commands, &self.actor).await
    }

    /// Each change once, until it shows or has had its time.
    async fn report(&mut self, changes: Vec<Starvation>) -> Result<(), Fault> {
        let mut commands = Vec::new();
        for change in changes {
            let (tenant, queue, command) = report_of(change);
            let starves = matches!(command, QueueCommand::ReportStarved(_));
            let key = (tenant.clone(), queue.clone());
            let last = self.reported.get(&key);
            if last.is_some_and(|(was, at)| *was == starves && at.elapsed() < REPORT_AGAIN) {
                continue;
            }
            self.reported.insert(key, (starves, Instant::now()));
            let command = OutgoingCommand::new::<routing::Queue>(queue.as_str(), &command);
            commands.extend(sound(command.map(|command| (tenant, command))));
        }
        self.matcher.give(&commands, &self.actor).await
    }
}

/// What is not a defect. One that is costs its own command and no other.
pub(crate) fn sound<T>(command: Result<T, Defect>) -> Option<T> {
    let report = |defect: &Defect| {
        let error: &dyn std::error::Error = defect;
        error!(error, "a command cannot be sent");
    };
    command.inspect_err(report).ok()
}

fn report_of(change: Starvation) -> (Tenant, QueueId, QueueCommand) {
    match change {
        Starvation::Starved {
            tenant,
            queue,
            conversation,
            waiting,
            agents,
        } => {
            let starved = ReportStarved {
                at_conversation: conversation,
                waiting,
                agents,
            };
            (tenant, queue, QueueCommand::ReportStarved(starved))
        }
        Starvation::Served {
            tenant,
            queue,
            agent,
        } => {
            let served = ReportServed { agent_id: agent };
            (tenant, queue, QueueCommand::ReportServed(served))
        }
    }
}

/// The command of what is due; the conversation's version is part of its id, so that one that was
/// refused because an agent was just asked is sent again.
fn outgoing(due: &Due) -> Result<(Tenant, OutgoingCommand), Defect> {
    use conversations::{Conversation, ConversationCommand, Overflow, Relax};
    let (tenant, conversation, step, command) = match due {
        Due::Relax {
            tenant,
            conversation,
            version,
            ring,
            dropped,
            ..
        } => {
            let dropped = dropped.iter().map(|skill| renamed(skill.as_str()));
            let dropped: Vec<_> = dropped.collect::<Result<_, _>>()?;
            let limit = |error| Defect::new("relax requirements", error);
            let relax = Relax {
                ring: i64::from(*ring).try_into().map_err(limit)?,
                dropped: dropped.try_into().map_err(limit)?,
            };
            let command = ConversationCommand::Relax(relax);
            (
                tenant,
                conversation,
                format!("{version}/relax/{ring}"),
                command,
            )
        }
        Due::Overflow {
            tenant,
            conversation,
            version,
            queue,
            ..
        } => {
            let overflow = Overflow {
                queue: renamed(queue.as_str())?,
            };
            let command = ConversationCommand::Overflow(overflow);
            (
                tenant,
                conversation,
                format!("{version}/overflow/{queue}"),
                command,
            )
        }
    };
    let name = format!("{tenant}/{conversation}/{step}");
    let id = CommandId::of_work("router", &name);
    let command = OutgoingCommand::new::<Conversation>(conversation.as_str(), &command)?;
    Ok((tenant.clone(), command.once(id)))
}
