use async_trait::async_trait;
use kernel::code::Fault;
use kernel::id::{CommandKey, Tenant};
use kernel::port::{KEY_BOUND_FOR, KeyBindings, RequestDigest};

use super::REDIS;
use super::keys::Keys;
use super::link::{Link, RedisOptions};

/// Keys that callers have used, shared by all gateways.
pub struct RedisKeyBindings {
    keys: Keys,
    link: Link,
}

impl RedisKeyBindings {
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
impl KeyBindings for RedisKeyBindings {
    async fn bind(
        &self,
        tenant: &Tenant,
        key: &CommandKey,
        request: RequestDigest,
    ) -> Result<RequestDigest, Fault> {
        let attempt = "bind a key";
        // One step: written if there is none, and what was there before, if there was one.
        let mut set = redis::cmd("SET");
        set.arg(self.keys.binding(tenant, key))
            .arg(format!("{:032x}", request.0))
            .arg("NX")
            .arg("GET")
            .arg("EX")
            .arg(KEY_BOUND_FOR.as_secs());
        let before: Option<String> = self.link.command(attempt, &set).await?;
        let Some(before) = before else {
            return Ok(request);
        };
        u128::from_str_radix(&before, 16)
            .map(RequestDigest)
            .map_err(|error| Fault::new(REDIS, attempt, error))
    }
}
