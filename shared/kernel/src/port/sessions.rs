//! Sessions of browsers: what a signed-in browser needs not send again.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use crate::code::Fault;

/// Names a session without revealing the id that opens it: the SHA-256 of the id. What is known of
/// sign-ins beside sessions is named by hashes, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionKey(pub [u8; 32]);

impl fmt::Display for SessionKey {
    /// 64 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Keeps sessions for as long as they are used, shared by all gateways of an installation. What a
/// session says is its owner's matter; that it is over although it is used, too.
///
/// ```
/// use std::time::Duration;
///
/// use kernel::Fault;
/// use kernel::port::{SessionKey, Sessions};
///
/// /// Whether somebody is signed in, who then stays so for another half hour.
/// async fn is_signed_in(sessions: &dyn Sessions, key: SessionKey) -> Result<bool, Fault> {
///     let found = sessions.find(key, Duration::from_secs(30 * 60)).await?;
///     Ok(found.is_some())
/// }
/// ```
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Keeps it until nobody looked for it for the time `idle`, of whole milliseconds.
    ///
    /// # Errors
    /// They cannot be reached; it may have been kept.
    async fn open(&self, key: SessionKey, session: &[u8], idle: Duration) -> Result<(), Fault>;

    /// What was kept, and is from now on kept for the time `idle`.
    ///
    /// # Errors
    /// They cannot be reached.
    async fn find(&self, key: SessionKey, idle: Duration) -> Result<Option<Vec<u8>>, Fault>;

    /// What was kept, and is kept no longer for that.
    ///
    /// # Errors
    /// They cannot be reached.
    async fn peek(&self, key: SessionKey) -> Result<Option<Vec<u8>>, Fault>;

    /// Whether nobody has claimed the key for the time `keep`, of whole milliseconds: of all who do,
    /// one is told so. Claims and sessions have nothing to do with each other.
    ///
    /// # Errors
    /// They cannot be reached; it may have been claimed.
    async fn claim(&self, key: SessionKey, keep: Duration) -> Result<bool, Fault>;

    /// Forgets it; one that is not there is forgotten already.
    ///
    /// # Errors
    /// They cannot be reached; it may have been forgotten.
    async fn end(&self, key: SessionKey) -> Result<(), Fault>;
}
