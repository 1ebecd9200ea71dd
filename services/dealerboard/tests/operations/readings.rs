//! Dependencies, partitions and projections of a running platform.

use serde_json::Value;

use crate::desk::Desk;

fn find(list: &Value, is: impl Fn(&Value) -> bool) -> &Value {
    let found = list.as_array().unwrap().iter().find(|one| is(one));
    found.unwrap_or_else(|| panic!("it is not in {list}"))
}

async fn readings_tell_what_runs(desk: &Desk, dependency: &str) {
    desk.poison(1).await;
    desk.groups(3).await;
    let read = "/v1/operations";

    let shown = desk.get(&desk.ann, &format!("{read}/dependencies")).await;
    assert!(shown.status.is_success(), "{shown:?}");
    let letters = find(&shown.body["breakers"], |one| {
        one["dependency"] == dependency && one["class"] == "letters"
    });
    assert_eq!(letters["state"], "closed");
    assert!(letters["calls"].as_u64().unwrap() >= 1, "{letters}");
    assert!(letters["last_error"].is_null() && letters["since"].is_null());
    let checks = shown.body["checks"].as_array().unwrap();
    assert!(!checks.is_empty() && checks.iter().all(|check| check["holds"] == true));

    let path = format!("{read}/partitions");
    let handled = |shown: &Value| {
        let partitions = shown["partitions"].as_array().unwrap();
        partitions.iter().all(|one| one["behind"] == 0)
    };
    let shown = desk.shows(&desk.ann, &path, handled).await;
    let of_members = shown["partitions"].as_array().unwrap().iter();
    let of_members: Vec<_> = of_members
        .filter(|one| one["context"] == "members")
        .collect();
    let offsets = of_members
        .iter()
        .map(|one| one["next_offset"].as_i64().unwrap());
    assert!(offsets.sum::<i64>() >= 3, "{of_members:?}");
    for partition in of_members {
        let processor = find(&partition["workers"], |one| one["work"] == "processor");
        assert!(processor["stalled"].is_null(), "{processor}");
    }

    let path = format!("{read}/projections");
    let is_read = |shown: &Value| {
        let mut projections = shown["projections"].as_array().unwrap().iter();
        projections.all(|one| one["behind"] == 0)
    };
    let shown = desk.shows(&desk.ann, &path, is_read).await;
    let effect = find(&shown["projections"], |one| one["kind"] == "effect");
    assert_eq!(effect["name"], "steps-to-letters");
    for kept in [
        effect,
        find(&shown["projections"], |one| one["name"] == "member"),
    ] {
        let worker = &kept["partitions"][0]["worker"];
        assert!(
            worker["stalled"].is_null() && worker["moved_at"].is_string(),
            "{kept}"
        );
    }
    let directory = find(&shown["live"], |one| one["name"] == "directory");
    assert!(directory["age_s"].is_number(), "{directory}");
}

#[tokio::test]
async fn readings_of_an_embedded_platform_tell_what_runs() {
    readings_tell_what_runs(&Desk::embedded().await, "sqlite").await;
}

#[tokio::test]
async fn readings_on_servers_tell_what_runs() {
    let desk = Desk::production().await;
    readings_tell_what_runs(&desk, "postgres").await;
    desk.platform.discard().await;
}
