//! Letters that failed alike are redriven by two people, though the process that does it dies.

use serde_json::json;

use crate::desk::{Desk, alike};

/// More than two steps.
const MEMBERS: usize = 130;
/// Aborts when the first step with letters is done, and nobody has been told.
const DIES: &str = "called-not-settled=1*off->return";

async fn two_people_redrive(mut desk: Desk) -> Desk {
    desk.poison(MEMBERS).await;
    let groups = desk.groups(MEMBERS as u64 + 2).await;
    let [large, behind] = &groups[..] else {
        panic!("{groups:?}");
    };
    assert_eq!(large["reason"], "too_large");
    assert_eq!(large["letters"], MEMBERS as u64 + 1);
    assert_eq!(large["producer"], "platform");
    assert_eq!(behind["reason"], "behind_parked");
    assert_eq!(behind["command_type"], "GrantRoles");

    // While the bound is as it is, nothing would change.
    let proposal = alike("redrive", &large["fingerprint"]);
    let asked = json!({ "letters": proposal["letters"] });
    let dry_run = "/v1/operations/dead-letters/dry-run";
    let foreseen = desk.post(&desk.ann, dry_run, &asked).await.body;
    assert_eq!(
        foreseen["would_be_parked"],
        MEMBERS as u64 + 1,
        "{foreseen}"
    );

    desk.configure("");
    desk.platform.kill();
    let (armed, url) = desk.platform.armed_role("all", DIES).await;
    desk.url = Some(url);
    desk.groups(MEMBERS as u64 + 2).await;
    let foreseen = desk.post(&desk.ann, dry_run, &asked).await.body;
    assert_eq!(foreseen["would_pass"], MEMBERS as u64, "{foreseen}");
    assert_eq!(foreseen["would_be_rejected"], 1, "{foreseen}");
    assert_eq!(foreseen["examples"][0]["code"], "OWN_ROLES", "{foreseen}");

    let propose = "/v1/operations/OP-1:propose";
    let proposed = desk.post(&desk.ann, propose, &proposal).await;
    assert!(proposed.status.is_success(), "{proposed:?}");
    desk.operation("OP-1", "proposed").await;
    let confirm = "OP-1:confirm";
    let own = desk.does(&desk.ann, confirm).await;
    own.is(422, "FOUR_EYES");
    let confirmed = desk.does(&desk.ben, confirm).await;
    assert!(confirmed.status.is_success(), "{confirmed:?}");

    dies(armed).await;
    desk.url = None;
    desk.platform.crash().await;
    let done = desk.operation("OP-1", "completed").await;
    let counts = &done["counts"];
    assert_eq!(counts["redriven"], MEMBERS as u64 + 1, "{done}");
    assert_eq!(counts["accepted"], MEMBERS as u64, "{done}");
    assert_eq!(counts["rejected"], 1, "{done}");
    assert_eq!(counts["left"], 0, "{done}");
    assert_eq!(done["confirmed_by"], "ben");
    desk.shows(&desk.ann, "/v1/operations?state=completed", |list| {
        list["items"][0]["operation_id"] == "OP-1"
    })
    .await;
    one_key_needs_no_second_person(&desk).await;
    desk.verify();
    desk
}

async fn dies(armed: testkit::process::Process) {
    let armed = std::cell::RefCell::new(armed);
    let within = std::time::Duration::from_secs(60);
    let ended = async || armed.borrow_mut().ended();
    let status = testkit::eventually("the armed process to die", within, ended).await;
    assert!(!status.success(), "{}", armed.borrow().log());
}

async fn one_key_needs_no_second_person(desk: &Desk) {
    let groups = desk.groups(1).await;
    assert_eq!(groups[0]["reason"], "behind_parked", "{groups:?}");
    let letters = json!({ "by": "key", "context": "members", "key": "demo/m0" });
    let proposal = json!({ "what": "redrive", "letters": letters, "reason": "it is free" });
    let begun = desk.post(&desk.ann, "/v1/operations/OP-2:propose", &proposal);
    assert!(begun.await.status.is_success());
    let done = desk.operation("OP-2", "completed").await;
    assert_eq!(done["counts"]["accepted"], 1, "{done}");
    desk.groups(0).await;
}

#[tokio::test]
async fn two_people_redrive_in_an_embedded_platform_that_dies() {
    two_people_redrive(Desk::embedded().await).await;
}

#[tokio::test]
async fn two_people_redrive_on_servers_though_the_process_dies() {
    let desk = two_people_redrive(Desk::production().await).await;
    desk.platform.discard().await;
}
