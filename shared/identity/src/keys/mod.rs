//! The keys of the installation: one signs command records and cursors, one signs tokens. All its
//! processes have the same or do not start.

mod directory;
mod settle;
mod wrapping;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};

use http::auth::{LocalKey, LocalKeyError};
use http::signature::{Keyring, Secret};
use kernel::installation::InstalledKey;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

pub use directory::KeyDirectory;
pub use settle::{Settled, settle_in_directory};
pub use wrapping::{WrappingKey, settle_wrapped};

/// Bytes of the secret that signs command records: as wide as the digest.
const SECRET_BYTES: usize = 32;
/// Name of the first key of each purpose. It is in every signature; a rotation brings another.
const KEY_ID: &str = "local";
/// Bytes of a digest that make a fingerprint: enough to tell keys apart.
const FINGERPRINT_BYTES: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Records,
    Tokens,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::Tokens => "tokens",
        }
    }
}

/// A key as it is kept: the secret itself, or PKCS#8.
#[derive(Clone)]
pub(crate) struct Key {
    purpose: Purpose,
    bytes: Zeroizing<Vec<u8>>,
    fingerprint: String,
}

impl Key {
    fn new(purpose: Purpose, bytes: Zeroizing<Vec<u8>>) -> Result<Self, Unusable> {
        let fingerprint = match purpose {
            Purpose::Records if bytes.len() < SECRET_BYTES => return Err(Unusable::Short),
            Purpose::Records => fingerprint(&bytes),
            Purpose::Tokens => fingerprint(LocalKey::from_der(&bytes)?.public()),
        };
        Ok(Self {
            purpose,
            bytes,
            fingerprint,
        })
    }

    fn generate(purpose: Purpose) -> Result<Self, Unusable> {
        let bytes = match purpose {
            Purpose::Tokens => LocalKey::generate()?,
            Purpose::Records => {
                let mut secret = Zeroizing::new(vec![0; SECRET_BYTES]);
                aws_lc_rs::rand::fill(&mut secret).map_err(|_| LocalKeyError::Randomness)?;
                secret
            }
        };
        Self::new(purpose, bytes)
    }

    /// As the installation knows it that does not keep the key itself.
    fn installed(&self) -> InstalledKey {
        InstalledKey {
            purpose: self.purpose.name().to_owned(),
            id: KEY_ID.to_owned(),
            fingerprint: self.fingerprint.clone(),
            wrapped: None,
        }
    }
}

/// Why bytes are no key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("it is shorter than {SECRET_BYTES} bytes")]
    Short,
    #[error(transparent)]
    Token(#[from] LocalKeyError),
}

/// Why the keys at hand are not used.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error(
        "{} holds a key for {purpose} with fingerprint {own}, the installation's has {installed}: put \
         the installation's keys there, or point auth.directory to them",
        .directory.display()
    )]
    Other {
        directory: PathBuf,
        purpose: &'static str,
        own: String,
        installed: String,
    },
    #[error(
        "{} holds no key for {purpose}, the installation's has fingerprint {installed}: put the \
         installation's keys there, or point auth.directory to them",
        .directory.display()
    )]
    Lacking {
        directory: PathBuf,
        purpose: &'static str,
        installed: String,
    },
}

fn fingerprint(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let digits = digest[..FINGERPRINT_BYTES].iter();
    digits.map(|byte| format!("{byte:02x}")).collect()
}

/// The key of a purpose among those that the installation knows.
fn find(installed: &[InstalledKey], purpose: Purpose) -> Option<&InstalledKey> {
    let wanted = |key: &&InstalledKey| key.purpose == purpose.name() && key.id == KEY_ID;
    installed.iter().find(wanted)
}

/// One key for tokens, one for records and cursors.
pub struct LocalKeys {
    pub tokens: LocalKey,
    pub records: Keyring,
    pub fingerprints: Fingerprints,
}

impl LocalKeys {
    fn new(keys: [Key; 2], from: &Path) -> anyhow::Result<Self> {
        let [records, tokens] = keys;
        let secret = Secret::new(records.bytes.to_vec())?;
        Ok(Self {
            records: Keyring::new(KEY_ID, &secret)?,
            tokens: LocalKey::from_der(&tokens.bytes)?,
            fingerprints: Fingerprints {
                own: [records, tokens].map(|key| (key.purpose, key.fingerprint)),
                from: from.to_owned(),
            },
        })
    }
}

/// Which keys this process has.
#[derive(Clone, Debug)]
pub struct Fingerprints {
    own: [(Purpose, String); 2],
    /// Where the keys are from, for people.
    from: PathBuf,
}

impl Fingerprints {
    /// Whether they are the installation's. Without an installed key they agree.
    ///
    /// # Errors
    /// They are others.
    pub fn agree(&self, installed: &[InstalledKey]) -> Result<(), Refused> {
        for (purpose, own) in &self.own {
            if let Some(known) = find(installed, *purpose)
                && known.fingerprint != *own
            {
                return Err(Refused::Other {
                    directory: self.from.clone(),
                    purpose: purpose.name(),
                    own: own.clone(),
                    installed: known.fingerprint.clone(),
                });
            }
        }
        Ok(())
    }
}

impl fmt::Display for Fingerprints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [(records, of_records), (tokens, of_tokens)] = &self.own;
        let (records, tokens) = (records.name(), tokens.name());
        write!(f, "{records} {of_records}, {tokens} {of_tokens}")
    }
}
