//! Sessions of which no heartbeat comes any more are ended: a desktop that crashed says nothing.
//!
//! Every router watches all of them. What several say is one command, at the version of the agent that
//! was read: whatever the agent did since comes first.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use agents::{Agent, AgentCommand, ExpireSession, GRACE_S};
use kernel::port::{HEARD_FOR, Heard, Heartbeats};
use kernel::{Actor, CommandId, Defect, Fault, Tenant, Timestamp};
use pipeline::accept::OutgoingCommand;
use routing::floor::Silent;
use routing::{AgentId, Floor};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::duty::sound;
use crate::matcher::{Matcher, renamed};

/// How late silence may be noticed.
const TICK: Duration = Duration::from_secs(1);
/// Milliseconds that a heartbeat may be on its way, clocks that disagree included.
const LATE_MS: i64 = 5_000;
const GRACE_MS: i64 = GRACE_S as i64 * 1_000;
/// A floor that may be older than this does not know who has come back.
const AGE_MAX: Duration = Duration::from_secs(5);
/// How long an end may take to show on the floor before it is asked for again.
const AGAIN: Duration = Duration::from_secs(5);

/// Watches until stopped.
pub struct Vigil {
    matcher: Matcher,
    actor: Actor,
    heartbeats: Arc<dyn Heartbeats>,
    /// Since when nothing was missed. Who was not heard of before may have been.
    hears_since: Option<Timestamp>,
    asked_at: Option<Timestamp>,
    ended: HashMap<(Tenant, AgentId, Box<str>), Instant>,
}

impl Vigil {
    pub fn new(matcher: Matcher, actor: Actor, heartbeats: Arc<dyn Heartbeats>) -> Self {
        Self {
            matcher,
            actor,
            heartbeats,
            hears_since: None,
            asked_at: None,
            ended: HashMap::new(),
        }
    }

    pub async fn run(mut self, stop: CancellationToken) {
        let pause = || stop.run_until_cancelled(tokio::time::sleep(TICK));
        while pause().await.is_some() {
            let age = self.matcher.floor.age();
            if age.is_none_or(|age| age > AGE_MAX) {
                self.hears_since = None;
                continue;
            }
            let now = self.matcher.clock.now();
            let watched = stop.run_until_cancelled(self.watch(now)).await;
            if let Some(Err(fault)) = watched {
                self.hears_since = None;
                warn!(
                    error = &fault as &dyn std::error::Error,
                    "heartbeats cannot be read, no session is ended meanwhile"
                );
            }
        }
    }

    async fn watch(&mut self, now: Timestamp) -> Result<(), Fault> {
        self.listen(now).await?;
        let hears_since = *self.hears_since.get_or_insert(now);
        if hears_since <= now.plus_millis(-GRACE_MS) {
            self.end_silent(now).await?;
        }
        Ok(())
    }

    async fn listen(&mut self, now: Timestamp) -> Result<(), Fault> {
        let since = match self.asked_at {
            Some(asked_at) => asked_at.plus_millis(-LATE_MS),
            None => now.minus(HEARD_FOR),
        };
        let heard = self.heartbeats.heard_since(since).await?;
        self.asked_at = Some(now);
        self.matcher.floor.ask(|floor| {
            for heard in &heard {
                hear(floor, heard);
            }
        });
        Ok(())
    }

    async fn end_silent(&mut self, now: Timestamp) -> Result<(), Fault> {
        self.ended.retain(|_, at| at.elapsed() < AGAIN);
        let grace_ago = now.plus_millis(-GRACE_MS);
        let floor = &self.matcher.floor;
        let silent = floor.ask(|floor| floor.silent_since(grace_ago));
        let mut commands = Vec::new();
        for silent in silent {
            let of = (
                silent.tenant.clone(),
                silent.agent.clone(),
                silent.session.clone(),
            );
            if let Entry::Vacant(ended) = self.ended.entry(of) {
                let tenant = silent.tenant.clone();
                commands.extend(sound(expiry(&silent)).map(|command| (tenant, command)));
                ended.insert(Instant::now());
            }
        }
        self.matcher.give(&commands, &self.actor).await
    }
}

/// A heartbeat under a name that no gateway gives is ignored.
fn hear(floor: &mut Floor, heard: &Heard) {
    let mut parts = heard.name.splitn(3, '/');
    let (Some(tenant), Some(agent), Some(session)) = (parts.next(), parts.next(), parts.next())
    else {
        return;
    };
    if let (Ok(tenant), Ok(agent)) = (tenant.parse(), agent.parse()) {
        floor.hear(&tenant, &agent, session, heard.at);
    }
}

fn expiry(silent: &Silent) -> Result<OutgoingCommand, Defect> {
    let Silent {
        tenant,
        agent,
        version,
        session,
    } = silent;
    let expire = ExpireSession {
        session_id: renamed(session)?,
    };
    let command = AgentCommand::ExpireSession(expire);
    let id = CommandId::of_work(
        "router",
        &format!("{tenant}/{agent}/{version}/silent/{session}"),
    );
    let command = OutgoingCommand::new::<Agent>(agent.as_str(), &command)?;
    Ok(command.once(id).at(*version))
}
