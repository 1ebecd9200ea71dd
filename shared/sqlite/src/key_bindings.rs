//! Keys that callers have used, each with its request.
//!
//! This process is the only one there is, so what it remembers decides at once; the file is written
//! behind, in the line in which the command log is written, and is read when a key is not remembered.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use kernel::checksum::{Checksum, Damaged};
use kernel::id::{CommandKey, Tenant};
use kernel::port::{KEY_BOUND_FOR, KeyBindings, RequestDigest};
use kernel::{Fault, Timestamp};
use lru::LruCache;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::file::{SqliteFile, damaged};

/// Bindings remembered; of others the file is asked.
const REMEMBERED_MAX: NonZeroUsize = NonZeroUsize::new(65_536).expect("is not zero");
/// Expired bindings taken out with each new one: more than one, so that none stay.
const EXPIRED_MAX: u32 = 8;

/// The bindings used last.
pub(crate) struct RecentBindings(Mutex<LruCache<String, RequestDigest>>);

impl Default for RecentBindings {
    fn default() -> Self {
        Self(Mutex::new(LruCache::sparse(REMEMBERED_MAX)))
    }
}

impl RecentBindings {
    fn lock(&self) -> MutexGuard<'_, LruCache<String, RequestDigest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Binds the key unless it is bound; returns its request, and whether it was bound only now.
    fn bind(&self, name: &str, request: RequestDigest) -> (RequestDigest, bool) {
        let mut bound = self.lock();
        if let Some(first) = bound.get(name) {
            return (*first, false);
        }
        bound.put(name.to_owned(), request);
        (request, true)
    }
}

#[async_trait]
impl KeyBindings for SqliteFile {
    async fn bind(
        &self,
        tenant: &Tenant,
        key: &CommandKey,
        request: RequestDigest,
    ) -> Result<RequestDigest, Fault> {
        let name = format!("{tenant}/{key}");
        let now = self.clock().now();
        let remembered = self.bindings().lock().get(&name).copied();
        if let Some(first) = remembered {
            return Ok(first);
        }
        let asked = name.clone();
        let stored = self
            .read("look up a key".to_owned(), move |connection| {
                select(connection, &asked, expiry(now))
            })
            .await?;
        // Another caller may have bound it meanwhile; the first binding holds.
        let (first, is_new) = self.bindings().bind(&name, stored.unwrap_or(request));
        if is_new && stored.is_none() {
            let work = move |connection: &Connection| insert(connection, &name, request, now);
            self.write_later("bind a key".to_owned(), work).await?;
        }
        Ok(first)
    }
}

/// What was bound before it is forgotten.
fn expiry(now: Timestamp) -> Timestamp {
    let bound_for = i64::try_from(KEY_BOUND_FOR.as_millis()).unwrap_or(i64::MAX);
    now.plus_millis(-bound_for)
}

fn select(
    connection: &Connection,
    name: &str,
    expiry: Timestamp,
) -> rusqlite::Result<Option<RequestDigest>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM key_binding WHERE key = ?1 AND bound_at > ?2"
        ))?
        .query_row(params![name, expiry.micros()], binding)
        .optional()
}

/// The columns a [`binding`] is made of.
pub(crate) const COLUMNS: &str = "key, request, bound_at, checksum";

pub(crate) fn binding(row: &Row<'_>) -> rusqlite::Result<RequestDigest> {
    let (name, bound_at) = (
        row.get_ref(0)?.as_str()?,
        Timestamp::from_micros(row.get(2)?),
    );
    let request = RequestDigest(u128::from_be_bytes(row.get(1)?));
    let stored: Option<i64> = row.get(3)?;
    match stored.map(Checksum) {
        Some(stored) if stored != checksum(name, request, bound_at) => {
            let row = format!("binding of key {name}");
            Err(damaged(Damaged::new(row, "its checksum does not fit")))
        }
        _ => Ok(request),
    }
}

fn checksum(name: &str, RequestDigest(request): RequestDigest, bound_at: Timestamp) -> Checksum {
    let request = Checksum::part(&request.to_be_bytes());
    let bound_at = bound_at.micros().cast_unsigned();
    Checksum::of([Checksum::part(name.as_bytes()), request, bound_at])
}

fn insert(
    connection: &Connection,
    name: &str,
    request: RequestDigest,
    now: Timestamp,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM key_binding WHERE key IN ( \
                 SELECT key FROM key_binding WHERE bound_at <= ?1 ORDER BY bound_at LIMIT ?2)",
        )?
        .execute(params![expiry(now).micros(), EXPIRED_MAX])?;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO key_binding (key, request, bound_at, checksum) \
             VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            name,
            request.0.to_be_bytes(),
            now.micros(),
            checksum(name, request, now).0,
        ])
        .map(drop)
}
