//! The keys this installation makes for itself at the first start.

use std::fs::{self, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use http::auth::LocalKey;
use http::signature::{Keyring, Secret};

/// Bytes of the secret that signs command records: as wide as the digest.
const SECRET_BYTES: usize = 32;
const SECRET_FILE: &str = "records.key";
/// Name of the key in every signature; a rotation brings another.
const KEY_ID: &str = "local";

/// One key for tokens, one for records and cursors.
pub(crate) struct LocalKeys {
    pub(crate) tokens: LocalKey,
    pub(crate) records: Keyring,
}

impl LocalKeys {
    pub(crate) fn open(directory: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(directory)
            .with_context(|| format!("create key directory {}", directory.display()))?;
        let tokens = LocalKey::open(directory).context("open the token key")?;
        let secret = Secret::new(secret(directory).context("open the record key")?)?;
        Ok(Self {
            tokens,
            records: Keyring::new(KEY_ID, &secret)?,
        })
    }
}

/// Reads the secret, or makes it: whoever comes second finds the place taken and reads it.
fn secret(directory: &Path) -> anyhow::Result<Vec<u8>> {
    let path = directory.join(SECRET_FILE);
    if !path.exists() {
        let mut fresh = vec![0; SECRET_BYTES];
        fs::File::open("/dev/urandom")?.read_exact(&mut fresh)?;
        let own = directory.join(format!("{SECRET_FILE}.{}", std::process::id()));
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&own)?;
        file.write_all(&fresh)?;
        file.sync_all()?;
        let linked = fs::hard_link(&own, &path);
        fs::remove_file(&own)?;
        if let Err(error) = linked
            && error.kind() != std::io::ErrorKind::AlreadyExists
        {
            return Err(error.into());
        }
    }
    fs::read(&path).with_context(|| format!("read {}", path.display()))
}
