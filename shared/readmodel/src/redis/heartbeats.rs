use async_trait::async_trait;
use kernel::Timestamp;
use kernel::code::Fault;
use kernel::port::{HEARD_FOR, Heard, Heartbeats};

use super::REDIS;
use super::keys::Keys;
use super::link::{Link, RedisOptions};

/// Names in one command: a deadline is for what a server does in a moment.
const CHUNK: usize = 1_000;

/// Heartbeats that all gateways write and all routers watch: one sorted set, by time.
pub struct RedisHeartbeats {
    key: String,
    link: Link,
}

impl RedisHeartbeats {
    /// Does not connect yet; must be called within a tokio runtime.
    ///
    /// # Errors
    /// The URL cannot be read.
    pub fn new(options: &RedisOptions) -> Result<Self, Fault> {
        Ok(Self {
            key: Keys::under(&options.prefix).heartbeats(),
            link: Link::open(options, options.write_timeout)?,
        })
    }
}

#[async_trait]
impl Heartbeats for RedisHeartbeats {
    async fn note(&self, heard: &[Heard]) -> Result<(), Fault> {
        for chunk in heard.chunks(CHUNK) {
            let mut note = redis::pipe();
            let add = note.cmd("ZADD").arg(&self.key).arg("GT");
            for Heard { name, at } in chunk {
                add.arg(millis(*at)).arg(&**name);
            }
            add.ignore();
            if let Some(last) = chunk.iter().map(|heard| heard.at).max() {
                let forgotten = format!("({}", millis(last.minus(HEARD_FOR)));
                let forget = note.cmd("ZREMRANGEBYSCORE").arg(&self.key);
                forget.arg("-inf").arg(forgotten).ignore();
            }
            let expire = note.cmd("EXPIRE").arg(&self.key);
            expire.arg(HEARD_FOR.as_secs()).ignore();
            let () = self.link.pipeline("note heartbeats", &note).await?;
        }
        Ok(())
    }

    async fn heard_since(&self, time: Timestamp) -> Result<Vec<Heard>, Fault> {
        let attempt = "read heartbeats";
        let mut range = redis::cmd("ZRANGE");
        range.arg(&self.key).arg(millis(time)).arg("+inf");
        range.arg("BYSCORE").arg("WITHSCORES");
        let found: Vec<(String, f64)> = self.link.command(attempt, &range).await?;
        let heard = found.into_iter().map(|(name, millis)| {
            // A score is a double, and exact for far longer than there will be milliseconds.
            let millis = format!("{millis:.0}").parse();
            let millis = millis.map_err(|error| Fault::new(REDIS, attempt, error))?;
            Ok(Heard {
                name: name.into(),
                at: Timestamp::from_millis(millis),
            })
        });
        heard.collect()
    }
}

fn millis(at: Timestamp) -> i64 {
    at.micros().div_euclid(1_000)
}
