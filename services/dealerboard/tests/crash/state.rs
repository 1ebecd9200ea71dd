//! When an installation is quiet, and what it holds then.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kernel::port::{ReadModel as _, ViewId};
use kernel::topic;
use positions::PositionView;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use readmodel::{RedisOptions, RedisReadModel};
use sqlx::Row as _;
use testkit::eventually;
use tokio::sync::OnceCell;
use tokio::time::timeout;
use trades::TradeView;

use crate::site::{BACK, PARTITIONS, Site};
use crate::workload;

/// Longest time from the last fault to quiet; a membership that was not released costs ten
/// seconds of it, a partition that was fenced ten more.
pub(crate) const QUIET_WITHIN: Duration = Duration::from_secs(60);
/// Longest time a broker may take to report where a topic ends.
const WATERMARK_WAIT: Duration = Duration::from_secs(5);

/// Everything that follows from the commands, to the byte.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// By context, key and sequence.
    events: BTreeMap<String, String>,
    /// Number of accepted, rejected and repeated commands, by context.
    commands: BTreeMap<String, i64>,
    /// By view and key, as Postgres has them.
    views: BTreeMap<String, String>,
}

impl State {
    /// # Panics
    /// With the first entries that differ.
    pub(crate) fn assert_is(&self, clean: &Self) {
        let seed = workload::SEED;
        assert_eq!(self.commands, clean.commands, "outcomes, seed {seed:#x}");
        self.assert_has_the_effects_of(clean);
    }

    /// As [`Self::assert_is`], where the producer itself may have repeated more.
    ///
    /// # Panics
    /// With the first entries that differ.
    pub(crate) fn assert_has_the_effects_of(&self, clean: &Self) {
        same("event", &self.events, &clean.events);
        same("view", &self.views, &clean.views);
    }
}

fn same(what: &str, found: &BTreeMap<String, String>, clean: &BTreeMap<String, String>) {
    let seed = workload::SEED;
    for (key, value) in clean {
        assert_eq!(
            found.get(key),
            Some(value),
            "{what} {key}, after the fault and in the clean run; seed {seed:#x}"
        );
    }
    let more: Vec<_> = found
        .keys()
        .filter(|key| !clean.contains_key(*key))
        .collect();
    assert!(more.is_empty(), "{what}s of no clean run: {more:?}");
}

/// What a run without any fault ends in; every test of the binary compares with it.
pub(crate) async fn clean() -> &'static State {
    static CLEAN: OnceCell<State> = OnceCell::const_new();
    CLEAN
        .get_or_init(|| async {
            let site = Site::prepare().await;
            let process = site.start(BACK, "clean");
            site.append(&workload::records(&site.prefix)).await;
            site.quiet(workload::RECORDS).await;
            let state = site.state().await;
            let commands = &state.commands;
            assert!(commands["trades accepted"] > 1_000, "{commands:?}");
            assert!(commands["trades rejected"] > 50, "{commands:?}");
            assert!(commands["trades repeated"] > 300, "{commands:?}");
            assert!(commands["positions accepted"] > 500, "{commands:?}");
            drop(process);
            site.discard().await;
            state
        })
        .await
}

impl Site {
    /// Waits until every record has been handled and everything that follows from it is in place.
    pub(crate) async fn quiet(&self, records: usize) {
        eventually("quiet", QUIET_WITHIN, async || {
            self.is_quiet(records as i64).await.ok()?.then_some(())
        })
        .await;
    }

    /// As [`Self::quiet`], where the number of records in the log is unknown.
    pub(crate) async fn quiet_at_end(&self) {
        eventually("quiet", QUIET_WITHIN, async || {
            let end = self.end("trades");
            self.is_quiet(end).await.ok()?.then_some(())
        })
        .await;
    }

    async fn is_quiet(&self, records: i64) -> Result<bool, sqlx::Error> {
        if self.handled("trades").await? != records {
            return Ok(false);
        }
        for view in ["fills_to_positions%", "trade:%"] {
            if !self.seen("trades", view).await? {
                return Ok(false);
            }
        }
        let handled = self.handled("positions").await?;
        Ok(handled == self.end("positions") && self.seen("positions", "position:%").await?)
    }

    /// Commands below the cursors.
    pub(crate) async fn handled(&self, context: &str) -> Result<i64, sqlx::Error> {
        let sum = format!("SELECT coalesce(sum(next_offset), 0)::int8 FROM {context}.cursor");
        sqlx::query_scalar(&sum).fetch_one(&self.pool).await
    }

    /// Whether a consumer has seen the last event of every partition.
    async fn seen(&self, context: &str, view: &str) -> Result<bool, sqlx::Error> {
        let behind = format!(
            "SELECT count(*) FROM {context}.cursor c
             LEFT JOIN views.checkpoint v ON v.partition = c.partition AND v.view LIKE $1
             WHERE coalesce(v.position, 0) <> c.next_position - 1"
        );
        let behind: i64 = sqlx::query_scalar(&behind)
            .bind(view)
            .fetch_one(&self.pool)
            .await?;
        Ok(behind == 0)
    }

    /// Commands in the log; -1 while it does not report them.
    fn end(&self, context: &str) -> i64 {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &self.servers.kafka)
            .create()
            .unwrap();
        let topic = topic::commands(&self.prefix, context);
        (0..i32::from(PARTITIONS))
            .map(|partition| consumer.fetch_watermarks(&topic, partition, WATERMARK_WAIT))
            .try_fold(0, |sum, watermarks| Some(sum + watermarks.ok()?.1))
            .unwrap_or(-1)
    }

    /// Reads everything; the views of both stores must agree to the byte.
    pub(crate) async fn state(&self) -> State {
        let mut state = State::default();
        for context in ["trades", "positions"] {
            for partition in 0..PARTITIONS {
                self.read_events(context, partition, &mut state).await;
            }
        }
        for (context, view) in [
            ("trades", pipeline::view_id::<TradeView>()),
            ("positions", pipeline::view_id::<PositionView>()),
        ] {
            self.read_counts(context, &mut state).await;
            self.read_view(view, &mut state).await;
        }
        state
    }

    async fn read_events(&self, context: &str, partition: u16, state: &mut State) {
        let select = format!(
            "SELECT s.key, e.sequence, e.record, e.position
             FROM {context}.event_{partition} e JOIN {context}.stream_{partition} s USING (stream)
             ORDER BY e.position"
        );
        let rows = sqlx::query(&select).fetch_all(&self.pool).await.unwrap();
        for (index, row) in rows.iter().enumerate() {
            let position: i64 = row.get(3);
            assert_eq!(position, index as i64 + 1, "positions have no gap");
            let (key, sequence): (&str, i32) = (row.get(0), row.get(1));
            let before = state
                .events
                .insert(format!("{context} {key} {sequence:06}"), row.get(2));
            assert_eq!(before, None, "sequences are taken once");
        }
    }

    async fn read_counts(&self, context: &str, state: &mut State) {
        let outcomes: Vec<_> = (0..PARTITIONS)
            .map(|partition| format!("SELECT detail FROM {context}.outcome_{partition}"))
            .collect();
        let select = format!(
            "SELECT count(*) FILTER (WHERE detail IS NULL OR detail LIKE '%\"status\":\"accepted\"%'),
                    count(*) FILTER (WHERE detail LIKE '%\"status\":\"rejected\"%'),
                    (SELECT coalesce(sum(repeats), 0)::int8 FROM {context}.cursor),
                    (SELECT count(*) FROM {context}.dead_letter)
             FROM ({}) outcomes",
            outcomes.join(" UNION ALL ")
        );
        let row = sqlx::query(&select).fetch_one(&self.pool).await.unwrap();
        let mut handled: i64 = 0;
        for (index, name) in ["accepted", "rejected", "repeated", "parked"]
            .iter()
            .enumerate()
        {
            let count: i64 = row.get(index);
            handled += count;
            // How often a reaction repeats itself is its own affair; that it counts is not.
            if (context, *name) != ("positions", "repeated") {
                state.commands.insert(format!("{context} {name}"), count);
            }
        }
        assert_eq!(handled, self.handled(context).await.unwrap(), "in = out");
    }

    async fn read_view(&self, view: ViewId, state: &mut State) {
        let select = format!(
            "SELECT key, body FROM views.{}_v{}",
            view.name, view.version
        );
        let rows = sqlx::query(&select).fetch_all(&self.pool).await.unwrap();
        assert!(!rows.is_empty());
        let keys: Vec<Arc<str>> = rows
            .iter()
            .map(|row| row.get::<&str, _>(0).into())
            .collect();
        let options = RedisOptions::new(&self.servers.redis, &self.prefix, PARTITIONS);
        let redis = RedisReadModel::new(&options).unwrap();
        eventually(
            "Redis to hold what Postgres holds",
            QUIET_WITHIN,
            async || {
                let values = redis.get(view, &keys).await.ok()?;
                let same = values.iter().zip(&rows).all(|(value, row)| {
                    let body: &str = row.get(1);
                    value
                        .as_ref()
                        .is_some_and(|value| value.body == body.as_bytes())
                });
                same.then_some(())
            },
        )
        .await;
        for row in &rows {
            let key: &str = row.get(0);
            state
                .views
                .insert(format!("{} {key}", view.name), row.get(1));
        }
    }

    /// Waits for quiet, compares, has the platform's own rules checked, and clears up.
    pub(crate) async fn ends_as_the_clean_run(self) {
        self.quiet(workload::RECORDS).await;
        self.state().await.assert_is(clean().await);
        self.verify().await;
        self.discard().await;
    }

    /// The platform's own check of everything it promises.
    pub(crate) async fn verify(&self) {
        let mut command = tokio::process::Command::from(self.command(&["verify"]));
        let verified = timeout(QUIET_WITHIN, command.output()).await;
        let verified = verified.expect("verified in time").unwrap();
        let said = String::from_utf8_lossy(&verified.stdout);
        let also = String::from_utf8_lossy(&verified.stderr);
        assert!(verified.status.success(), "verify: {said}{also}");
    }
}
