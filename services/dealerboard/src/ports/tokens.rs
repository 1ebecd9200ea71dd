//! The keys for a command that signs a token and does nothing else.

use identity::{KeyDirectory, LocalKeys};
use kernel::Fault;
use kernel::installation::InstalledKey;

use crate::config::{Config, Mode};

/// What to do when an embedded installation has none.
const NO_KEYS_YET: &str = "`dealerboard serve` makes the keys at its first start; run this where it \
     runs, or point auth.directory to them";

/// The installation's keys, and a warning when it could not be asked whether they are. None is made:
/// tokens of a new one would be worth nothing.
pub(crate) async fn keys_for_tokens(
    config: &Config,
) -> anyhow::Result<(LocalKeys, Option<String>)> {
    match config.storage.mode {
        Mode::Embedded => {
            let keys = KeyDirectory::new(&config.auth.directory)?.keys(NO_KEYS_YET)?;
            compared(keys, sqlite::installed_keys(&config.embedded.file))
        }
        #[cfg(feature = "production")]
        Mode::Production => super::production::keys_for_tokens(config).await,
        #[cfg(not(feature = "production"))]
        Mode::Production => Err(super::NotBuiltIn.into()),
    }
}

pub(super) fn compared(
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
