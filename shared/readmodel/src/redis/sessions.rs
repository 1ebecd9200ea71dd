use std::time::Duration;

use async_trait::async_trait;
use kernel::code::Fault;
use kernel::port::{SessionKey, Sessions};

use super::keys::Keys;
use super::link::{Link, RedisOptions};

/// Sessions that all gateways share: a key per session, which ends by itself.
pub struct RedisSessions {
    keys: Keys,
    link: Link,
}

impl RedisSessions {
    /// Does not connect yet; must be called within a tokio runtime.
    ///
    /// # Errors
    /// The URL cannot be read.
    pub fn new(options: &RedisOptions) -> Result<Self, Fault> {
        Ok(Self {
            keys: Keys::under(&options.prefix),
            link: Link::open(options, options.read_timeout)?,
        })
    }
}

#[async_trait]
impl Sessions for RedisSessions {
    async fn open(&self, key: SessionKey, session: &[u8], idle: Duration) -> Result<(), Fault> {
        let mut set = redis::cmd("SET");
        set.arg(self.keys.session(key)).arg(session);
        set.arg("PX").arg(millis(idle));
        self.link.command("keep a session", &set).await
    }

    async fn find(&self, key: SessionKey, idle: Duration) -> Result<Option<Vec<u8>>, Fault> {
        // One step, so that a session which ends meanwhile is not brought back.
        let mut get = redis::cmd("GETEX");
        get.arg(self.keys.session(key)).arg("PX").arg(millis(idle));
        self.link.command("find a session", &get).await
    }

    async fn peek(&self, key: SessionKey) -> Result<Option<Vec<u8>>, Fault> {
        let mut get = redis::cmd("GET");
        get.arg(self.keys.session(key));
        self.link.command("look at a session", &get).await
    }

    async fn claim(&self, key: SessionKey, keep: Duration) -> Result<bool, Fault> {
        let mut set = redis::cmd("SET");
        set.arg(self.keys.claim(key)).arg(1).arg("NX");
        set.arg("PX").arg(millis(keep));
        self.link.command("claim a sign-in", &set).await
    }

    async fn end(&self, key: SessionKey) -> Result<(), Fault> {
        let mut delete = redis::cmd("DEL");
        delete.arg(self.keys.session(key));
        self.link.command("end a session", &delete).await
    }
}

/// As Redis takes a time: it refuses 0.
fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1)
}
