//! The installation's own signing key: made at the first start, so that one command is enough to
//! try the platform.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::aws_lc;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use kernel::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::principal::Principal;
use super::token::{Claims, LIFETIME_MAX_S};
use super::verifier::TrustedKey;

/// Issuer of the tokens that [`LocalKey`] signs.
pub const LOCAL_ISSUER: &str = "dealerboard-local";

/// PKCS#8 in DER form.
const FILE: &str = "token-key.der";

/// Longest key file read, bytes; an Ed25519 key takes less than 100.
const FILE_MAX: u64 = 1_024;

/// An Ed25519 key that issues tokens for its own installation.
pub struct LocalKey {
    kid: String,
    signing: EncodingKey,
    public: Vec<u8>,
}

/// Why there is no local key.
#[derive(Debug, thiserror::Error)]
pub enum LocalKeyError {
    #[error("local key file {0}")]
    File(PathBuf, #[source] io::Error),
    #[error("local key file {0} can be read by others than its owner")]
    Exposed(PathBuf),
    #[error("local key file {0} holds no ed25519 key")]
    Unusable(PathBuf),
    #[error("no randomness to make a key of")]
    Randomness,
}

/// Why a token was not issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    #[error("a token may live at most {LIFETIME_MAX_S} seconds")]
    Lifetime,
    #[error("sign the token")]
    Sign(#[source] jsonwebtoken::errors::Error),
}

impl LocalKey {
    /// Loads the key of `directory`, which must exist; makes it when there is none. Of several
    /// processes that start at once, all come to the same key.
    ///
    /// # Errors
    /// [`LocalKeyError`]; a key that others may have read is refused, not repaired.
    pub fn open(directory: &Path) -> Result<Self, LocalKeyError> {
        let path = directory.join(FILE);
        let failed = |error| LocalKeyError::File(path.clone(), error);
        match fs::exists(&path) {
            Ok(true) => {}
            Ok(false) => make(&path)?,
            Err(error) => return Err(failed(error)),
        }
        let mut file = File::open(&path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(LocalKeyError::Exposed(path));
        }
        let mut der = Zeroizing::new(Vec::new());
        Read::by_ref(&mut file)
            .take(FILE_MAX)
            .read_to_end(&mut der)
            .map_err(failed)?;
        Self::of_der(&der).ok_or(LocalKeyError::Unusable(path))
    }

    fn of_der(der: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8(der).ok()?;
        let public = pair.public_key().as_ref().to_vec();
        // Named after the key itself: another key can never pass under an old name.
        let kid = URL_SAFE_NO_PAD.encode(&Sha256::digest(&public)[..12]);
        Some(Self {
            kid,
            signing: EncodingKey::from_ed_der(der),
            public,
        })
    }

    /// A token that says who `principal` is, to `audience`, from `now` for `ttl` (whole seconds).
    ///
    /// # Errors
    /// The life asked for is longer than the verifier takes, or the library cannot sign.
    pub fn issue(
        &self,
        principal: &Principal,
        audience: &str,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<String, IssueError> {
        let now_s = now.micros().div_euclid(1_000_000);
        let ttl_s = i64::try_from(ttl.as_secs())
            .ok()
            .filter(|seconds| *seconds <= LIFETIME_MAX_S)
            .ok_or(IssueError::Lifetime)?;
        let claims = Claims {
            iss: LOCAL_ISSUER.to_owned(),
            sub: principal.actor.to_string(),
            aud: Value::String(audience.to_owned()),
            exp: now_s + ttl_s,
            nbf: now_s,
            iat: now_s,
            tenant: principal.tenant.to_string(),
            roles: principal.roles.iter().map(ToString::to_string).collect(),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some("at+jwt".to_owned());
        header.kid = Some(self.kid.clone());
        // See `Verifier::new`.
        let _already_installed = aws_lc::DEFAULT_PROVIDER.install_default();
        jsonwebtoken::encode(&header, &claims, &self.signing).map_err(IssueError::Sign)
    }

    /// The public half, for the verifier of the same installation.
    #[must_use]
    pub fn trusted(&self) -> TrustedKey {
        TrustedKey::of_ed25519_bytes(&self.kid, LOCAL_ISSUER, &self.public)
    }
}

impl fmt::Debug for LocalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").field("kid", &self.kid).finish()
    }
}

/// Makes a key under a name of its own and links it to its place: whoever comes second finds the
/// place taken, and nobody ever reads half a key. A process id would not do for a name: in
/// containers that share a volume it is always 1.
fn make(path: &Path) -> Result<(), LocalKeyError> {
    let failed = |error| LocalKeyError::File(path.to_owned(), error);
    let random = SystemRandom::new();
    let der = Ed25519KeyPair::generate_pkcs8(&random).map_err(|_| LocalKeyError::Randomness)?;
    let mut name = [0; 16];
    random
        .fill(&mut name)
        .map_err(|_| LocalKeyError::Randomness)?;
    let draft = path.with_extension(URL_SAFE_NO_PAD.encode(name));
    let linked = write_private(&draft, der.as_ref()).and_then(|()| fs::hard_link(&draft, path));
    let removed = fs::remove_file(&draft);
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(failed(error)),
        _ => removed.map_err(failed),
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
