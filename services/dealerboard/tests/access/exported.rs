//! An export is all that a tenant has, and nothing of another.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use kernel::View;
use kernel::context::EventOf;
use kernel::record::decode;
use members::MemberView;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use trades::TradeView;

use crate::desk::{Desk, booking};
use crate::managed::{CLOSED, is_served, manages};

const TENANTS: [&str; 3] = ["demo", "acme", "platform"];

#[tokio::test]
async fn export_is_whole() {
    exports(Desk::embedded_with(CLOSED).await).await;
}

/// While the platform runs.
#[tokio::test]
async fn export_in_production_is_whole() {
    exports(Desk::production_with(CLOSED).await).await;
}

async fn exports(mut desk: Desk) {
    let shown = works(&desk).await;
    let is_embedded = desk.platform().database().is_none();
    if is_embedded {
        desk.kill();
    }
    let counted = verified(&desk);
    let mut all = 0;
    for tenant in TENANTS {
        let folder = desk.platform().folder().join(format!("of-{tenant}"));
        run(
            &desk,
            &[
                "tenants",
                "export",
                tenant,
                "--to",
                folder.to_str().unwrap(),
            ],
        );
        all += whole(&folder, tenant);
    }
    assert_eq!(all, counted, "every event is some tenant's");

    let demo = desk.platform().folder().join("of-demo");
    let trades = folded::<TradeView>(&demo.join("trades.jsonl"));
    assert_eq!(trades["T-1"], shown[0]);
    let members = folded::<MemberView>(&demo.join("members.jsonl"));
    assert_eq!(members["dan"], shown[1]);

    // What is there is not written over, and nobody has nothing.
    for (tenant, folder) in [
        ("demo", &demo),
        ("nobody", &demo.with_file_name("of-nobody")),
    ] {
        let mut command = desk.platform().command();
        let command = command
            .args(["tenants", "export", tenant, "--to"])
            .arg(folder);
        let output = command.output().unwrap();
        assert!(!output.status.success(), "{tenant}: {output:?}");
    }
    assert!(!demo.with_file_name("of-nobody").exists());
    desk.discard().await;
}

/// What two tenants do, and what is shown of one's trade and member.
async fn works(desk: &Desk) -> [Value; 2] {
    for tenant in ["demo", "acme"] {
        manages(desk, &["create", tenant, "--title", tenant]);
        is_served(desk, &desk.token_of(tenant, &[])).await;
    }
    desk.books("T-1", "A1", "FX").await;
    desk.does("/v1/members/dan:grant-roles", json!({"roles": ["risk"]}))
        .await;
    let acme = desk.token_of("acme", &[]);
    let booked = desk
        .post(&acme, "/v1/trades", booking("T-1", "SECRET", "EQ", 7))
        .await;
    assert!(booked.status.is_success(), "{booked:?}");
    let trade = desk
        .shows("/v1/trades/T-1", |trade| trade["version"] == 2)
        .await;
    let member = desk
        .shows("/v1/members/dan", |member| member["version"] == 1)
        .await;
    [trade, member]
}

/// How many events `verify` has seen.
fn verified(desk: &Desk) -> u64 {
    let is_embedded = desk.platform().database().is_none();
    let live: &[&str] = if is_embedded { &[] } else { &["--live"] };
    let text = run(desk, &[&["verify"], live].concat());
    let words: Vec<_> = text.split_whitespace().collect();
    let at = words.iter().position(|word| *word == "events,");
    words[at.expect("it counts events") - 1].parse().unwrap()
}

fn run(desk: &Desk, arguments: &[&str]) -> String {
    let output = desk.platform().command().args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    text
}

/// Whether the files are what the manifest says, of that tenant alone and for their owner alone; how many
/// events they have.
fn whole(folder: &Path, tenant: &str) -> u64 {
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder), 0o700);
    let manifest: Value = json_of(&folder.join("manifest.json"));
    assert_eq!(
        (&manifest["tenant"], &manifest["format"]),
        (&json!(tenant), &json!(1))
    );
    let (mut all, mut files) = (0, vec![PathBuf::from("manifest.json")]);
    for context in manifest["contexts"].as_array().unwrap() {
        let name = context["file"].as_str().unwrap();
        let file = folder.join(name);
        files.push(name.into());
        let bytes = fs::read(&file).unwrap();
        assert_eq!(context["sha256"], digest(&bytes), "{name}");
        assert_eq!(context["bytes"], bytes.len() as u64);
        let (mut count, mut last) = (0, BTreeMap::new());
        for line in lines(&bytes) {
            assert_eq!(line["record"]["tenant"], tenant, "{line}");
            let at = line["log_position"].as_u64().unwrap();
            let before = last.insert(line["partition"].as_u64(), at);
            assert!(before < Some(at), "{name} is in order");
            count += 1;
        }
        assert_eq!(context["events"], count, "{name}");
        let parts = context["partitions"].as_array().unwrap();
        let in_parts: u64 = parts
            .iter()
            .map(|part| part["events"].as_u64().unwrap())
            .sum();
        assert_eq!(in_parts, count, "{name}");
        all += count;
    }
    assert_eq!(manifest["events"], all);
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        let name = PathBuf::from(path.file_name().unwrap());
        assert!(
            files.contains(&name),
            "{} is not in the manifest",
            path.display()
        );
    }
    all
}

/// A view of each aggregate, made of the file alone.
fn folded<V: View>(file: &Path) -> BTreeMap<String, Value> {
    let mut views: BTreeMap<String, V> = BTreeMap::new();
    for line in lines(&fs::read(file).unwrap()) {
        let record = line["record"].to_string();
        let at = line["log_position"].as_u64().unwrap();
        let (meta, event) = decode::<EventOf<V>>(at, record.as_bytes()).unwrap();
        let view = views.entry(meta.aggregate.to_string()).or_default();
        view.update(&meta, &event);
    }
    let values = views.into_iter();
    let values = values.map(|(id, view)| (id, serde_json::to_value(view).unwrap()));
    values.collect()
}

fn lines(bytes: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).unwrap().lines();
    text.map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn json_of(file: &Path) -> Value {
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
