//! Keys of an installation: shared by all its processes, or refused.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use reqwest::{Client, StatusCode};
use serde_json::json;
use testkit::servers::statement;

use crate::site::{Site, ended, refusal, run, serves, stopped};

const WRAPPING: &str = "DEALERBOARD__AUTH__WRAPPING_KEY_FILE";
/// What opens the platform, and so needs the installation's keys.
const OPENING: [&[&str]; 5] = [
    &["serve", "--roles", "processor"],
    &["verify", "--live"],
    &["replay", "trade"],
    &["dead-letters", "list"],
    &["token"],
];

/// A file with a wrapping key, as a mounted secret.
fn wrapping(site: &Site, byte: u8) -> String {
    let path = site.folder("secret").join(format!("wrapping-{byte}"));
    fs::write(&path, [byte; 32]).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Everything between brackets: the fingerprints that `migrate` prints.
fn fingerprints(text: &str) -> String {
    let (_, rest) = text.split_once('(').unwrap_or_else(|| panic!("{text}"));
    rest.split_once(')').unwrap().0.to_owned()
}

fn fingerprint_of_records(fingerprints: &str) -> &str {
    let (records, _) = fingerprints.split_once(',').unwrap();
    records.split_once(' ').unwrap().1
}

/// Books a trade at one process; only another can handle it.
async fn book(address: &str, token: &str) -> StatusCode {
    let booking = json!({
        "trade_id": "T-1", "account": "ACC-1", "book": "AGENCY", "instrument": "IBM",
        "side": "BUY", "quantity": "100", "price": "181.52", "currency": "USD",
        "traded_at": "2013-10-07T13:30:00Z",
    });
    let request = Client::new().post(format!("http://{address}/v1/trades"));
    let request = request.bearer_auth(token).header("prefer", "wait=30");
    request.json(&booking).send().await.unwrap().status()
}

#[tokio::test(flavor = "multi_thread")]
async fn production_process_without_keys_refuses_to_start_and_makes_none() {
    let site = Site::installed().await;
    for arguments in OPENING {
        let text = refusal(&mut site.command("two", arguments));
        let keys = site.keys("two");
        assert!(text.contains(keys.to_str().unwrap()), "{text}");
        assert!(text.contains("dealerboard migrate"), "{text}");
        assert!(!keys.exists(), "{arguments:?} made keys");
    }
    site.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn process_with_other_keys_refuses_to_start_with_both_fingerprints() {
    let (site, other) = (Site::installed().await, Site::bare().await);
    let (text, _) = run(&mut site.command("one", &["migrate"]));
    let installed = fingerprints(&text);
    let (text, _) = run(&mut other.command("one", &["migrate"]));
    let theirs = fingerprints(&text);
    for arguments in OPENING {
        let mut command = site.command("two", arguments);
        command.env("DEALERBOARD__AUTH__DIRECTORY", other.keys("one"));
        let text = refusal(&mut command);
        assert!(text.contains(fingerprint_of_records(&installed)), "{text}");
        assert!(text.contains(fingerprint_of_records(&theirs)), "{text}");
        assert!(text.contains("auth.directory"), "{text}");
    }
    // A second installer with keys of its own changes nothing either.
    let mut migrate = site.command("two", &["migrate"]);
    migrate.env("DEALERBOARD__AUTH__DIRECTORY", other.keys("one"));
    refusal(&mut migrate);
    refusal(&mut site.command("three", &["migrate"]));
    assert!(!site.keys("three").exists());
    let (text, code) = run(&mut site.command("one", &["migrate"]));
    assert_eq!((fingerprints(&text), code), (installed, Some(0)));
    site.discard().await;
    other.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_of_one_process_are_handled_by_another_with_the_same_keys() {
    let site = Site::installed().await;
    let mounted = |command: &mut Command| {
        command.env("DEALERBOARD__AUTH__DIRECTORY", site.keys("one"));
    };
    works_in_two_folders(&site, &mounted).await;
    site.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_the_database_keeps_serve_every_process_that_can_open_them() {
    let site = Site::bare().await;
    let key = wrapping(&site, 1);
    let wrapped = |command: &mut Command| {
        command.env(WRAPPING, &key);
    };
    let mut migrate = site.command("one", &["migrate"]);
    wrapped(&mut migrate);
    let (text, code) = run(&mut migrate);
    assert_eq!(code, Some(0), "{text}");
    works_in_two_folders(&site, &wrapped).await;
    for name in ["one", "two", "three"] {
        assert!(!site.keys(name).exists(), "keys were written to a file");
    }
    // Without the wrapping key, and with another.
    for arguments in OPENING {
        refusal(&mut site.command("two", arguments));
        let mut command = site.command("two", arguments);
        let text = refusal(command.env(WRAPPING, wrapping(&site, 2)));
        assert!(text.contains("auth.wrapping_key_file"), "{text}");
    }
    site.discard().await;
}

/// A gateway and a processor, each in a folder of its own.
async fn works_in_two_folders(site: &Site, keys: &dyn Fn(&mut Command)) {
    let start = |name: &str, roles: &str| {
        let mut command = site.command(name, &["serve", "--roles", roles]);
        keys(&mut command);
        site.start(&mut command)
    };
    let gateway = start("two", "gateway");
    let processor = start("three", "processor");
    let line = serves(&gateway).await;
    let mut token = site.command("four", &["token"]);
    keys(&mut token);
    let (token, code) = run(&mut token);
    assert_eq!(code, Some(0), "{token}");
    let booked = book(line["address"].as_str().unwrap(), token.trim()).await;
    assert_eq!(booked, StatusCode::CREATED, "{}", processor.log());
    stopped(gateway).await;
    stopped(processor).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn installers_at_once_end_with_one_set_of_keys() {
    for wrapped in [false, true] {
        let site = Site::bare().await;
        let key = wrapping(&site, 1);
        let install = || {
            let mut migrate = site.command("one", &["migrate"]);
            if wrapped {
                migrate.env(WRAPPING, &key);
            }
            let (text, code) = run(&mut migrate);
            assert_eq!(code, Some(0), "{text}");
            fingerprints(&text)
        };
        let keys: Vec<_> = std::thread::scope(|scope| {
            let begun: Vec<_> = (0..4).map(|_| scope.spawn(install)).collect();
            let ended = begun.into_iter().map(|begun| begun.join().unwrap());
            ended.collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
        site.discard().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn installer_of_elsewhere_learns_where_the_keys_are_and_makes_none() {
    let site = Site::bare().await;
    let install = |name: &'static str| {
        let mut migrate = site.command(name, &["migrate"]);
        move || run(&mut migrate)
    };
    let (one, two) = std::thread::scope(|scope| {
        let (one, two) = (scope.spawn(install("one")), scope.spawn(install("two")));
        (one.join().unwrap(), two.join().unwrap())
    });
    let codes = [one.1, two.1];
    assert!(
        codes.contains(&Some(0)) && codes.contains(&Some(2)),
        "{one:?} {two:?}"
    );
    let made = |name| site.keys(name).join("records.key").exists();
    assert_ne!(made("one"), made("two"), "one set of keys");
    site.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_an_installation_that_had_them_in_a_folder_move_into_the_database() {
    let site = Site::installed().await;
    let (text, _) = run(&mut site.command("one", &["migrate"]));
    let before = fingerprints(&text);
    let mut migrate = site.command("one", &["migrate"]);
    let (text, code) = run(migrate.env(WRAPPING, wrapping(&site, 1)));
    assert_eq!((fingerprints(&text), code), (before, Some(0)));
    let mut token = site.command("two", &["token"]);
    let (text, code) = run(token.env(WRAPPING, wrapping(&site, 1)));
    assert_eq!(code, Some(0), "{text}");
    site.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn token_is_issued_with_a_warning_while_the_database_is_away() {
    let site = Site::installed().await;
    let mut token = site.command("one", &["token"]);
    token.env(
        "DEALERBOARD__POSTGRES__URL",
        site.database_at("127.0.0.1:1"),
    );
    let output = token.output().unwrap();
    assert!(output.status.success());
    assert!(output.stdout.starts_with(b"ey"), "{output:?}");
    let warning = String::from_utf8_lossy(&output.stderr);
    assert!(warning.contains("was not asked"), "{warning}");
    site.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn key_that_was_lost_in_the_database_is_not_replaced_by_a_process() {
    let site = Site::bare().await;
    let key = wrapping(&site, 1);
    run(site.command("one", &["migrate"]).env(WRAPPING, &key));
    let lose = "DELETE FROM dealerboard.installation_key WHERE purpose = 'records'";
    statement(&site.database.url, lose).await;
    let mut serve = site.command("two", &["serve", "--roles", "processor"]);
    let (log, code) = ended(site.start(serve.env(WRAPPING, &key))).await;
    assert_eq!(code, Some(2), "{log}");
    assert!(log.contains("dealerboard migrate"), "{log}");
    assert!(!Path::new(&site.keys("two")).exists());
    site.discard().await;
}
