//! Policies of an installation's own.

use std::fs;

use serde_json::json;
use testkit::platform::{Platform, unconfigured};

use crate::desk::{Desk, booking};

const BINARY: &str = env!("CARGO_BIN_EXE_dealerboard");

#[tokio::test]
async fn file_of_policies_replaces_the_shipped_ones() {
    let text = r#"
        @id("fx-desk")
        permit (principal in Role::"fx", action in [Action::"trades:book", Action::"read"], resource)
        when { resource has book && resource.book like "FX*" };
    "#;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("desk.cedar");
    fs::write(&file, text).unwrap();
    let config = format!("auth.policies = {:?}\n", file.display().to_string());
    let desk = Desk::of(Platform::embedded_with(BINARY, &config).await);
    let fx = desk.token(&["--actor", "fay", "--role", "fx"]);
    let booked = desk
        .post(&fx, "/v1/trades", booking("T-1", "A1", "FX-SPOT", 1))
        .await;
    assert!(booked.status.is_success(), "{booked:?}");
    assert!(
        desk.post(&fx, "/v1/trades", booking("T-2", "A1", "RATES", 1))
            .await
            .is_refused()
    );
    // Not even an administrator may what no policy of the file permits.
    let admin = desk.token(&["--actor", "root", "--role", "admin"]);
    assert!(desk.get(&admin, "/v1/trades/T-1").await.is_refused());
    assert!(
        desk.post(&admin, "/v1/conversations/V-1:hold", json!({}))
            .await
            .is_refused()
    );
}

#[test]
fn policies_that_are_not_valid_are_named_with_their_lines_and_nothing_starts() {
    let folder = tempfile::tempdir().unwrap();
    let faulty = "\npermit (principal, action == Action::\"trades:bok\", resource);\n";
    fs::write(folder.path().join("faulty.cedar"), faulty).unwrap();
    let mut serve = unconfigured(BINARY, folder.path());
    let serve = serve.env("DEALERBOARD__AUTH__POLICIES", "faulty.cedar");
    let ended = serve.arg("serve").output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(!ended.status.success());
    assert!(
        said.contains("faulty.cedar") && said.contains("line 2: "),
        "{said}"
    );
    assert!(said.contains("trades:bok"), "{said}");
}

#[tokio::test]
async fn caller_without_a_role_may_nothing() {
    let desk = Desk::embedded().await;
    let clerk = desk.token(&["--actor", "cleo", "--role", "clerk"]);
    for path in [
        "/v1/trades",
        "/v1/floor",
        "/v1/agents",
        "/v1/commands/K-1",
        "/v1/queues",
    ] {
        assert!(desk.get(&clerk, path).await.is_refused(), "{path}");
    }
    assert!(
        desk.post(&clerk, "/v1/trades", json!({}))
            .await
            .is_refused()
    );
}
