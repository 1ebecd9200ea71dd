//! A port without a listener is known in microseconds: the caller that waits for a connection learns it.

use std::io::{Error, ErrorKind};
use std::pin::pin;
use std::time::Duration;

use tokio::net::{TcpStream, ToSocketAddrs};
use tokio::time::timeout;

/// How long a connection is waited for before the server is asked whether it can come. A connection that
/// exists or is just being made takes less, so that a healthy server is not asked.
const PATIENCE: Duration = Duration::from_millis(5);

/// Waits for a connection, but not when its server refuses connections.
///
/// For pools that take a refusal for a server that starts up, and try again for as long as a caller
/// may wait. `can_grow` is asked after a while: a pool whose connections are all in use waits for
/// one of those, and needs no new one.
///
/// # Errors
/// The refusal.
pub async fn unless_refused<T>(
    address: impl ToSocketAddrs,
    can_grow: impl FnOnce() -> bool,
    connection: impl Future<Output = T>,
) -> Result<T, Error> {
    let mut connection = pin!(connection);
    if let Ok(connection) = timeout(PATIENCE, &mut connection).await {
        return Ok(connection);
    }
    if !can_grow() {
        return Ok(connection.await);
    }
    tokio::select! {
        biased;
        connection = connection => Ok(connection),
        refusal = refusal(address) => Err(refusal),
    }
}

/// Ends only with a refusal.
async fn refusal(address: impl ToSocketAddrs) -> Error {
    match TcpStream::connect(address).await {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => error,
        _ => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::net::TcpListener;

    use super::*;

    /// Nothing listens on port 1.
    const CLOSED: &str = "127.0.0.1:1";

    #[tokio::test]
    async fn connection_that_will_not_come_is_not_waited_for() {
        let refused = unless_refused(CLOSED, || true, pending::<()>()).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    }

    #[tokio::test]
    async fn connection_that_is_there_is_taken_without_a_question() {
        let taken = unless_refused(CLOSED, || false, ready(1)).await;
        assert_eq!(taken.unwrap(), 1);
    }

    #[tokio::test]
    async fn slow_connection_is_waited_for_while_its_server_listens_or_the_pool_is_full() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let slow = async || tokio::time::sleep(4 * PATIENCE).await;
        assert!(unless_refused(address, || true, slow()).await.is_ok());
        assert!(unless_refused(CLOSED, || false, slow()).await.is_ok());
    }
}
