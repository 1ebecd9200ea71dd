//! Keys as files: made by the first process that needs them, or mounted by the operator.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Key, LocalKeys, Purpose};

/// Longest key file read, bytes; the longest key takes less than 100.
const FILE_MAX: u64 = 1_024;
/// What others than the owner may not do with a key: a mounted secret is read through a group, and
/// that is all.
const EXPOSED: u32 = 0o037;

impl Purpose {
    fn file(self) -> &'static str {
        match self {
            Self::Records => "records.key",
            Self::Tokens => "token-key.der",
        }
    }
}

/// The configured directory, by its absolute path.
#[derive(Clone, Debug)]
pub struct KeyDirectory(PathBuf);

impl KeyDirectory {
    /// # Errors
    /// The working directory cannot be asked for.
    pub fn new(directory: &Path) -> anyhow::Result<Self> {
        let absolute = std::path::absolute(directory).context("find auth.directory")?;
        Ok(Self(absolute))
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The keys that are there. None is made: when one is missing, `remedy` is what to do.
    ///
    /// # Errors
    /// One is missing, cannot be read, or could have been read by others.
    pub fn keys(&self, remedy: &str) -> anyhow::Result<LocalKeys> {
        let key = |purpose: Purpose| {
            self.read(purpose)?.with_context(|| {
                let (purpose, directory) = (purpose.name(), self.0.display());
                format!("there is no key for {purpose} in {directory}: {remedy}")
            })
        };
        LocalKeys::new([key(Purpose::Records)?, key(Purpose::Tokens)?], &self.0)
    }

    pub(super) fn read(&self, purpose: Purpose) -> anyhow::Result<Option<Key>> {
        let path = self.0.join(purpose.file());
        let Some(bytes) = read_private(&path)? else {
            return Ok(None);
        };
        let key = Key::new(purpose, bytes);
        key.map(Some)
            .with_context(|| format!("use key file {}", path.display()))
    }

    /// Makes a key under a name of its own and links it to its place: the second process finds the
    /// place taken and reads the key there, and no process ever reads half a key.
    pub(super) fn make(&self, purpose: Purpose) -> anyhow::Result<Key> {
        let path = self.0.join(purpose.file());
        let made = || -> anyhow::Result<()> {
            fs::create_dir_all(&self.0)?;
            #[expect(
                clippy::disallowed_methods,
                reason = "the name of a file that is removed at once"
            )]
            let draft = self.0.join(format!(".{}.draft", Uuid::new_v4()));
            let linked = write_private(&draft, &Key::generate(purpose)?.bytes)
                .and_then(|()| fs::hard_link(&draft, &path));
            let removed = fs::remove_file(&draft);
            match linked {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error.into()),
                _ => removed?,
            }
            File::open(&self.0)?.sync_all()?;
            Ok(())
        };
        made().with_context(|| format!("make key file {}", path.display()))?;
        let key = self.read(purpose)?;
        key.with_context(|| format!("key file {} is gone again", path.display()))
    }
}

/// The bytes of a file that only its owner, and a group that may not change it, can read.
pub(super) fn read_private(path: &Path) -> anyhow::Result<Option<Zeroizing<Vec<u8>>>> {
    let read = || -> io::Result<(u32, Zeroizing<Vec<u8>>)> {
        let mut file = File::open(path)?;
        let mode = file.metadata()?.permissions().mode();
        let mut bytes = Zeroizing::new(Vec::new());
        Read::by_ref(&mut file)
            .take(FILE_MAX)
            .read_to_end(&mut bytes)?;
        Ok((mode, bytes))
    };
    match read() {
        Ok((mode, bytes)) => {
            anyhow::ensure!(
                mode & EXPOSED == 0,
                "key file {} has mode {:o}: others may have read or changed it; it should be 600",
                path.display(),
                mode & 0o777
            );
            Ok(Some(bytes))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("read key file {}", path.display())),
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
