//! Production: a process works on the installation it is configured for, or ends.

use testkit::eventually;
use testkit::proxy::Door;
use testkit::servers::statement;

use crate::site::{REFUSED, Site, WAIT, ended, line, lines, refusal, run, serves, stopped};

const ROLES: &str = "gateway,processor,projector,reactor,router";
const MIGRATE: &str = "run `dealerboard migrate`";
/// What opens the platform.
const OPENING: [&[&str]; 4] = [
    &["serve"],
    &["verify", "--live"],
    &["replay", "trade"],
    &["dead-letters", "list"],
];

#[tokio::test(flavor = "multi_thread")]
async fn database_that_was_never_migrated_is_refused_with_what_to_run() {
    let site = Site::bare().await;
    for arguments in OPENING {
        let text = refusal(&mut site.command("one", arguments));
        assert!(text.contains("never migrated"), "{text}");
        assert!(text.contains(MIGRATE), "{text}");
    }
    site.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn database_of_another_version_is_refused() {
    let site = Site::installed().await;
    let older = "DELETE FROM _sqlx_migrations
                  WHERE version = (SELECT max(version) FROM _sqlx_migrations)";
    let newer = "INSERT INTO _sqlx_migrations
                 VALUES (9000, 'later', now(), true, '\\x00', 0)";
    for (change, words) in [(older, MIGRATE), (newer, "run the newer program")] {
        statement(&site.database.url, change).await;
        for arguments in OPENING {
            let text = refusal(&mut site.command("one", arguments));
            assert!(text.contains("has version"), "{text}");
            assert!(text.contains(words), "{text}");
        }
    }
    site.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn database_that_lacks_a_table_is_refused() {
    let site = Site::installed().await;
    statement(&site.database.url, "DROP TABLE views.trade_v2").await;
    let text = refusal(&mut site.command("one", &["serve"]));
    assert!(text.contains("no table views.trade_v2"), "{text}");
    assert!(text.contains(MIGRATE), "{text}");
    // Which it does.
    let (text, code) = run(&mut site.command("one", &["migrate"]));
    assert_eq!(code, Some(0), "{text}");
    let process = site.start(&mut site.command("one", &["serve"]));
    serves(&process).await;
    stopped(process).await;
    site.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_topics_are_refused_with_what_to_run() {
    let site = Site::installed().await;
    for arguments in OPENING {
        let mut command = site.command("one", arguments);
        let text = refusal(command.env("DEALERBOARD__KAFKA__PREFIX", "unknown."));
        assert!(text.contains("no topic unknown.trades-commands"), "{text}");
        assert!(text.contains(MIGRATE), "{text}");
    }
    site.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_partition_count_is_refused_with_the_installed_one() {
    let site = Site::installed().await;
    for arguments in OPENING {
        let mut command = site.command("one", arguments);
        let text = refusal(command.env("DEALERBOARD__KAFKA__PARTITIONS", "4"));
        assert!(text.contains("kafka.partitions = 3"), "{text}");
        assert!(text.contains("3 partitions, not 4"), "{text}");
    }
    site.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn database_that_does_not_exist_or_refuses_us_is_named() {
    let site = Site::bare().await;
    let nowhere = site.database.url.replace(&site.database.name, "nowhere");
    let mut serve = site.command("one", &["serve"]);
    let text = refusal(serve.env("DEALERBOARD__POSTGRES__URL", nowhere));
    assert!(text.contains("\"nowhere\" does not exist"), "{text}");
    let url = &site.database.url;
    let (scheme, rest) = url.split_once("://").unwrap();
    let (_, server) = rest.split_once('@').unwrap();
    let stranger = format!("{scheme}://stranger@{server}");
    let text = refusal(serve.env("DEALERBOARD__POSTGRES__URL", stranger));
    assert!(text.contains("stranger"), "{text}");
    assert!(text.contains("postgres.url"), "{text}");
    site.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn database_that_was_away_is_refused_when_it_comes_and_was_never_migrated() {
    let site = Site::installed().await;
    let bare = Site::bare().await;
    let mut door = Door::closed();
    let mut serve = site.command("one", &["serve"]);
    serve.env(
        "DEALERBOARD__POSTGRES__URL",
        bare.database_at(&door.address),
    );
    let process = site.start(&mut serve);
    serves(&process).await;
    door.open(&bare.database_address()).await;
    let (log, code) = ended(process).await;
    assert_eq!(code, Some(REFUSED), "{log}");
    assert!(log.contains("never migrated"), "{log}");
    assert!(log.contains(MIGRATE), "{log}");
    site.discard().await;
    bare.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn database_that_was_away_is_refused_when_it_comes_and_has_other_keys() {
    let (site, other) = (Site::installed().await, Site::installed().await);
    let mut door = Door::closed();
    let mut serve = site.command("one", &["serve", "--roles", "projector"]);
    serve.env(
        "DEALERBOARD__POSTGRES__URL",
        other.database_at(&door.address),
    );
    let process = site.start(&mut serve);
    serves(&process).await;
    door.open(&other.database_address()).await;
    let (log, code) = ended(process).await;
    assert_eq!(code, Some(REFUSED), "{log}");
    assert!(log.contains("fingerprint"), "{log}");
    site.discard().await;
    other.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn broker_that_was_away_is_refused_when_it_comes_and_lacks_the_topics() {
    let site = Site::installed().await;
    let mut door = Door::closed();
    let mut serve = site.command("one", &["serve", "--roles", "projector"]);
    serve
        .env("DEALERBOARD__KAFKA__BROKERS", &door.address)
        .env("DEALERBOARD__KAFKA__PREFIX", "unknown.");
    let process = site.start(&mut serve);
    serves(&process).await;
    door.open(&site.servers.kafka).await;
    let (log, code) = ended(process).await;
    assert_eq!(code, Some(REFUSED), "{log}");
    assert!(log.contains("no topic unknown.trades-commands"), "{log}");
    site.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_were_away_are_logged_once_and_admitted_when_they_come() {
    let site = Site::installed().await;
    let (mut database, mut broker) = (Door::closed(), Door::closed());
    let mut serve = site.command("one", &["serve", "--roles", "projector"]);
    serve
        .env(
            "DEALERBOARD__POSTGRES__URL",
            site.database_at(&database.address),
        )
        .env("DEALERBOARD__KAFKA__BROKERS", &broker.address);
    let process = site.start(&mut serve);
    serves(&process).await;
    database.open(&site.database_address()).await;
    broker.open(&site.servers.kafka).await;
    eventually("both to be admitted", WAIT, async || {
        let log = process.log();
        let admitted = |name: &str| {
            let mut lines = lines(&log).into_iter();
            lines.any(|line| line["dependency"] == name && line["level"] == "INFO")
        };
        (admitted("postgres") && admitted("kafka")).then_some(())
    })
    .await;
    let log = stopped(process).await;
    let logged = lines(&log).into_iter().filter(|line| {
        let message = line["message"].as_str().unwrap();
        message.starts_with("cannot be asked at the start")
    });
    assert_eq!(logged.count(), 2, "{log}");
    site.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_waited_for_while_the_database_that_keeps_them_is_away() {
    let site = Site::bare().await;
    let key = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    let mut migrate = site.command("one", &["migrate"]);
    let (text, code) = run(migrate.env("DEALERBOARD__AUTH__WRAPPING_KEY", key));
    assert_eq!(code, Some(0), "{text}");
    let mut door = Door::closed();
    let serve = || {
        let mut serve = site.command("one", &["serve", "--roles", "processor"]);
        serve.env("DEALERBOARD__AUTH__WRAPPING_KEY", key).env(
            "DEALERBOARD__POSTGRES__URL",
            site.database_at(&door.address),
        );
        site.start(&mut serve)
    };
    let (one, two) = (serve(), serve());
    for process in [&one, &two] {
        eventually("the wait to be logged", WAIT, async || {
            line(&process.log(), "waits for the keys")
        })
        .await;
    }
    // A stop signal ends the wait.
    stopped(one).await;
    door.open(&site.database_address()).await;
    serves(&two).await;
    let log = stopped(two).await;
    assert!(!log.contains(key), "the key is in the log");
    site.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn healthy_start_is_one_line_without_a_warning() {
    let site = Site::installed().await;
    let process = site.start(&mut site.command("one", &["serve"]));
    let started = serves(&process).await;
    assert_eq!(started["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(started["mode"], "production");
    assert_eq!(started["roles"], ROLES);
    assert_eq!(started["partitions"], 3);
    assert!(started["ready_in_ms"].as_u64().is_some(), "{started}");
    let address = started["address"].as_str().unwrap();
    let ready = format!("http://{address}/readyz");
    eventually("the platform to be ready", WAIT, async || {
        let answer = reqwest::get(&ready).await.ok()?;
        answer.status().is_success().then_some(())
    })
    .await;
    let log = stopped(process).await;
    let messages: Vec<_> = lines(&log)
        .into_iter()
        .map(|line| line["message"].as_str().unwrap().to_owned())
        .collect();
    let wanted = [
        "dealerboard serves",
        "signalled to stop",
        "all roles have ended",
    ];
    assert_eq!(messages, wanted, "{log}");
    site.discard().await;
}
