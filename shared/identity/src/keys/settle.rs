//! Which keys an installation has from now on. The process that settles them has exclusive access:
//! it holds the file, or the lock on the table of keys.

use kernel::installation::InstalledKey;

use super::{Key, KeyDirectory, LocalKeys, Purpose, Refused, find};

/// Keys, and what the installation does not know of them yet.
pub struct Settled {
    pub keys: LocalKeys,
    pub new: Vec<InstalledKey>,
}

/// The keys are files: those that are there, or new ones if the installation has none.
///
/// # Errors
/// They are not the installation's, or cannot be read or made.
pub fn settle_in_directory(
    directory: &KeyDirectory,
    installed: &[InstalledKey],
) -> anyhow::Result<Settled> {
    let mut new = Vec::new();
    let mut settle = |purpose: Purpose| -> anyhow::Result<Key> {
        if let Some(known) = find(installed, purpose) {
            return known_in_directory(directory, purpose, known);
        }
        let key = match directory.read(purpose)? {
            Some(key) => key,
            None => directory.make(purpose)?,
        };
        new.push(key.installed());
        Ok(key)
    };
    let keys = [settle(Purpose::Records)?, settle(Purpose::Tokens)?];
    let keys = LocalKeys::new(keys, directory.path())?;
    Ok(Settled { keys, new })
}

/// The directory's key, which must be the one that the installation knows.
pub(super) fn known_in_directory(
    directory: &KeyDirectory,
    purpose: Purpose,
    known: &InstalledKey,
) -> anyhow::Result<Key> {
    let (path, installed) = (directory.path().to_owned(), known.fingerprint.clone());
    let Some(key) = directory.read(purpose)? else {
        let (directory, purpose) = (path, purpose.name());
        anyhow::bail!(Refused::Lacking {
            directory,
            purpose,
            installed
        })
    };
    if key.fingerprint != known.fingerprint {
        anyhow::bail!(Refused::Other {
            directory: path,
            purpose: purpose.name(),
            own: key.fingerprint,
            installed,
        })
    }
    Ok(key)
}
