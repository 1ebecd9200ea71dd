//! Connections between two commits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use postgres::FRESH;
use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres};

/// As many as there are transactions in flight; one has to be left in the pool for the cursors.
const KEPT_MAX: usize = 2;

/// Kept out of the pool, which asks the server about every connection that comes back: one that has
/// just committed has answered.
#[derive(Clone, Default)]
pub(super) struct Writers(Arc<Mutex<Vec<Writer>>>);

struct Writer {
    connection: PoolConnection<Postgres>,
    kept_at: Instant,
}

impl Writers {
    /// The connection that committed last, or one of the pool's. One that has been idle goes back to
    /// the pool, which asks it.
    pub(super) async fn take(
        &self,
        pool: &PgPool,
    ) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        let last = self.lock().pop();
        match last {
            Some(writer) if writer.kept_at.elapsed() < FRESH => Ok(writer.connection),
            idle => {
                drop(idle);
                pool.acquire().await
            }
        }
    }

    pub(super) fn keep(&self, connection: PoolConnection<Postgres>) {
        let kept_at = Instant::now();
        let mut kept = self.lock();
        if kept.len() < KEPT_MAX {
            kept.push(Writer {
                connection,
                kept_at,
            });
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Writer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
