//! Keys that the database keeps, encrypted by a key that it does not.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use kernel::installation::{InstalledKey, Wrapped};
use zeroize::Zeroizing;

use super::directory::read_private;
use super::settle::{Settled, known_in_directory};
use super::{KEY_ID, Key, KeyDirectory, LocalKeys, Purpose, find, fingerprint};

/// Bytes of the wrapping key.
const KEY_BYTES: usize = 32;
/// First byte of what is wrapped; another layout gets another number.
const LAYOUT: u8 = 1;

/// Encrypts the installation's keys, and nothing else.
pub struct WrappingKey {
    sealing: RandomizedNonceKey,
    fingerprint: String,
    /// Where it is from, for people.
    from: PathBuf,
}

impl WrappingKey {
    /// The one that is configured, itself or as a file, if the installation keeps its keys in the
    /// database; neither: `None`.
    ///
    /// # Errors
    /// It cannot be read, or is no key.
    pub fn of(given: &str, file: &Path) -> anyhow::Result<Option<Self>> {
        if !given.is_empty() {
            let key = key(given.as_bytes()).context("read auth.wrapping_key")?;
            return Self::new(&key, Path::new("auth.wrapping_key")).map(Some);
        }
        if file.as_os_str().is_empty() {
            return Ok(None);
        }
        let reading = || format!("read auth.wrapping_key_file {}", file.display());
        let bytes = read_private(file)?.context("there is no such file");
        let key = bytes.and_then(|bytes| key(&bytes)).with_context(reading)?;
        Self::new(&key, file).map(Some)
    }

    fn new(key: &[u8], from: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            sealing: RandomizedNonceKey::new(&AES_256_GCM, key)?,
            fingerprint: fingerprint(key),
            from: from.to_owned(),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.from
    }

    pub(super) fn wrap(&self, key: &Key) -> anyhow::Result<Wrapped> {
        let mut sealed = key.bytes.to_vec();
        let nonce = self
            .sealing
            .seal_in_place_append_tag(Aad::from(context(key.purpose)), &mut sealed)
            .context("encrypt a key")?;
        let bytes = [&[LAYOUT][..], nonce.as_ref(), &sealed].concat();
        Ok(Wrapped {
            by: self.fingerprint.clone(),
            bytes: Bytes::from(bytes),
        })
    }

    pub(super) fn unwrap(&self, purpose: Purpose, wrapped: &Wrapped) -> anyhow::Result<Key> {
        anyhow::ensure!(
            wrapped.by == self.fingerprint,
            "the installation's keys are encrypted by a key with fingerprint {}, {} has {}: give the \
             installation's wrapping key (auth.wrapping_key_file)",
            wrapped.by,
            self.from.display(),
            self.fingerprint
        );
        let damaged = || format!("the installation's key for {} is damaged", purpose.name());
        let opened = self.open(purpose, &wrapped.bytes).with_context(damaged)?;
        Key::new(purpose, opened).with_context(damaged)
    }

    fn open(&self, purpose: Purpose, bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (layout, rest) = bytes.split_first()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>()?;
        if *layout != LAYOUT {
            return None;
        }
        let mut opened = Zeroizing::new(sealed.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let open = self
            .sealing
            .open_in_place(nonce, Aad::from(context(purpose)), &mut opened);
        let length = open.ok()?.len();
        opened.truncate(length);
        Some(opened)
    }

    /// The keys that the installation keeps; all of them, or what to do.
    ///
    /// # Errors
    /// One is missing, damaged, or encrypted by another key.
    pub fn keys(&self, installed: &[InstalledKey]) -> anyhow::Result<LocalKeys> {
        let key = |purpose: Purpose| {
            let wrapped = find(installed, purpose).and_then(|known| known.wrapped.as_ref());
            let wrapped = wrapped.with_context(|| {
                let purpose = purpose.name();
                format!("the database keeps no key for {purpose}: run `dealerboard migrate`")
            })?;
            self.unwrap(purpose, wrapped)
        };
        LocalKeys::new([key(Purpose::Records)?, key(Purpose::Tokens)?], &self.from)
    }
}

/// What a wrapped key is for: it opens as nothing else.
fn context(purpose: Purpose) -> String {
    format!("dealerboard key {LAYOUT} {} {KEY_ID}", purpose.name())
}

/// 32 bytes, as they are or as base64.
fn key(given: &[u8]) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let key = if given.len() == KEY_BYTES {
        Zeroizing::new(given.to_vec())
    } else {
        let text = given.trim_ascii();
        Zeroizing::new(
            STANDARD
                .decode(text)
                .context("it is neither 32 bytes nor base64")?,
        )
    };
    let length = key.len();
    anyhow::ensure!(
        length == KEY_BYTES,
        "it has {length} bytes, not {KEY_BYTES}"
    );
    Ok(key)
}

/// The keys are kept by the installation, encrypted. One that was made before is taken in: its
/// signatures are in the log.
///
/// # Errors
/// They are not the installation's, or cannot be read or made.
pub fn settle_wrapped(
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
