//! A pooled connection for one call, which never goes back in doubt.

use std::time::Duration;

use kernel::code::Fault;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgRow;
use sqlx::{Execute, Executor, PgPool, Postgres};
use tokio::time::timeout;

use postgres::{POSTGRES, acquire};

/// Settings that every connection of the pool must have (`PgConnectOptions::options`), besides
/// [`BY_KEY`].
///
/// The server gives up a statement a little before the client does. It does not wait for the disk:
/// values and checkpoint are lost together, and come again from the log.
pub const SESSION: [(&str, &str); 2] = [("statement_timeout", "2s"), ("synchronous_commit", "off")];

/// How long a call may take once it has a connection.
const CALL_MAX: Duration = Duration::from_millis(2_500);

/// How long a connection may take to prove that it is still whole, once its call has its answer.
const RETURN_MAX: Duration = Duration::from_millis(250);

/// Runs one statement in a transaction of its own. No caller waits for a connection for longer than
/// `acquire_max`.
pub(super) async fn fetch<'q>(
    pool: &PgPool,
    acquire_max: Duration,
    attempt: &str,
    statement: impl Execute<'q, Postgres> + 'q,
) -> Result<Vec<PgRow>, Fault> {
    let acquired = match timeout(acquire_max, acquire(pool)).await {
        Ok(acquired) => acquired.map_err(|error| Fault::new(POSTGRES, attempt, error))?,
        Err(late) => return Err(Fault::new(POSTGRES, attempt, late)),
    };
    let mut lease = Lease(Some(acquired));
    let call = async {
        let rows = lease.fetch(statement).await?;
        Ok::<_, sqlx::Error>((rows, lease))
    };
    match timeout(CALL_MAX, call).await {
        Ok(Ok((rows, lease))) => {
            lease.end_well().await;
            Ok(rows)
        }
        Ok(Err(error)) => Err(Fault::new(POSTGRES, attempt, error)),
        Err(late) => Err(Fault::new(POSTGRES, attempt, late)),
    }
}

/// Returns its connection only when the call ended well. One that failed, ran late or was
/// cancelled may be half open, or hold an unread answer: it is closed.
struct Lease(Option<PoolConnection<Postgres>>);

impl Lease {
    async fn fetch<'q>(
        &mut self,
        statement: impl Execute<'q, Postgres> + 'q,
    ) -> Result<Vec<PgRow>, sqlx::Error> {
        let connection = self.0.as_mut().expect("taken only when the lease ends");
        connection.fetch_all(statement).await
    }

    /// The pool tests what comes back. Left to itself it does so in the background and without a
    /// bound, so a connection that falls silent just then would keep its place in the pool.
    async fn end_well(mut self) {
        let Some(mut connection) = self.0.take() else {
            return;
        };
        if let Err(_closed) = timeout(RETURN_MAX, connection.return_to_pool()).await {
            tracing::debug!("connection fell silent after its answer and was closed");
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}
