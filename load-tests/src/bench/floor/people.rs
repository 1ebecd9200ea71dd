//! Ten thousand agents, a hundred thousand conversations.

use std::time::Duration;

use kernel::Tenant;
use kernel::port::{Ids as _, NewRecord};
use routing::QueueId;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::super::workload::Workload;
use super::paced::Request;
use dealerboard::roles::Platform;
use pipeline::SystemIds;

pub(super) const TENANT: &str = "bench";
/// Conversations that wait to be matched.
pub(super) const CONVERSATIONS: u64 = 100_000;

/// No offer is answered, and none expires: an expiry would suspend its agent.
const OFFER_TTL_MS: u32 = 3_600_000;
const AGENTS: u64 = 10_000;
const QUEUES: u64 = 50;
/// Of two agents of a queue, one can be asked; the other is away.
const AVAILABLE_ONE_IN: u64 = 2;
/// Chats that an agent takes at once: enough for all there will be.
const CAPACITY: u64 = 40;
/// Commands that are appended at once.
const CHUNK: u64 = 5_000;
/// How often presence changes are sent.
const STEP: Duration = Duration::from_millis(10);

pub(super) struct People {
    workload: Workload,
    /// Distinguishes this run from others in the same store.
    run: String,
}

pub(super) fn queues() -> impl Iterator<Item = QueueId> {
    (0..QUEUES).map(|number| {
        let queue = format!("Q-{number}").parse();
        queue.expect("letters, digits and a dash are a queue id")
    })
}

impl People {
    pub(super) fn new() -> anyhow::Result<Self> {
        Ok(Self {
            workload: Workload::of(Tenant::new(TENANT)?),
            run: SystemIds.random().simple().to_string()[..8].to_owned(),
        })
    }

    /// All agents sign in, all customers call.
    pub(super) async fn come(&self, platform: &Platform) -> anyhow::Result<()> {
        let settings = queues().map(|queue| {
            let data = format!(r#"{{"offer_ttl_ms":{OFFER_TTL_MS}}}"#);
            self.workload
                .record("queues", queue.as_str(), "ConfigureQueue", data)
        });
        platform
            .ports
            .command_log
            .append(settings.collect())
            .await?;
        let agents = |number| self.signs_in(number);
        send(platform, AGENTS, agents).await?;
        let conversations = |number| self.calls(number);
        send(platform, CONVERSATIONS, conversations).await
    }

    pub(super) fn agent(&self, number: u64) -> String {
        format!("A-{}-{}", self.run, number % AGENTS)
    }

    fn conversation(&self, number: u64) -> String {
        format!("C-{}-{number}", self.run)
    }

    fn signs_in(&self, number: u64) -> Vec<NewRecord> {
        let agent = self.agent(number);
        let queue = number % QUEUES;
        let commands = [
            (
                "StartSession",
                r#"{"session_id":"S-1","device":"bench","channels":["chat"]}"#.to_owned(),
            ),
            ("SetQueues", format!(r#"{{"queues":["Q-{queue}"]}}"#)),
            (
                "SetCapacity",
                format!(r#"{{"channels":{{"chat":{CAPACITY}}}}}"#),
            ),
        ];
        let commands = commands.into_iter();
        commands
            .map(|(kind, data)| self.workload.record("agents", &agent, kind, data))
            .chain([self.is_at(number, at_work(number))])
            .collect()
    }

    fn calls(&self, number: u64) -> Vec<NewRecord> {
        let conversation = self.conversation(number);
        let queue = number % QUEUES;
        let commands = [
            (
                "Create",
                format!(r#"{{"customer_id":"K-{number}","channel":"chat","intent":"quote"}}"#),
            ),
            ("Enqueue", format!(r#"{{"queue":"Q-{queue}"}}"#)),
        ];
        let commands = commands.into_iter();
        commands
            .map(|(kind, data)| {
                self.workload
                    .record("conversations", &conversation, kind, data)
            })
            .collect()
    }

    /// A match of the next conversation.
    pub(super) fn match_of(&self, number: u64) -> Request {
        let conversation = self.conversation(number % CONVERSATIONS);
        let body = format!(r#"{{"conversation_id":"{conversation}"}}"#);
        Request::post("/v1/agents/match".to_owned(), body)
    }

    /// The same command that a match sends, to an agent who can take it; for a conversation that is
    /// nowhere else.
    pub(super) fn reservation(&self, number: u64) -> Request {
        let available = number % (AGENTS / AVAILABLE_ONE_IN);
        let (row, queue) = (available / QUEUES, available % QUEUES);
        let agent = self.agent(row * AVAILABLE_ONE_IN * QUEUES + queue);
        let body = format!(
            r#"{{"offer_id":"H-{0}-{number}","conversation_id":"H-{0}-{number}","channel":"chat","cost":1,"ttl_ms":3600000}}"#,
            self.run
        );
        Request::post(format!("/v1/agents/{agent}/reservations"), body)
    }

    /// So many changes of presence a second, of one agent after the other.
    pub(super) async fn change(
        &self,
        platform: &Platform,
        per_second: u64,
        seconds: u64,
    ) -> anyhow::Result<()> {
        let steps_per_second = 1_000 / u64::try_from(STEP.as_millis())?;
        let changes = per_second / steps_per_second;
        let mut ticks = interval(STEP);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let until = Instant::now() + Duration::from_secs(seconds);
        let mut number = 0;
        while Instant::now() < until {
            ticks.tick().await;
            let changes = (number..number + changes).map(|number| self.changes(number));
            platform.ports.command_log.append(changes.collect()).await?;
            number += per_second / steps_per_second;
        }
        Ok(())
    }

    fn changes(&self, number: u64) -> NewRecord {
        let presence = if (number / AGENTS).is_multiple_of(2) {
            "away"
        } else {
            at_work(number)
        };
        self.is_at(number, presence)
    }

    fn is_at(&self, number: u64, presence: &str) -> NewRecord {
        let data = format!(r#"{{"presence":"{presence}"}}"#);
        self.workload
            .record("agents", &self.agent(number), "SetPresence", data)
    }

    /// All agents are back in the state in which they came.
    pub(super) async fn return_to_work(&self, platform: &Platform) -> anyhow::Result<()> {
        let back = |number| vec![self.is_at(number, at_work(number))];
        send(platform, AGENTS, back).await
    }
}

/// Where an agent is when there is work.
fn at_work(number: u64) -> &'static str {
    let agent = number % AGENTS;
    let is_available = (agent / QUEUES).is_multiple_of(AVAILABLE_ONE_IN);
    if is_available { "available" } else { "busy" }
}

async fn send(
    platform: &Platform,
    count: u64,
    commands: impl Fn(u64) -> Vec<NewRecord>,
) -> anyhow::Result<()> {
    for first in (0..count).step_by(usize::try_from(CHUNK)?) {
        let until = count.min(first + CHUNK);
        let records = (first..until).flat_map(&commands);
        platform.ports.command_log.append(records.collect()).await?;
    }
    Ok(())
}
