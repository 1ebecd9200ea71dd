//! The lines that a start prints to paste: they end well.

use std::process::{Command, Stdio};

use serde_json::Value;
use testkit::eventually;
use testkit::process::Process;

use crate::site::{WAIT, binary, folder, serves, stopped};

/// The commands of the tour: what is printed but for its headings.
fn commands(log: &str) -> Option<String> {
    let (_, tour) = log.split_once("read the position:\n")?;
    let (tour, _) = tour.split_once("/v1/floor\n")?;
    let lines = tour.lines().filter(|line| !line.ends_with(':'));
    Some(lines.collect::<Vec<_>>().join("\n") + "/v1/floor\n")
}

fn pasted(tour: &str) -> String {
    let mut shell = Command::new("bash");
    shell.args(["-c", tour]).stdin(Stdio::null());
    let pasted = shell.output().unwrap();
    assert!(pasted.status.success(), "{pasted:?}");
    String::from_utf8(pasted.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn tour_ends_with_a_disposed_conversation_and_an_agent_who_is_available_and_shows_why() {
    let folder = folder();
    let mut serve = binary(folder.path(), &["serve", "--hello"]);
    serve.env("DEALERBOARD__HTTP__BIND", "127.0.0.1:0");
    let process = Process::start(&mut serve, folder.path());
    serves(&process).await;
    let tour = eventually("the tour", WAIT, async || commands(&process.log())).await;
    for _ in 0..2 {
        let output = pasted(&tour);
        let answers = output
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let answers: Vec<Value> = answers.collect();
        assert!(
            answers.iter().all(|answer| answer["code"].is_null()),
            "{output}"
        );
        let [.., decision, conversation, heartbeat, floor] = &answers[..] else {
            panic!("{output}");
        };
        assert_eq!(decision["standing"], "chosen", "{decision}");
        assert_eq!(conversation["state"], "CLOSED", "{conversation}");
        assert!(
            conversation.to_string().contains("QUOTE_GIVEN"),
            "{conversation}"
        );
        assert_eq!(heartbeat["status"], "heard", "{heartbeat}");
        assert_eq!(floor["agents"][0]["agent_id"], "ann", "{floor}");
        assert_eq!(floor["agents"][0]["shut"], Value::Null, "{floor}");
    }
    stopped(process).await;
}
