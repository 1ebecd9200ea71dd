//! Simulated days: compared with theory, and with days that were killed.

use std::cell::RefCell;
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use testkit::process::Process;
use testkit::{eventually, platform::Platform};

use super::desk::Desk;

const BINARY: &str = env!("CARGO_BIN_EXE_dealerboard");
/// Six agents at two thirds of what they can do; 0.6 seconds of work per call by the wall's clock.
const FLOOR: [&str; 8] = [
    "--agents",
    "6",
    "--arrivals-per-hour",
    "240",
    "--handle-s",
    "60",
    "--speed",
    "100",
];
/// How old the floor and the figures may be when two cores do everything.
const AGE_MAX: Duration = Duration::from_secs(20);
/// Until a day that takes a minute is over, however often it was interrupted.
const DAY_WITHIN: Duration = Duration::from_secs(240);

#[tokio::test]
async fn day_without_patience_waits_as_erlang_c_says() {
    let report = played(&["--seed", "3"]);
    assert_eq!(report["abandoned"], 0);
    assert_eq!(report["answered"], report["calls"]);
    assert_eq!(report["agrees"], true, "{report}");
}

#[tokio::test]
async fn day_with_patience_waits_and_gives_up_as_erlang_a_says() {
    let report = played(&["--seed", "2", "--patience-s", "60"]);
    let (played, theory) = (&report["gave_up_share"], &report["theory"]);
    let number = |value: &Value| value.as_f64().unwrap();
    let off = number(&played["mean"]) - number(&theory["abandoned_share"]);
    assert!(off.abs() <= number(&played["half_width"]), "{report}");
    assert_eq!(report["agrees"], true, "{report}");
}

/// Two hours of the day, played in 72 seconds, in one process on one file.
fn played(day: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let mut command = testkit::platform::unconfigured(BINARY, folder.path());
    let output = simulate(&mut command, &["--hours", "2"]).args(day).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn simulate<'c>(command: &'c mut Command, day: &[&str]) -> &'c mut Command {
    command
        .args(["simulate", "floor", "--json"])
        .args(FLOOR)
        .args(day)
}

/// Each part of the platform in a process of its own, each killed twice while customers come.
#[tokio::test]
async fn day_that_router_processor_and_projector_are_killed_in_is_counted_like_a_quiet_one() {
    let desk = Desk::production_with("gateway").await;
    let platform = desk.platform();
    let roles = ["processor", "router,reactor", "projector"];
    let mut parts: Vec<_> = roles.iter().map(|roles| part(platform, roles)).collect();
    let quiet = a_day(&desk, "quiet", async || {}).await;
    let killed = a_day(&desk, "killed", async || {
        for round in 0..2 * roles.len() {
            tokio::time::sleep(Duration::from_secs(3)).await;
            let which = round % roles.len();
            parts[which].kill();
            parts[which] = part(platform, roles[which]);
        }
    })
    .await;
    for counted in ["queued", "answered", "abandoned", "handled", "waiting"] {
        assert_eq!(
            killed[counted], quiet[counted],
            "{counted}: {killed} {quiet}"
        );
    }
    assert_eq!(killed["waiting"], 0);
    assert_eq!(killed["answered"], killed["queued"]);
    let is_clear = |floor: &Value| {
        let agents = floor["agents"].as_array();
        let free = |agent: &Value| {
            agent["slots"]
                .as_object()
                .is_some_and(serde_json::Map::is_empty)
        };
        agents.is_some_and(|agents| agents.len() == 12 && agents.iter().all(free))
    };
    let floor = desk.shows("/v1/floor", is_clear).await;
    assert_eq!(floor["offers"], json!([]));
    same_from_the_events(&desk).await;
    drop(parts);
    desk.verifies();
    desk.discard().await;
}

fn part(platform: &Platform, roles: &str) -> Process {
    let mut command = platform.command();
    // A name that outlives it, so that it has its partitions back at once.
    command
        .args(["serve", "--roles", roles])
        .env("DEALERBOARD__KAFKA__INSTANCE", roles.replace(',', "-"));
    Process::start(&mut command, platform.folder())
}

/// Plays a day on what runs already, with whatever happens meanwhile; the figures of its queue.
async fn a_day(desk: &Desk, run: &str, meanwhile: impl AsyncFnOnce()) -> Value {
    let platform = desk.platform();
    let mut command = platform.command();
    let day = [
        "--hours", "0.5", "--seed", "9", "--roles", "none", "--tenant", "demo", "--run", run,
    ];
    let player = Process::start(simulate(&mut command, &day), platform.folder());
    let player = RefCell::new(player);
    meanwhile().await;
    let ended = async || player.borrow_mut().ended();
    let ended = eventually("the end of the day", DAY_WITHIN, ended).await;
    assert!(ended.success(), "{}", player.borrow().log());
    let query = format!("/v1/metrics?queue=SIM-{run}");
    let is_over = |report: &Value| report["rows"][0]["handled"] == report["rows"][0]["queued"];
    let report = desk
        .shows(&query, |report| {
            report["rows"].is_array() && is_over(report)
        })
        .await;
    report["rows"][0].clone()
}

/// Floor and figures as every process has them in memory, and as the stored events make them.
pub(crate) async fn same_from_the_events(desk: &Desk) {
    #[expect(
        clippy::disallowed_methods,
        reason = "the process under test has the same clock"
    )]
    let now = written(SystemTime::now());
    for query in ["/v1/floor", "/v1/metrics?interval=15m"] {
        let separator = if query.contains('?') { '&' } else { '?' };
        let kept = desk.reads(&format!("{query}{separator}as_of={now}")).await;
        let kept = comparable(kept);
        // What is in memory may be a moment old, as its `Age` shows.
        let same = desk.shows(query, |value| comparable(value.clone()) == kept);
        tokio::time::timeout(AGE_MAX, same).await.expect(query);
    }
}

fn comparable(mut value: Value) -> Value {
    // When it was asked for; running time is counted until then.
    let fields = value.as_object_mut().unwrap();
    fields
        .remove("at")
        .or_else(|| fields.remove("as_of"))
        .unwrap();
    forget_running(fields);
    value
}

/// Agents' time keeps running without work.
fn forget_running(value: &mut serde_json::Map<String, Value>) {
    for row in value
        .get_mut("rows")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        row.as_object_mut().unwrap().remove("agents");
    }
}

fn written(at: SystemTime) -> String {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    kernel::Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap()).to_string()
}
