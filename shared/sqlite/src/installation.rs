//! The keys that the file's records are signed with, by their fingerprints.

use std::path::Path;

use kernel::Fault;
use kernel::installation::InstalledKey;
use rusqlite::{Connection, OptionalExtension as _};

use crate::file::{SqliteFile, fault, look};

impl SqliteFile {
    /// # Errors
    /// The file cannot be read.
    pub async fn installed_keys(&self) -> Result<Vec<InstalledKey>, Fault> {
        self.read("read the installation's keys".to_owned(), keys)
            .await
    }

    /// Keeps the fingerprints of keys that are new to it.
    ///
    /// # Errors
    /// The file cannot be written, or has a key of that purpose and name.
    pub async fn install_keys(&self, keys: Vec<InstalledKey>) -> Result<(), Fault> {
        let install = move |connection: &Connection| {
            for key in &keys {
                let insert = "INSERT INTO installation_key VALUES (?1, ?2, ?3)";
                connection.execute(insert, [&key.purpose, &key.id, &key.fingerprint])?;
            }
            Ok(())
        };
        let attempt = "keep the installation's keys".to_owned();
        self.write_alone(attempt, install).await.map_err(fault)
    }
}

/// The keys of a file that another process may have. A file of an older version has none, and so has
/// one that is not there.
///
/// # Errors
/// It cannot be read.
pub fn installed_keys(path: &Path) -> Result<Vec<InstalledKey>, Fault> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let asked = look(path).and_then(|connection| {
        let made = "SELECT 1 FROM sqlite_schema WHERE name = 'installation_key'";
        let made = connection.query_row(made, [], |_| Ok(())).optional()?;
        made.map_or_else(|| Ok(Vec::new()), |()| keys(&connection))
    });
    asked.map_err(|error| Fault::new("sqlite", "read the installation's keys", error))
}

fn keys(connection: &Connection) -> rusqlite::Result<Vec<InstalledKey>> {
    let select = "SELECT purpose, id, fingerprint FROM installation_key ORDER BY purpose, id";
    let mut select = connection.prepare(select)?;
    let keys = select.query_map([], |row| {
        Ok(InstalledKey {
            purpose: row.get(0)?,
            id: row.get(1)?,
            fingerprint: row.get(2)?,
            wrapped: None,
        })
    })?;
    keys.collect()
}
