//! The installation's own key, switched off.

use std::fs;
use std::process::{Command, Output};

use testkit::platform::unconfigured;

/// What the binary says with that configuration, and whether it was content.
fn run(config: &str, arguments: &[&str]) -> (String, bool) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("site.toml");
    fs::write(&file, config).unwrap();
    let mut command: Command = unconfigured(env!("CARGO_BIN_EXE_dealerboard"), folder.path());
    command.env("DEALERBOARD_CONFIG", &file).args(arguments);
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let text = String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned();
    (text, status.success())
}

#[test]
fn start_says_everything_that_is_wrong_with_issuers() {
    let config =
        "[[auth.issuers]]\nissuer = \"http://id.example\"\ntenant = { claim = \"\" }\nroles = []\n";
    let (text, content) = run(config, &["serve"]);
    assert!(!content, "{text}");
    for fault in [
        "is not https",
        "tenant.claim",
        "roles has not",
        "actor_prefix must differ",
    ] {
        assert!(text.contains(fault), "{fault}: {text}");
    }
    let (text, content) = run("[auth]\nlocal = false\n", &["serve"]);
    assert!(!content && text.contains("nobody could sign in"), "{text}");
    let unknown = "[[auth.issuers]]\nissuer = \"https://x.example\"\ntenant = { fixed = \"demo\" }\nroles = [\"r\"]\nsecret = 1\n";
    let (text, content) = run(unknown, &["serve"]);
    assert!(!content && text.contains("secret"), "{text}");
}

#[test]
fn file_of_keys_is_looked_at_before_anything_is_served() {
    let config = "[auth]\nlocal = false\n[[auth.issuers]]\nissuer = \"desk\"\njwks = \"keys.json\"\n\
                  tenant = { fixed = \"demo\" }\nroles = [\"roles\"]\n";
    let (text, content) = run(config, &["serve"]);
    assert!(!content && text.contains("keys.json"), "{text}");
}
