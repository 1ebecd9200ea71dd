//! Keys of an installation, where a test needs ones that it knows.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What precedes the 32 bytes of an Ed25519 key in PKCS#8 (RFC 8410).
const PKCS8: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// Writes both keys as an operator mounts them, made of the secret that signs records.
///
/// # Panics
/// The directory cannot be written.
pub fn write(directory: &Path, secret: &[u8; 32]) {
    fs::create_dir_all(directory).expect("a directory of keys");
    let token = [PKCS8.as_slice(), secret].concat();
    for (name, bytes) in [
        ("records.key", secret.as_slice()),
        ("token-key.der", &token),
    ] {
        let path = directory.join(name);
        fs::write(&path, bytes).expect("a key file");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("a private file");
    }
}
