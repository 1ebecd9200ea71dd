use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Event, Scene, at, number, ratio, tenant};
use crate::LiveSettings;

const CONVERSATION: [&str; 31] = [
    "Queued",
    "Queued",
    "Queued",
    "Offered",
    "OfferAccepted",
    "OfferRejected",
    "OfferExpired",
    "ManuallyTaken",
    "Connected",
    "Connected",
    "Requeued",
    "Overflowed",
    "Abandoned",
    "CallbackRequested",
    "Expired",
    "Held",
    "Resumed",
    "Parked",
    "Unparked",
    "TransferRequested",
    "ParticipantJoined",
    "ParticipantLeft",
    "OwnerChanged",
    "Ended",
    "Disposed",
    "ForceRequeued",
    "ForceClosed",
    "Reopened",
    "Reopened",
    "MessageReceived",
    "MessageQueued",
];

const AGENT: [&str; 13] = [
    "SessionStarted",
    "LinkLost",
    "LinkRestored",
    "PresenceChanged",
    "PresenceChanged",
    "RoutingSuspended",
    "RoutingResumed",
    "CapacityChanged",
    "QueuesChanged",
    "SlotReserved",
    "SlotActivated",
    "WrapUpStarted",
    "SlotReleased",
];

/// A step of a stream: which event, how long after the one before, and a number for its data.
pub(super) type Step = (usize, i64, u64);

/// Data that every event finds its own in.
fn data(second: i64, number: u64) -> Value {
    let queue = ["fx", "vip"][usize::try_from(number % 2).unwrap()];
    let presence = ["available", "away", "offline"][usize::try_from(number % 3).unwrap()];
    let channel = ["voice", "chat"][usize::try_from(number % 2).unwrap()];
    let slot = format!("C{}", number % 3);
    let agent = ["amy", "bob"][usize::try_from(number % 2).unwrap()];
    json!({
        "at": at(second), "queue": queue, "enqueued_at": at(second), "cause": "enqueued",
        "answer_within_ms": number.is_multiple_of(2).then_some(20_000),
        "wait_ms": number * 1_000, "short": number < 5, "new_wait_clock": number.is_multiple_of(2),
        "wrap_up_s": number % 2, "customer_id": format!("customer-{}", number % 3),
        "channel": channel, "intent": "quote",
        "session_id": "web", "presence": presence, "queues": [queue], "conversation_id": slot,
        "cost": 1 + number % 2, "agent_id": agent, "from": "amy", "to": agent, "actor": agent,
        "automated": number.is_multiple_of(5),
    })
}

fn event(context: &'static str, id: String, sequence: u64, kind: &str, step: (i64, u64)) -> Event {
    let mut data = data(step.0, step.1);
    match kind {
        "SessionStarted" => data["channels"] = json!(["voice", "chat"]),
        "CapacityChanged" => data["channels"] = json!({ "voice": 1, "chat": step.1 % 5 }),
        _ => {}
    }
    Event {
        context,
        id,
        sequence,
        second: step.0,
        kind: kind.to_owned(),
        data,
    }
}

fn stream(context: &'static str, id: String, kinds: &[&str], steps: &[Step]) -> Vec<Event> {
    let first = if context == "agents" {
        "SessionStarted"
    } else {
        "ConversationCreated"
    };
    let mut second = 0;
    let mut events = vec![event(context, id.clone(), 1, first, (0, steps[0].2))];
    for ((which, pause, number), sequence) in steps.iter().zip(2..) {
        second += pause;
        let kind = kinds[which % kinds.len()];
        events.push(event(
            context,
            id.clone(),
            sequence,
            kind,
            (second, *number),
        ));
    }
    events
}

pub(super) fn streams(conversations: &[Vec<Step>], agents: &[Vec<Step>]) -> Vec<Vec<Event>> {
    let conversations = conversations.iter().enumerate();
    let agents = agents.iter().enumerate();
    let of_agents = agents.map(|(n, steps)| stream("agents", format!("agent-{n}"), &AGENT, steps));
    conversations
        .map(|(n, steps)| stream("conversations", format!("C{n}"), &CONVERSATION, steps))
        .chain(of_agents)
        .collect()
}

/// The events of the streams so interleaved that `picks` says whose is next.
pub(super) fn picked(mut streams: Vec<Vec<Event>>, picks: &[usize]) -> Vec<Event> {
    for stream in &mut streams {
        stream.reverse();
    }
    let mut picks = picks.iter().cycle();
    let mut picked = vec![];
    while !streams.is_empty() {
        let pick = picks.next().unwrap() % streams.len();
        match streams[pick].pop() {
            Some(event) => picked.push(event),
            None => drop(streams.remove(pick)),
        }
    }
    picked
}

/// Feeds them in that order.
pub(super) fn fold(streams: Vec<Vec<Event>>, picks: &[usize]) -> Scene {
    let mut scene = Scene::default();
    for event in picked(streams, picks) {
        scene.feed(&event);
    }
    scene
}

pub(super) fn all(scene: &Scene) -> Vec<Value> {
    let now = 9_000;
    let mut all = vec![];
    for cube in ["enqueued", "closed"] {
        for rest in [
            "",
            "&interval=15m",
            "&queue=fx",
            "&channel=chat&interval=15m",
        ] {
            all.extend(scene.rows(&format!("by={cube}{rest}"), now));
        }
    }
    let settings = LiveSettings {
        service_level: crate::ServiceLevel::default(),
        within_s: 20,
        zone: jiff::tz::TimeZone::UTC,
    };
    let live = scene
        .metrics
        .live(&tenant(), &"fx".parse().unwrap(), at(now), &settings);
    all.push(serde_json::to_value(live).unwrap());
    let agent = "agent-0".parse().unwrap();
    let presence = scene
        .metrics
        .presence(&tenant(), &agent, at(0), at(now), at(now));
    all.push(serde_json::to_value(presence).unwrap());
    all
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Vec<Step>>> {
    vec(vec((0_usize..1_000, 0_i64..400, 0_u64..60), 1..30), 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn order_across_streams_does_not_matter(
        conversations in steps(),
        agents in steps(),
        picks in vec(0_usize..1_000, 1..200),
    ) {
        let streams = streams(&conversations, &agents);
        let one_after_the_other = fold(streams.clone(), &[0]);
        prop_assert_eq!(all(&fold(streams, &picks)), all(&one_after_the_other));
    }

    #[test]
    fn every_wait_ends_in_one_way_or_goes_on(conversations in steps()) {
        let scene = fold(streams(&conversations, &[]), &[0]);
        for query in ["by=enqueued", "by=closed", "by=enqueued&queue=fx"] {
            let total = scene.total(query, 20_000);
            let sum: u64 = ["answered", "abandoned", "callbacks", "withdrawn", "waiting"]
                .iter()
                .map(|name| number(&total[*name]))
                .sum();
            prop_assert_eq!(number(&total["offered"]), sum, "{}", query);
        }
    }

    #[test]
    fn rows_add_up_to_the_total(conversations in steps(), agents in steps()) {
        let scene = fold(streams(&conversations, &agents), &[0]);
        for cube in ["enqueued", "closed"] {
            let total = scene.total(&format!("by={cube}"), 20_000);
            let rows = scene.rows(&format!("by={cube}&interval=15m"), 20_000);
            let sum = |read: &dyn Fn(&Value) -> u64| rows.iter().map(read).sum::<u64>();
            for name in ["queued", "offered", "answered", "handled", "talk_ms", "closed"] {
                prop_assert_eq!(sum(&|row| number(&row[name])), number(&total[name]), "{}", name);
            }
            let asa = |row: &Value| ratio(&row["asa_ms"]).0;
            prop_assert_eq!(sum(&asa), asa(&total));
            let busy = |row: &Value| number(&row["agents"]["busy_ms"]);
            prop_assert_eq!(sum(&busy), busy(&total));
        }
    }
}

/// A conversation as one would write it down.
#[derive(Clone, Copy, Debug)]
struct Fact {
    enqueued: i64,
    wait: i64,
    outcome: Outcome,
}

#[derive(Clone, Copy, Debug)]
enum Outcome {
    Answered { talk: i64, hold: i64, wrap_up: i64 },
    Abandoned,
}

fn facts() -> impl Strategy<Value = Vec<Fact>> {
    let answered =
        (1_i64..500, 0_i64..100, 0_i64..100).prop_map(|(talk, hold, wrap_up)| Outcome::Answered {
            talk,
            hold,
            wrap_up,
        });
    let outcome = prop_oneof![answered, Just(Outcome::Abandoned)];
    let fact = (0_i64..5_000, 0_i64..100, outcome).prop_map(|(enqueued, wait, outcome)| Fact {
        enqueued,
        wait,
        outcome,
    });
    vec(fact, 0..30)
}

fn tell(scene: &mut Scene, id: &str, fact: Fact) {
    let (met, wait) = (fact.enqueued + fact.wait, fact.wait.unsigned_abs());
    scene.comes(id, fact.enqueued);
    let Outcome::Answered {
        talk,
        hold,
        wrap_up,
    } = fact.outcome
    else {
        scene.abandons(id, met, wait);
        return;
    };
    scene.connects(id, met, wait);
    if hold > 0 {
        scene.then(id, met, "Held").then(id, met + hold, "Resumed");
    }
    let end = met + hold + talk;
    scene.ends(id, end, u32::try_from(wrap_up).unwrap());
    if wrap_up > 0 {
        scene.then(id, end + wrap_up, "Disposed");
    }
}

/// Answered, wait of them, answered within 20 s, abandoned, handle time; of one interval.
type Recount = [u64; 5];

fn recount(facts: &[Fact], quarter: i64, by_enqueued: bool) -> Recount {
    let mut sums = [0; 5];
    for fact in facts {
        let met = fact.enqueued + fact.wait;
        let of = |second: i64| (if by_enqueued { fact.enqueued } else { second }) / 900 == quarter;
        match fact.outcome {
            Outcome::Abandoned => sums[3] += u64::from(of(met)),
            Outcome::Answered {
                talk,
                hold,
                wrap_up,
            } => {
                let here = u64::from(of(met));
                sums[0] += here;
                sums[1] += here * fact.wait.unsigned_abs() * 1_000;
                sums[2] += here * u64::from(fact.wait <= 20);
                let handle = talk + hold + wrap_up;
                sums[4] += u64::from(of(met + handle)) * handle.unsigned_abs() * 1_000;
            }
        }
    }
    sums
}

proptest! {
    #[test]
    fn cells_are_what_the_facts_recounted_come_to(facts in facts()) {
        let mut scene = Scene::default();
        for (n, fact) in facts.iter().enumerate() {
            tell(&mut scene, &format!("C{n}"), *fact);
        }
        for (cube, by_enqueued) in [("enqueued", true), ("closed", false)] {
            let rows = scene.rows(&format!("by={cube}&interval=15m"), 9_000);
            for quarter in 0..10 {
                let row = rows.iter().find(|row| row["from"] == json!(at(quarter * 900)));
                let counted: Recount = row.map_or([0; 5], |row| {
                    let (waited, answered) = ratio(&row["asa_ms"]);
                    let within = ratio(&row["service_level"]).0;
                    let handle = ratio(&row["aht_ms"]).0;
                    [answered, waited, within, number(&row["abandoned"]), handle]
                });
                prop_assert_eq!(counted, recount(&facts, quarter, by_enqueued), "{}", cube);
            }
        }
    }
}
