//! Snapshots that were deleted, cut, swapped and bent between two starts.

use std::sync::Arc;

use crate::desk::{Desk, kept, proofs};
use crate::stores::{Harmed, OnFile, OnPostgres, clean};
use pipeline::Proof;

/// Trades and positions, a few of each in every partition.
const KEYS: u64 = 6;
/// Events that each gets between two starts.
const ROUND: u64 = 9;

/// What can happen to a table that is not required. Streams are numbered from 1 in every partition, so
/// each hits some and spares others.
const HARM: [&str; 10] = [
    "DELETE FROM {} WHERE stream % 2 = 0",
    "UPDATE {} SET state = substr(state, 2) WHERE stream % 2 = 1",
    "UPDATE {} SET state = '' WHERE stream % 3 = 1",
    "UPDATE {} SET state = replace(state, '181.5', '181.6')",
    "UPDATE {} SET checksum = checksum + 1 WHERE stream % 2 = 0",
    "UPDATE {} SET version = version + 1000 WHERE stream % 2 = 1",
    "UPDATE {} SET version = version - 1",
    "UPDATE {} SET version = -version WHERE stream = 1",
    "UPDATE {} SET shape = 77 WHERE stream % 2 = 0",
    "DELETE FROM {}",
];

#[tokio::test(flavor = "multi_thread")]
async fn harmed_snapshots_change_nothing_on_postgres() {
    let postgres = OnPostgres::create().await;
    everything_stays_equal(&postgres).await;
    postgres.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn harmed_snapshots_change_nothing_on_sqlite() {
    everything_stays_equal(&OnFile::create()).await;
}

async fn everything_stays_equal(place: &impl Harmed) {
    let mut desk = Desk::open();
    for key in 0..KEYS {
        desk.book(&format!("T-{key}")).await;
    }
    for (round, harm) in (0..).zip(HARM) {
        for key in 0..KEYS {
            for number in round * ROUND..(round + 1) * ROUND {
                desk.fill(&format!("T-{key}"), number, 1 + number % 3).await;
                // One that is there already.
                desk.fill(&format!("T-{key}"), number / 2, 1 + number / 2 % 3)
                    .await;
                desk.trade(&format!("ACC-{key}/AGENCY/IBM"), number).await;
            }
        }
        let store = place.open().await;
        // Whatever is found there, right ones take its place.
        let replaced = async || {
            let proofs = proofs(&store).await;
            proofs.len() >= 4 && proofs.iter().all(|proof| *proof == Proof::Holds)
        };
        desk.run(&store, Arc::new(store.clone()), 4, replaced).await;
        drop(store);
        place.harm(harm).await;
    }
    let store = place.open().await;
    assert_eq!(kept(&store).await, []);
    assert_eq!(desk.records(&store).await, clean(&desk).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_harm_is_found_by_the_check() {
    // Another shape is for other programs, and a deleted snapshot is not missed.
    let reported = [
        (1, "its checksum does not fit"),
        (3, "its checksum does not fit"),
        (4, "its checksum does not fit"),
        (5, "its checksum does not fit"),
        (6, "its checksum does not fit"),
    ];
    for (harm, why) in reported {
        let (place, mut desk) = (OnFile::create(), Desk::open());
        for key in 0..KEYS {
            desk.book(&format!("T-{key}")).await;
            for number in 0..ROUND {
                desk.fill(&format!("T-{key}"), number, 1).await;
            }
        }
        let store = place.open().await;
        desk.handle(&store, 2).await;
        drop(store);
        place.harm(HARM[harm]).await;
        let proofs = proofs(&place.open().await).await;
        let refuted = Proof::Refuted(why.to_owned());
        assert!(proofs.contains(&refuted), "{}: {proofs:?}", HARM[harm]);
    }
}
