//! Many threads at one breaker.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::{Bench, bench, config};
use crate::breaker::{Mode, Refused, State};
use crate::classify::Verdict::{self, Failure, Ignored, Success};

const THREADS: u32 = 8;

#[test]
fn threads_that_race_for_a_trial_get_exactly_its_permits() {
    let bench = bench(config());
    for _ in 0..200 {
        bench.open_and_wait();
        let gate = Barrier::new(THREADS as usize);
        let ask = || {
            gate.wait();
            bench.breaker.try_acquire().ok()
        };
        // No caller returns its permit before all have asked.
        let permits: Vec<_> = thread::scope(|scope| {
            let racers: Vec<_> = (0..THREADS).map(|_| scope.spawn(ask)).collect();
            racers
                .into_iter()
                .filter_map(|racer| racer.join().unwrap())
                .collect()
        });
        assert_eq!(permits.len(), 5);
        drop(permits);
        assert_eq!(bench.breaker.set_mode(Mode::Automatic).to, State::Closed);
    }
}

#[test]
fn breaker_keeps_its_bounds_and_recovers_when_hammered() {
    let bench = bench(config());
    let done = AtomicBool::new(false);
    let reached = thread::scope(|scope| {
        let hammers: Vec<_> = (0..THREADS)
            .map(|seed| {
                let bench = &bench;
                scope.spawn(move || hammer(bench, seed))
            })
            .collect();
        let ticker = scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                bench.clock.advance(Duration::from_millis(7));
                thread::yield_now();
            }
        });
        let reached: Vec<_> = hammers.into_iter().map(|hammer| hammer.join()).collect();
        // Before any hammer's panic is passed on: the scope waits for the ticker.
        done.store(true, Ordering::SeqCst);
        ticker.join().unwrap();
        reached
            .into_iter()
            .map(|reached| reached.unwrap())
            .sum::<u32>()
    });
    // A hammer that never met an open or a half-open breaker would prove nothing.
    assert!(reached > 100, "{reached}");
    assert_recovers(&bench);
}

/// Returns how often it was refused or saw a trial.
fn hammer(bench: &Bench, seed: u32) -> u32 {
    let mut reached = 0;
    for round in 0..20_000_u32 {
        match bench.breaker.try_acquire() {
            Ok(permit) => match verdict(round.wrapping_mul(2_654_435_761).wrapping_add(seed)) {
                Some(verdict) => permit.settle(verdict),
                None => drop(permit),
            },
            Err(Refused { retry_after, .. }) => {
                assert!(!retry_after.is_zero() && retry_after <= Duration::from_secs(60));
                reached += 1;
            }
        }
        let snapshot = bench.breaker.snapshot();
        assert!(snapshot.calls <= 10);
        if let Some(left) = snapshot.permits_left {
            assert!(left <= 5);
            reached += 1;
        }
    }
    reached
}

fn verdict(draw: u32) -> Option<Verdict> {
    match (draw >> 16) % 10 {
        0..=4 => Some(Success),
        5..=7 => Some(Failure),
        8 => Some(Ignored),
        _ => None,
    }
}

/// After all threads have gone, nothing of theirs is left in the way.
fn assert_recovers(bench: &Bench) {
    if bench.breaker.state() == State::Closed {
        bench.open();
    }
    bench.clock.advance(Duration::from_secs(200));
    let trial: Vec<_> = (0..20)
        .filter_map(|_| bench.breaker.try_acquire().ok())
        .collect();
    assert_eq!(trial.len(), 5);
    for permit in trial {
        permit.settle(Success);
    }
    assert_eq!(bench.breaker.state(), State::Closed);
}
