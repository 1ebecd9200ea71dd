//! One answer for all who watch, and none where nothing has changed.

use std::sync::atomic::{AtomicU64, Ordering};

use kernel::{Parameters, Timestamp};

use super::answers::{Answers, Watching, next};
use super::*;
use crate::endpoint::{Reading, Watchable};
use crate::live::asked::LiveQuestion;

struct Still;

impl kernel::port::Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(0)
    }
}

/// Answers with what was counted, and counts how often it is asked.
#[derive(Default)]
struct Counter {
    version: AtomicU64,
    asked: AtomicU64,
}

impl Watchable for Counter {
    fn version(&self) -> u64 {
        self.version.load(Ordering::Relaxed)
    }

    fn read(&self, _: &kernel::Asked<'_>) -> Result<Reading, Problem> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Reading::new(Duration::ZERO, &self.version())
    }
}

fn watched(answers: &Answers, tenant: &str, of: &Arc<Counter>) -> Watching {
    let question = LiveQuestion {
        text: "/v1/count".into(),
        path: Parameters::default(),
        parameters: Parameters::default(),
        of: Arc::clone(of) as _,
    };
    let watching = answers.watch(&tenant.parse().unwrap(), question);
    watching.unwrap_or_else(|problem| panic!("{problem}"))
}

async fn told(watching: &mut Watching) -> String {
    let frame = next(std::slice::from_mut(watching)).await;
    String::from_utf8(frame.to_vec()).unwrap()
}

fn frame(count: u64) -> String {
    format!(
        "event: answer\ndata: {{\"question\":\"/v1/count\",\"age_s\":0,\"answer\":{count}}}\n\n"
    )
}

#[tokio::test(start_paused = true)]
async fn many_changes_are_one_answer_for_all_who_watch() {
    let (answers, of) = (
        Arc::new(Answers::new(Arc::new(Still))),
        Arc::new(Counter::default()),
    );
    let stop = tokio_util::sync::CancellationToken::new();
    let run = tokio::spawn(Arc::clone(&answers).run(stop.clone()));
    let mut watching: Vec<_> = (0..50).map(|_| watched(&answers, "demo", &of)).collect();
    for each in &mut watching {
        assert_eq!(told(each).await, frame(0));
    }
    let asked = of.asked.load(Ordering::Relaxed);
    for _ in 0..1_000 {
        of.version.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for each in &mut watching {
        while told(each).await != frame(1_000) {}
    }
    let asked = of.asked.load(Ordering::Relaxed) - asked;
    assert!((5..=12).contains(&asked), "{asked}");

    // The same once more is no news; another tenant is answered for itself.
    let mut theirs = watched(&answers, "acme", &of);
    assert_eq!(told(&mut theirs).await, frame(1_000));
    let quiet = tokio::time::timeout(Duration::from_secs(60), told(&mut theirs)).await;
    quiet.unwrap_err();

    // Nobody watches: nobody asks.
    drop((watching, theirs));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = of.asked.load(Ordering::Relaxed);
    of.version.fetch_add(1, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(of.asked.load(Ordering::Relaxed), before);
    stop.cancel();
    run.await.unwrap();
}
