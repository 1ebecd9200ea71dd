//! Plays a day: sends what people would send, when they would, and answers what the platform does.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use agents::{Agent, AgentCommand};
use conversations::{Conversation, ConversationCommand};
use indicatif::ProgressBar;
use kernel::port::{CommandLog, Pace};
use kernel::{Actor, AggregateId, CommandId, Context, Tenant};
use pipeline::accept::Sealer;
use pipeline::{Backoff, FollowPorts, Followed};
use routing::{Queue, QueueCommand};
use serde_json::json;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::day::{Call, Day};
use super::happening::{Event, Happening, Happenings};
use super::report::{Played, Report};
use pipeline::accept::OutgoingCommand;

const CHANNEL: &str = "voice";
const SESSION: &str = "S-1";
/// Between two heartbeats of a desktop, by the wall's clock like the grace of its session.
const BEAT: Duration = Duration::from_secs(20);
/// Longest time nothing may happen while something is still open.
const STALLED: Duration = Duration::from_secs(120);
/// What an agent may take for writing up by the platform's clock; the day's own time ends it before.
const WRAP_UP_MAX_S: u32 = 900;

/// The world as a player sees it.
pub struct Ports {
    pub command_log: Arc<dyn CommandLog>,
    pub follow: FollowPorts,
    pub sealer: Sealer,
    pub partitions: u16,
}

/// One day being played.
pub struct Player {
    ports: Ports,
    day: Day,
    calls: Vec<Call>,
    /// What of each call has happened.
    played: Vec<Played>,
    /// Part of every name, so that a day can be played twice in one place.
    run: Box<str>,
    tenant: Tenant,
    actor: Actor,
    agenda: BinaryHeap<Reverse<(Instant, u32, Step)>>,
    open: usize,
    bar: ProgressBar,
}

/// The next step of a customer or an agent, by the number of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Arrive,
    GiveUp,
    End,
    CompleteWrapUp,
}

impl Player {
    pub fn new(ports: Ports, day: Day, run: &str, tenant: Tenant, bar: ProgressBar) -> Self {
        let calls = day.calls();
        bar.set_length(calls.len() as u64);
        Self {
            ports,
            played: vec![Played::default(); calls.len()],
            open: calls.len(),
            calls,
            day,
            run: run.into(),
            tenant,
            actor: Actor::new("simulation").expect("a literal of letters"),
            agenda: BinaryHeap::new(),
            bar,
        }
    }

    /// The queue that this day's customers wait in.
    pub fn queue(&self) -> String {
        format!("SIM-{}", self.run)
    }

    /// Plays the day to its end: every conversation is over, one way or the other.
    ///
    /// # Errors
    /// Nothing happens any more and something is still open, or it is stopped before.
    pub async fn play(self, stop: CancellationToken) -> anyhow::Result<Report> {
        let following = stop.child_token();
        let _ends_with_the_day = following.clone().drop_guard();
        tokio::select! {
            () = stop.cancelled() => anyhow::bail!("stopped before the end of the day"),
            report = self.play_on(following) => report,
        }
    }

    async fn play_on(mut self, following: CancellationToken) -> anyhow::Result<Report> {
        let heard = Followed::<Happenings>::new(self.ports.partitions);
        let follow = heard
            .clone()
            .follow(self.ports.follow.clone(), Pace::Prompt, following);
        tokio::spawn(follow);
        self.open_the_floor().await?;
        heard.caught_up().await;
        self.plan_arrivals();
        let mut moved_at = Instant::now();
        let mut beats = tokio::time::interval(BEAT);
        while self.open > 0 {
            let next = self.agenda.peek().map(|Reverse((at, ..))| *at);
            let alarm = moved_at + STALLED;
            tokio::select! {
                () = tokio::time::sleep_until(next.unwrap_or(alarm).min(alarm.max(Instant::now()))) => {}
                () = heard.changed() => {}
                _ = beats.tick() => self.beat().await?,
            }
            for happening in heard.ask(Happenings::take) {
                moved_at = Instant::now();
                self.hear(&happening).await?;
            }
            while let Some((call, step)) = self.due() {
                moved_at = Instant::now();
                self.act(call, step).await?;
            }
            anyhow::ensure!(
                moved_at.elapsed() < STALLED,
                "nothing has happened for {STALLED:?}, {} conversations are open",
                self.open
            );
        }
        self.bar.finish_and_clear();
        let queue = self.queue();
        Ok(Report::new(self.day, queue, &self.played))
    }

    async fn open_the_floor(&self) -> anyhow::Result<()> {
        let queue = self.queue();
        let settings = json!({ "type": "ConfigureQueue", "data": { "offer_ttl_ms": 60_000 } });
        self.send::<Queue>(
            &queue,
            serde_json::from_value::<QueueCommand>(settings)?,
            "open",
        )
        .await?;
        for number in 0..self.day.agents {
            let agent = self.agent(number);
            let commands = [
                (
                    "StartSession",
                    json!({ "session_id": SESSION, "device": "simulator", "channels": [CHANNEL] }),
                ),
                ("SetCapacity", json!({ "channels": { CHANNEL: 1 } })),
                ("SetQueues", json!({ "queues": [&queue] })),
                ("SetPresence", json!({ "presence": "available" })),
            ];
            for (kind, data) in commands {
                self.agent_does(&agent, kind, data, kind).await?;
            }
        }
        Ok(())
    }

    /// Heartbeats of all desktops.
    async fn beat(&self) -> anyhow::Result<()> {
        let once = format!("Heartbeat/{}", self.ports.sealer.ids.ordered());
        for number in 0..self.day.agents {
            let alive = json!({ "session_id": SESSION });
            self.agent_does(&self.agent(number), "Heartbeat", alive, &once)
                .await?;
        }
        Ok(())
    }

    fn plan_arrivals(&mut self) {
        let start = Instant::now();
        for number in 0..self.calls.len() {
            let at = start + self.lasting(self.calls[number].arrives_s);
            self.agenda
                .push(Reverse((at, narrow(number), Step::Arrive)));
        }
    }

    /// Seconds of the day as time on the wall.
    fn lasting(&self, seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds / self.day.speed)
    }

    fn due(&mut self) -> Option<(u32, Step)> {
        let Reverse((at, ..)) = self.agenda.peek()?;
        if *at > Instant::now() {
            return None;
        }
        self.agenda
            .pop()
            .map(|Reverse((_, call, step))| (call, step))
    }

    fn after(&mut self, seconds: f64, call: u32, step: Step) {
        let at = Instant::now() + self.lasting(seconds);
        self.agenda.push(Reverse((at, call, step)));
    }

    async fn act(&mut self, call: u32, step: Step) -> anyhow::Result<()> {
        let drawn = self.calls[call as usize];
        match step {
            Step::Arrive => {
                let create = json!({ "customer_id": format!("K-{call}"), "channel": CHANNEL, "intent": "simulated" });
                self.conversation_does(call, "Create", create).await?;
                let queue = self.queue();
                self.conversation_does(call, "Enqueue", json!({ "queue": queue }))
                    .await?;
                if let Some(patience_s) = drawn.patience_s {
                    self.after(patience_s, call, Step::GiveUp);
                }
                Ok(())
            }
            // A customer who is served by now stays.
            Step::GiveUp if self.played[call as usize].connected_at.is_some() => Ok(()),
            Step::GiveUp => {
                self.conversation_does(call, "CustomerLeft", json!({}))
                    .await
            }
            Step::End => {
                let wrap_up_s = drawn.wrap_up_s.map_or(0, |_| WRAP_UP_MAX_S);
                let end = json!({ "by": "customer", "wrap_up_s": wrap_up_s });
                self.conversation_does(call, "End", end).await
            }
            Step::CompleteWrapUp => {
                let Some(agent) = self.played[call as usize].agent_id.clone() else {
                    return Ok(());
                };
                let name = self.conversation(call);
                let data = json!({ "conversation_id": name, "codes": ["SIMULATED"] });
                let once = format!("CompleteWrapUp/{call}");
                self.agent_does(&agent, "CompleteWrapUp", data, &once).await
            }
        }
    }

    async fn hear(&mut self, happening: &Happening) -> anyhow::Result<()> {
        let Some(call) = self.call_of(&happening.conversation) else {
            return Ok(());
        };
        let played = &mut self.played[call as usize];
        match &happening.event {
            Event::Queued(queued) => played.enqueued_at = Some(queued.enqueued_at),
            Event::Offered(offered) => {
                played.offered_at = Some(happening.at);
                let accept = json!({ "offer_id": offered.offer_id });
                let once = format!("AcceptOffer/{call}/{}", offered.offer_id);
                return self
                    .conversation_does_once(call, "AcceptOffer", accept, &once)
                    .await;
            }
            Event::Connected(owner) => {
                played.connected_at = Some(happening.at);
                played.agent_id = Some(owner.agent_id.clone());
                let handle_s = self.calls[call as usize].handle_s;
                self.after(handle_s, call, Step::End);
            }
            Event::Ended(owner) if owner.wrap_up_s > 0 => {
                let wrap_up_s = self.calls[call as usize].wrap_up_s.unwrap_or_default();
                self.after(wrap_up_s, call, Step::CompleteWrapUp);
            }
            Event::Ended(_) | Event::Disposed(_) | Event::WrapUpTimedOut(_) => {
                self.close(call, happening);
            }
            Event::Abandoned(_) => {
                self.played[call as usize].abandoned = true;
                self.close(call, happening);
            }
        }
        Ok(())
    }

    fn close(&mut self, call: u32, happening: &Happening) {
        let played = &mut self.played[call as usize];
        if played.closed_at.replace(happening.at).is_none() {
            self.open -= 1;
            self.bar.inc(1);
        }
    }

    fn agent(&self, number: u32) -> String {
        format!("{}-A-{number:05}", self.run)
    }

    fn conversation(&self, call: u32) -> String {
        format!("{}-C-{call:07}", self.run)
    }

    fn call_of(&self, conversation: &AggregateId) -> Option<u32> {
        let rest = conversation.as_str().strip_prefix(&*self.run)?;
        rest.strip_prefix("-C-")?.parse().ok()
    }

    async fn conversation_does(
        &self,
        call: u32,
        kind: &str,
        data: serde_json::Value,
    ) -> anyhow::Result<()> {
        self.conversation_does_once(call, kind, data, &format!("{kind}/{call}"))
            .await
    }

    async fn conversation_does_once(
        &self,
        call: u32,
        kind: &str,
        data: serde_json::Value,
        once: &str,
    ) -> anyhow::Result<()> {
        let command = json!({ "type": kind, "data": data });
        let command: ConversationCommand = serde_json::from_value(command)?;
        let name = self.conversation(call);
        self.send::<Conversation>(&name, command, once).await
    }

    async fn agent_does(
        &self,
        agent: &str,
        kind: &str,
        data: serde_json::Value,
        once: &str,
    ) -> anyhow::Result<()> {
        let command: AgentCommand = serde_json::from_value(json!({ "type": kind, "data": data }))?;
        self.send::<Agent>(agent, command, &format!("{agent}/{once}"))
            .await
    }

    /// Until the log has it: what is sent again has the same id.
    async fn send<C: Context>(
        &self,
        to: &str,
        command: C::Input,
        once: &str,
    ) -> anyhow::Result<()> {
        let name = format!("{}/{}/{once}", self.tenant, self.run);
        let id = CommandId::of_work("simulation", &name);
        let order = OutgoingCommand::new::<C>(to, &command)?.once(id);
        let request = order.request(&self.tenant, &self.actor);
        let mut backoff = Backoff::new();
        loop {
            let (_, record) = self.ports.sealer.seal(request.clone(), None)?;
            match self.ports.command_log.append(vec![record]).await {
                Ok(_) => return Ok(()),
                Err(fault) => warn!(
                    error = &fault as &dyn std::error::Error,
                    "command was not taken, will be sent again"
                ),
            }
            backoff.wait().await;
        }
    }
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).expect("a day has fewer calls than there are people")
}
