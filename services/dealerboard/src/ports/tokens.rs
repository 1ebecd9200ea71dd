//! The keys for a command that signs a token and does nothing else.

use kernel::Fault;
use kernel::installation::InstalledKey;

use super::installation::Installation;
use super::keys::{KeyDirectory, LocalKeys, WrappingKey};
use super::production::{KeysAway, NO_KEYS};
use crate::config::{Config, Mode};

/// What to do when an embedded installation has none.
const NO_KEYS_YET: &str = "`dealerboard serve` makes the keys at its first start; run this where it \
     runs, or point auth.directory to them";

/// The installation's keys, and a sentence when it could not be asked whether they are. None is made:
/// tokens of a new one would be worth nothing.
pub(crate) async fn keys_for_tokens(
    config: &Config,
) -> anyhow::Result<(LocalKeys, Option<String>)> {
    let directory = KeyDirectory::new(&config.auth.directory)?;
    if config.storage.mode == Mode::Embedded {
        let keys = directory.keys(NO_KEYS_YET)?;
        return compared(keys, sqlite::installed_keys(&config.embedded.file));
    }
    let installation = Installation {
        config: config.clone(),
        slices: crate::slices::all(),
    };
    if let Some(wrapping) = WrappingKey::of(&config.auth)? {
        let look = installation.database().await.map_err(KeysAway)?;
        return Ok((wrapping.keys(&look.keys)?, None));
    }
    let keys = directory.keys(NO_KEYS)?;
    compared(keys, installation.database().await.map(|look| look.keys))
}

fn compared(
    keys: LocalKeys,
    installed: Result<Vec<InstalledKey>, Fault>,
) -> anyhow::Result<(LocalKeys, Option<String>)> {
    match installed {
        Ok(installed) => {
            keys.fingerprints.agree(&installed)?;
            Ok((keys, None))
        }
        Err(fault) => {
            let fault = anyhow::Error::new(fault);
            let warning =
                format!("the installation was not asked whether it has these keys: {fault:#}");
            Ok((keys, Some(warning)))
        }
    }
}
