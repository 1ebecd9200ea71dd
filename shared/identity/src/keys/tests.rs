use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::installation::{InstalledKey, Wrapped};
use tempfile::TempDir;

use super::wrapping::WrappingKey;
use super::{Key, KeyDirectory, Purpose, settle_in_directory, settle_wrapped};

fn folder() -> (TempDir, KeyDirectory) {
    let folder = tempfile::tempdir().unwrap();
    let directory = KeyDirectory::new(&folder.path().join("keys")).unwrap();
    (folder, directory)
}

/// What an installation knows of keys that were made in a directory of their own.
fn installed() -> Vec<InstalledKey> {
    let (_folder, directory) = folder();
    settle_in_directory(&directory, &[]).unwrap().new
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    let mut names: Vec<_> = entries.map(|entry| name(entry.unwrap())).collect();
    names.sort();
    names
}

fn wrapping(byte: u8) -> WrappingKey {
    let given = STANDARD.encode([byte; 32]);
    WrappingKey::of(&given, Path::new("")).unwrap().unwrap()
}

/// The refusal of what must not be taken.
fn refusal<T>(result: anyhow::Result<T>) -> String {
    format!("{:#}", result.err().expect("it is refused"))
}

#[test]
fn keys_are_made_once_and_private() {
    let (_folder, directory) = folder();
    let made = settle_in_directory(&directory, &[]).unwrap();
    let again = settle_in_directory(&directory, &made.new).unwrap();
    assert!(again.new.is_empty());
    assert_eq!(
        made.keys.fingerprints.to_string(),
        again.keys.fingerprints.to_string()
    );
    assert_eq!(names(directory.path()), ["records.key", "token-key.der"]);
    for name in names(directory.path()) {
        let file = fs::metadata(directory.path().join(name)).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn starts_at_once_come_to_the_same_keys() {
    let (_folder, directory) = folder();
    let start = || {
        let settled = settle_in_directory(&directory, &[]).unwrap();
        settled.keys.fingerprints.to_string()
    };
    let keys: Vec<_> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
        let ended = starts.into_iter().map(|start| start.join().unwrap());
        ended.collect()
    });
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    assert_eq!(names(directory.path()), ["records.key", "token-key.der"]);
}

#[test]
fn keys_of_another_installation_are_refused_with_both_fingerprints() {
    let (_folder, directory) = folder();
    let own = settle_in_directory(&directory, &[]).unwrap().new;
    let theirs = installed();
    let reason = refusal(settle_in_directory(&directory, &theirs));
    assert!(reason.contains(&own[0].fingerprint), "{reason}");
    assert!(reason.contains(&theirs[0].fingerprint), "{reason}");
    assert!(reason.contains("auth.directory"), "{reason}");
}

#[test]
fn key_that_the_installation_has_is_never_made() {
    let (_folder, directory) = folder();
    let theirs = installed();
    let reason = refusal(settle_in_directory(&directory, &theirs));
    assert!(reason.contains(&theirs[0].fingerprint), "{reason}");
    assert!(!directory.path().exists());
}

#[test]
fn keys_that_are_only_read_are_never_made() {
    let (_folder, directory) = folder();
    let reason = refusal(directory.keys("make some"));
    let path = directory.path().display();
    assert_eq!(
        reason,
        format!("there is no key for records in {path}: make some")
    );
    assert!(!directory.path().exists());
}

#[test]
fn key_that_others_may_read_or_change_is_refused() {
    let (_folder, directory) = folder();
    settle_in_directory(&directory, &[]).unwrap();
    for name in names(directory.path()) {
        let path = directory.path().join(name);
        for mode in [0o644, 0o604, 0o660, 0o602] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let reason = refusal(directory.keys(""));
            assert!(reason.contains(&format!("{mode:o}")), "{reason}");
        }
        // A mounted secret belongs to root and is read through a group.
        for mode in [0o440, 0o640, 0o400, 0o600] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            directory.keys("").unwrap();
        }
    }
}

#[test]
fn damaged_key_is_refused_and_not_replaced() {
    let (_folder, directory) = folder();
    settle_in_directory(&directory, &[]).unwrap();
    for name in ["records.key", "token-key.der"] {
        let path = directory.path().join(name);
        let whole = fs::read(&path).unwrap();
        for damaged in [&whole[..whole.len() / 2], b""] {
            fs::write(&path, damaged).unwrap();
            let reason = refusal(settle_in_directory(&directory, &[]));
            assert!(reason.contains(name), "{reason}");
            assert_eq!(fs::read(&path).unwrap(), damaged);
        }
        fs::write(&path, whole).unwrap();
    }
}

#[test]
fn wrapped_keys_come_back_as_they_were() {
    let (_folder, directory) = folder();
    let made = settle_wrapped(&wrapping(1), &directory, &[]).unwrap();
    assert!(!directory.path().exists(), "no key is written to a file");
    let again = settle_wrapped(&wrapping(1), &directory, &made.new).unwrap();
    assert!(again.new.is_empty());
    let read = wrapping(1).keys(&made.new).unwrap();
    for keys in [again.keys, read] {
        keys.fingerprints.agree(&made.new).unwrap();
        assert_eq!(keys.tokens.public(), made.keys.tokens.public());
    }
}

#[test]
fn keys_made_before_are_taken_in_when_they_are_wrapped() {
    let (_folder, directory) = folder();
    let before = settle_in_directory(&directory, &[]).unwrap();
    for installed in [vec![], before.new] {
        let taken = settle_wrapped(&wrapping(1), &directory, &installed).unwrap();
        assert_eq!(taken.new.len(), 2);
        assert_eq!(taken.keys.tokens.public(), before.keys.tokens.public());
    }
}

#[test]
fn wrapped_keys_are_refused_under_another_wrapping_key() {
    let (_folder, directory) = folder();
    let made = settle_wrapped(&wrapping(1), &directory, &[]).unwrap().new;
    let reason = refusal(wrapping(2).keys(&made));
    for byte in [1, 2] {
        let fingerprint = super::fingerprint(&[byte; 32]);
        assert!(reason.contains(&fingerprint), "{reason}");
    }
    assert!(reason.contains("auth.wrapping_key_file"), "{reason}");
}

#[test]
fn wrapped_key_that_was_changed_is_refused() {
    let key = Key::generate(Purpose::Records).unwrap();
    let wrapped = wrapping(1).wrap(&key).unwrap();
    let opened = wrapping(1).unwrap(Purpose::Records, &wrapped).unwrap();
    assert_eq!(opened.bytes, key.bytes);
    for place in 0..wrapped.bytes.len() {
        let mut bytes = wrapped.bytes.to_vec();
        bytes[place] ^= 1;
        let changed = Wrapped {
            bytes: bytes.into(),
            ..wrapped.clone()
        };
        let reason = refusal(wrapping(1).unwrap(Purpose::Records, &changed));
        assert!(reason.contains("damaged"), "{reason}");
    }
    refusal(wrapping(1).unwrap(Purpose::Tokens, &wrapped));
}

#[test]
fn missing_key_is_reported_with_what_to_run() {
    let reason = refusal(wrapping(1).keys(&installed()));
    assert!(reason.contains("run `dealerboard migrate`"), "{reason}");
}

#[test]
fn wrapping_key_is_32_bytes_raw_or_as_base64() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrapping");
    let read = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        WrappingKey::of("", &path)
    };
    let base64 = STANDARD.encode([7; 32]);
    for given in [
        &[7; 32],
        base64.as_bytes(),
        format!("{base64}\n").as_bytes(),
    ] {
        let (_folder, directory) = self::folder();
        let made = settle_wrapped(&wrapping(7), &directory, &[]).unwrap().new;
        read(given).unwrap().unwrap().keys(&made).unwrap();
    }
    for given in [&[7; 31][..], &[7; 33], b"", &base64.as_bytes()[..40]] {
        let reason = refusal(read(given));
        assert!(reason.contains("auth.wrapping_key_file"), "{reason}");
    }
}
