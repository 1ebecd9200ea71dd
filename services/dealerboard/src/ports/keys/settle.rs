//! Which keys an installation has from now on. The process that settles them has exclusive access:
//! it holds the file, or the lock on the table of keys.

use kernel::installation::InstalledKey;

use super::wrapping::WrappingKey;
use super::{Key, KeyDirectory, LocalKeys, Purpose, Refused, find};

/// Keys, and what the installation does not know of them yet.
pub(in crate::ports) struct Settled {
    pub(in crate::ports) keys: LocalKeys,
    pub(in crate::ports) new: Vec<InstalledKey>,
}

/// The keys are files: those that are there, or new ones if the installation has none.
pub(in crate::ports) fn settle_in_directory(
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

/// The keys are kept by the installation, encrypted. One that was made before is taken in: its
/// signatures are in the log.
pub(in crate::ports) fn settle_wrapped(
    wrapping: &WrappingKey,
    directory: &KeyDirectory,
    installed: &[InstalledKey],
) -> anyhow::Result<Settled> {
    let mut new = Vec::new();
    let mut settle = |purpose: Purpose| -> anyhow::Result<Key> {
        let known = find(installed, purpose);
        if let Some(wrapped) = known.and_then(|known| known.wrapped.as_ref()) {
            return wrapping.unwrap(purpose, wrapped);
        }
        let key = match (known, directory.read(purpose)?) {
            (Some(known), _) => known_in_directory(directory, purpose, known)?,
            (None, Some(key)) => key,
            (None, None) => Key::generate(purpose)?,
        };
        new.push(InstalledKey {
            wrapped: Some(wrapping.wrap(&key)?),
            ..key.installed()
        });
        Ok(key)
    };
    let keys = [settle(Purpose::Records)?, settle(Purpose::Tokens)?];
    let keys = LocalKeys::new(keys, wrapping.path())?;
    Ok(Settled { keys, new })
}

/// The directory's key, which must be the one that the installation knows.
fn known_in_directory(
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
