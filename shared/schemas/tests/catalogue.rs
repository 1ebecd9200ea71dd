//! A context whose shapes change, release by release, and a folder of what was shipped.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up has failed"
)]

mod desk;

use std::fs;
use std::path::Path;

use desk::{Desk, first, second, third};
use schemas::{Catalogue, Change, Difference, Error, Wrong};
use serde_json::{Value, json};

fn shipped() -> Catalogue {
    Catalogue::default().context::<Desk<first::Order, first::Ordered>>()
}

/// A folder with the first release in it.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    shipped().write(folder.path()).unwrap();
    put(
        folder.path(),
        "desks/commands/golden/Place.v1.json",
        &json!({ "units": 3, "urgent": false }),
    );
    put(
        folder.path(),
        "desks/commands/golden/Place.v1.minimal.json",
        &json!({ "units": 1 }),
    );
    put(
        folder.path(),
        "desks/events/golden/Placed.v1.json",
        &json!({ "units": 3 }),
    );
    folder
}

fn put(folder: &Path, path: &str, value: &Value) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, value.to_string()).unwrap();
}

fn read(folder: &Path, path: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(folder.join(path)).unwrap()).unwrap()
}

fn wrongs(catalogue: &Catalogue, folder: &Path) -> Vec<(String, Wrong)> {
    let faults = catalogue.golden_check(folder).unwrap();
    faults
        .into_iter()
        .map(|fault| (fault.path.display().to_string(), fault.wrong))
        .collect()
}

#[test]
fn folder_agrees_with_the_types_that_wrote_it() {
    let folder = folder();
    assert_eq!(shipped().check(folder.path()).unwrap(), []);
    assert!(shipped().write(folder.path()).unwrap().is_empty());
    assert_eq!(wrongs(&shipped(), folder.path()), []);
    let place = read(folder.path(), "desks/commands/Place.v1.json");
    assert_eq!(place["$id"], "urn:dealerboard:desks:command:Place:v1");
    assert_eq!(place["$schema"], "http://json-schema.org/draft-07/schema#");
    assert_eq!(place["title"], "Place");
}

#[test]
fn folder_that_does_not_exist_misses_every_shape() {
    let missing = shipped().check(Path::new("/nowhere/at/all")).unwrap();
    let envelope = [
        "envelope/commands/Command.v1.json",
        "envelope/events/Event.v1.json",
    ];
    let desk = [
        "desks/commands/Place.v1.json",
        "desks/events/Placed.v1.json",
    ];
    let expected = envelope
        .into_iter()
        .chain(desk)
        .map(|path| Difference::Missing(path.into()));
    assert_eq!(missing, expected.collect::<Vec<_>>());
}

#[test]
fn edited_stray_and_deleted_files_are_found() {
    let folder = folder();
    let place = folder.path().join("desks/commands/Place.v1.json");
    fs::write(
        &place,
        fs::read_to_string(&place).unwrap().replace("  ", "\t"),
    )
    .unwrap();
    fs::remove_file(folder.path().join("desks/events/Placed.v1.json")).unwrap();
    put(folder.path(), "desks/events/Placed.v2.json", &json!({}));
    put(folder.path(), "bonds/events/Issued.v1.json", &json!({}));
    let expected = [
        Difference::Changed("desks/commands/Place.v1.json".into()),
        Difference::Missing("desks/events/Placed.v1.json".into()),
        Difference::Stray("bonds/events/Issued.v1.json".into()),
        Difference::Stray("desks/events/Placed.v2.json".into()),
    ];
    assert_eq!(shipped().check(folder.path()).unwrap(), expected);
}

#[test]
fn compatible_change_is_written_and_a_breaking_one_is_not() {
    let folder = folder();
    // The command gains an optional field, the event's shape stays.
    let grown = Catalogue::default().context::<Desk<second::Order, first::Ordered>>();
    let place = Path::new("desks/commands/Place.v1.json");
    assert_eq!(
        grown.check(folder.path()).unwrap(),
        [Difference::Changed(place.into())]
    );
    assert_eq!(grown.write(folder.path()).unwrap(), [place]);
    // The event gains a field under its old version, and the command gives one up again.
    let before = fs::read_to_string(folder.path().join(place)).unwrap();
    let broken = Catalogue::default().context::<Desk<first::Order, second::Ordered>>();
    let Err(Error::Incompatible(breaks)) = broken.write(folder.path()) else {
        panic!("a breaking change was written");
    };
    let found: Vec<_> = breaks
        .iter()
        .map(|b| (b.shape.to_string(), &b.violation.change))
        .collect();
    let limit = Change::Unexpected("limit".to_owned());
    let by = Change::Claimed("by".to_owned());
    let expected = [
        ("desks command Place v1".to_owned(), &limit),
        ("desks event Placed v1".to_owned(), &by),
    ];
    assert_eq!(found, expected);
    assert_eq!(
        fs::read_to_string(folder.path().join(place)).unwrap(),
        before
    );
}

#[test]
fn new_version_stands_beside_the_old_one() {
    let folder = folder();
    let catalogue = Catalogue::default()
        .context::<Desk<first::Order, second::Ordered>>()
        .event_version("Placed", 2);
    assert_eq!(catalogue.compatible_with(folder.path()).unwrap(), []);
    let written = catalogue.write(folder.path()).unwrap();
    assert_eq!(written, [Path::new("desks/events/Placed.v2.json")]);
    assert_eq!(catalogue.check(folder.path()).unwrap(), []);
    // The value of the first version decodes to today's type; one of the second is asked for.
    let golden = "desks/events/golden/Placed.v2.json";
    assert_eq!(
        wrongs(&catalogue, folder.path()),
        [(golden.to_owned(), Wrong::Missing)]
    );
    put(folder.path(), golden, &json!({ "units": 3, "by": "amy" }));
    assert_eq!(wrongs(&catalogue, folder.path()), []);
    let subjects = catalogue.subjects("");
    let names: Vec<_> = subjects
        .iter()
        .map(|subject| subject.name.as_str())
        .collect();
    let expected = [
        "desks-commands-Place",
        "desks-commands-PlaceEnvelope",
        "desks-events-Placed.v2",
    ];
    assert_eq!(names, expected);
    fs::remove_file(folder.path().join("desks/events/Placed.v1.json")).unwrap();
    let missing = Difference::Missing("desks/events/Placed.v1.json".into());
    assert_eq!(catalogue.check(folder.path()).unwrap(), [missing]);
}

#[test]
fn removed_event_is_a_break() {
    let folder = folder();
    let renamed = Catalogue::default().context::<Desk<first::Order, third::Ordered>>();
    let breaks = renamed.compatible_with(folder.path()).unwrap();
    let found: Vec<_> = breaks
        .iter()
        .map(|b| (b.shape.name.as_str(), &b.violation.change))
        .collect();
    assert_eq!(found, [("Placed", &Change::Removed)]);
}

#[test]
fn type_that_is_no_tagged_enum_is_refused() {
    let catalogue = Catalogue::default().context::<Desk<first::Place, first::Ordered>>();
    let Err(Error::Untagged(types)) = catalogue.check(Path::new("/nowhere")) else {
        panic!("a struct was taken for a command");
    };
    assert_eq!(types, ["desks commands"]);
}

#[test]
fn golden_value_that_a_type_no_longer_carries_is_found() {
    let folder = folder();
    let golden = "desks/events/golden/Placed.v1.json";
    let write = |value: Value| put(folder.path(), golden, &value);
    let wrong = |catalogue: &Catalogue| {
        wrongs(catalogue, folder.path())
            .pop()
            .map(|(_, wrong)| wrong)
    };

    write(json!({ "units": -1 }));
    assert!(matches!(wrong(&shipped()), Some(Wrong::Invalid(detail)) if detail.contains("/units")));
    write(json!({ "units": 4_294_967_296_u64 }));
    assert!(
        matches!(wrong(&shipped()), Some(Wrong::Unreadable(_))),
        "a format is no assertion"
    );
    write(json!({ "units": 3, "lost": 1 }));
    assert!(matches!(wrong(&shipped()), Some(Wrong::Rewritten { .. })));
    // The event has version 2, but the catalogue does not list it.
    write(json!({ "units": 3 }));
    let silent = Catalogue::default().context::<Desk<first::Order, second::Ordered>>();
    let misnamed = Wrong::Misnamed {
        name: "Placed".to_owned(),
        version: "2".to_owned(),
    };
    assert_eq!(wrong(&silent), Some(misnamed));
    put(
        folder.path(),
        "desks/events/golden/Plaecd.v1.json",
        &json!({}),
    );
    assert!(
        wrongs(&shipped(), folder.path())
            .iter()
            .any(|(_, wrong)| *wrong == Wrong::Stray)
    );
}

#[test]
fn golden_command_may_leave_out_defaults_but_loses_nothing() {
    let folder = folder();
    let golden = "desks/commands/golden/Place.v1.minimal.json";
    put(
        folder.path(),
        golden,
        &json!({ "units": 1, "urgent": true }),
    );
    assert_eq!(wrongs(&shipped(), folder.path()), []);
    // A type that reads the field and forgets it.
    let forgetful = Catalogue::default().context::<Desk<third::Order, first::Ordered>>();
    let lost = wrongs(&forgetful, folder.path());
    assert!(
        matches!(&lost[..], [(path, Wrong::Rewritten { .. })] if path == golden),
        "{lost:?}"
    );
}

#[test]
fn subject_is_the_whole_record_and_says_how_it_may_change() {
    let subjects = shipped().subjects("eu.");
    let [data, envelope, event] = &subjects[..] else {
        panic!("{subjects:?}");
    };
    assert_eq!(data.name, "eu.desks-commands-Place");
    assert_eq!(data.schema["title"], "Place");
    assert_eq!(data.compatibility.as_str(), "BACKWARD_TRANSITIVE");
    assert_eq!(envelope.schema["title"], "PlaceEnvelope");
    assert_eq!(event.name, "eu.desks-events-Placed");
    assert_eq!(event.compatibility.as_str(), "FULL_TRANSITIVE");
    let command = |kind: &str, data: Value| {
        let record = json!({ "id": uuid::Uuid::nil(), "type": kind, "data": data });
        jsonschema::is_valid(&envelope.schema, &record)
    };
    assert!(command("Place", json!({ "units": 1 })));
    assert!(!command("Place", json!({ "units": "1" })));
    assert!(!command("Cancel", json!({ "units": 1 })));
    assert!(
        subjects
            .iter()
            .all(|subject| subject.schema.get("$id").is_none())
    );
}
