//! Questions about partitions, answered by one thread with a client of its own, as many at once as are
//! waiting: over a connection that no fetch holds up. Thread and client end with the last question.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::Fault;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use tokio::sync::oneshot;
use tracing::warn;

use super::fault;
use super::reasons::Reasons;

/// How long a thread waits for a question before it ends.
const IDLE_FOR: Duration = Duration::from_secs(10);
/// How often a thread that waits looks at what its client reports.
const POLL_PERIOD: Duration = Duration::from_secs(1);
/// Questions that may wait, and are answered at once.
const QUESTIONS_MAX: usize = 4_096;

pub(super) type AskConsumer = BaseConsumer<Reasons>;

/// A kind of question.
pub(super) trait Question: Send + Sized + 'static {
    type Answer: Send + 'static;
    /// What the thread remembers from one answer to the next.
    type Memory: Default;
    /// Name of the thread.
    const NAME: &'static str;

    /// Answers all of them, each in its place. Blocks.
    fn answer(
        consumer: &AskConsumer,
        memory: &mut Self::Memory,
        asked: Vec<Self>,
    ) -> Vec<Result<Self::Answer, Fault>>;
}

type Asked<Q> = (Q, oneshot::Sender<Result<<Q as Question>::Answer, Fault>>);

/// The way to the thread that asks.
pub(super) struct Asks<Q: Question> {
    config: ClientConfig,
    /// The way to the thread, while there is one.
    thread: Arc<Mutex<Option<SyncSender<Asked<Q>>>>>,
}

impl<Q: Question> Asks<Q> {
    /// `config` is that of the client, which is made for the first question.
    pub(super) fn new(config: ClientConfig) -> Self {
        Self {
            config,
            thread: Arc::default(),
        }
    }

    pub(super) async fn ask(&self, question: Q) -> Result<Q::Answer, Fault> {
        let (answer, answered) = oneshot::channel();
        self.send((question, answer))?;
        let attempt = || format!("ask by the thread {}", Q::NAME);
        answered
            .await
            .map_err(|gone| Fault::new("kafka", attempt(), gone))?
    }

    fn send(&self, asked: Asked<Q>) -> Result<(), Fault> {
        let mut thread = lock(&self.thread);
        let sender = match thread.take() {
            Some(sender) => sender,
            None => self.start()?,
        };
        match sender.try_send(asked) {
            Ok(()) => *thread = Some(sender),
            Err(TrySendError::Full(_)) => {
                *thread = Some(sender);
                let attempt = format!("ask: {QUESTIONS_MAX} questions wait already");
                return Err(Fault::bare("kafka", attempt));
            }
            // It has panicked. This question is lost, the next one has a thread again.
            Err(TrySendError::Disconnected(_)) => {}
        }
        Ok(())
    }

    fn start(&self) -> Result<SyncSender<Asked<Q>>, Fault> {
        let consumer: AskConsumer = self
            .config
            .create_with_context(Reasons::default())
            .map_err(|error| fault("create a client", error))?;
        let (sender, asked) = sync_channel(QUESTIONS_MAX);
        let thread = Arc::clone(&self.thread);
        std::thread::Builder::new()
            .name(format!("kafka {}", Q::NAME))
            .spawn(move || serve::<Q>(&consumer, &asked, &thread))
            .map_err(|error| Fault::new("kafka", "start a thread", error))?;
        Ok(sender)
    }
}

fn serve<Q: Question>(
    consumer: &AskConsumer,
    asked: &Receiver<Asked<Q>>,
    thread: &Mutex<Option<SyncSender<Asked<Q>>>>,
) {
    let mut memory = Q::Memory::default();
    let mut idle = Duration::ZERO;
    loop {
        let first = match asked.recv_timeout(POLL_PERIOD) {
            Ok(first) => Some(first),
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) if idle < IDLE_FOR => None,
            Err(RecvTimeoutError::Timeout) => match last_call(asked, thread) {
                None => return,
                late => late,
            },
        };
        idle = match first {
            None => idle + POLL_PERIOD,
            Some(first) => {
                let rest = asked.try_iter().take(QUESTIONS_MAX - 1);
                answer(consumer, &mut memory, std::iter::once(first).chain(rest));
                Duration::ZERO
            }
        };
        while let Some(Err(error)) = consumer.poll(Duration::ZERO) {
            let reason = consumer.context().take().unwrap_or_default();
            warn!(client = Q::NAME, %error, reason, "client reports");
        }
    }
}

fn answer<Q: Question>(
    consumer: &AskConsumer,
    memory: &mut Q::Memory,
    asked: impl Iterator<Item = Asked<Q>>,
) {
    let (questions, answers): (Vec<_>, Vec<_>) = asked.unzip();
    let given = Q::answer(consumer, memory, questions);
    for (answer, given) in answers.into_iter().zip(given) {
        // A caller that has given up waiting needs none.
        drop(answer.send(given));
    }
}

/// A question that came at the last moment. When there is none the thread must end: under the lock
/// no caller asks, and the next one finds no thread.
fn last_call<Q: Question>(
    asked: &Receiver<Asked<Q>>,
    thread: &Mutex<Option<SyncSender<Asked<Q>>>>,
) -> Option<Asked<Q>> {
    let mut thread = lock(thread);
    let late = asked.try_recv().ok();
    if late.is_none() {
        *thread = None;
    }
    late
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
