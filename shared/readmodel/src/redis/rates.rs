use std::time::Duration;

use async_trait::async_trait;
use kernel::code::Fault;
use kernel::port::{Rate, Rates, Taken};
use redis::Script;

use super::keys::Keys;
use super::link::{Link, RedisOptions};

/// Rates that all gateways share: a key per name, which ends by itself.
pub struct RedisRates {
    keys: Keys,
    link: Link,
    take: Script,
}

impl RedisRates {
    /// Does not connect yet; must be called within a tokio runtime.
    ///
    /// # Errors
    /// The URL cannot be read.
    pub fn new(options: &RedisOptions) -> Result<Self, Fault> {
        Ok(Self {
            keys: Keys::under(&options.prefix),
            link: Link::open(options, options.read_timeout)?,
            take: Script::new(include_str!("take.lua")),
        })
    }
}

#[async_trait]
impl Rates for RedisRates {
    async fn take(&self, name: &str, rate: Rate, wanted: u32) -> Result<Taken, Fault> {
        let mut take = self.take.key(self.keys.rate(name));
        take.arg(rate.per_second.max(1))
            .arg(rate.burst.max(1))
            .arg(wanted.max(1));
        let call = |mut on| async move { take.invoke_async(&mut on).await };
        let (taken, wait): (u32, u64) = self.link.run("take from a rate", call).await?;
        Ok(match taken {
            0 => Taken::After(Duration::from_micros(wait.max(1))),
            taken => Taken::Granted(taken),
        })
    }
}
