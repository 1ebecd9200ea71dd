//! Metric names of the pipeline, each spelled once, and what each of them counts.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use kernel::batch::Batch;
use kernel::topic::PartitionId;
use metrics::{Counter, Unit, counter, describe_counter, describe_histogram, histogram};

const COMMANDS: &str = "dealerboard_commands_total";
const COMMIT: &str = "dealerboard_commit_seconds";
const COMMIT_ROWS: &str = "dealerboard_commit_events";
const COMMIT_FAILED: &str = "dealerboard_commit_failures_total";
const FENCED: &str = "dealerboard_fenced_total";
const PUBLISHED: &str = "dealerboard_events_published_total";
const PROJECTED: &str = "dealerboard_events_projected_total";
const GAPS: &str = "dealerboard_position_gaps_total";
const PARKED: &str = "dealerboard_parked_total";
const MISPLACED: &str = "dealerboard_misplaced_events_total";
const FOREIGN: &str = "dealerboard_foreign_records_total";
const SNAPSHOTS: &str = "dealerboard_snapshots_total";
const FOLD_SNAPSHOTS: &str = "dealerboard_fold_snapshots_total";
const FOLD_COPIED: &str = "dealerboard_fold_copy_seconds";
const REACTED: &str = "dealerboard_reactions_total";
const REACTIONS_REFUSED: &str = "dealerboard_reactions_refused_total";
const OUTSIDE_CALL: &str = "dealerboard_outside_call_seconds";
const PARKED_CALLS: &str = "dealerboard_parked_calls_total";
const DAMAGED: &str = "dealerboard_damaged_rows_total";
const QUERIES: &str = "dealerboard_queries_total";

/// Gives the recorder a unit and a sentence for every metric of the pipeline. Called once, when the
/// recorder is installed.
pub fn describe_metrics() {
    describe_commands();
    describe_events();
    describe_calls();
    describe_reads();
    crate::live::metric::describe();
}

fn describe_commands() {
    describe_counter!(
        COMMANDS,
        Unit::Count,
        "Commands handled, by context and outcome: accepted, rejected, repeated, forwarded or parked."
    );
    describe_counter!(
        PARKED,
        Unit::Count,
        "Records of a command log that became dead letters, by context and reason."
    );
    describe_histogram!(
        COMMIT,
        Unit::Seconds,
        "How long one transaction of the committer took."
    );
    describe_histogram!(
        COMMIT_ROWS,
        Unit::Count,
        "Events written by one transaction."
    );
    describe_counter!(
        COMMIT_FAILED,
        Unit::Count,
        "Transactions that failed, by outcome: not_made, or unknown until the cursors are read."
    );
    describe_counter!(
        FENCED,
        Unit::Count,
        "Batches left out of a transaction because another process owns their partition, by context."
    );
    describe_counter!(
        SNAPSHOTS,
        Unit::Count,
        "Snapshots of aggregates, by context and outcome: saved, save_failed, or why one was not used."
    );
    describe_counter!(
        FOLD_SNAPSHOTS,
        Unit::Count,
        "Snapshots of live projections, by projection and outcome: saved, known, save_failed, used, or why one was not used."
    );
    describe_histogram!(
        FOLD_COPIED,
        Unit::Seconds,
        "Time in which a live projection folds and answers nothing, as it is copied for a snapshot."
    );
}

fn describe_events() {
    describe_counter!(
        PUBLISHED,
        Unit::Count,
        "Events published to the event log, by context."
    );
    describe_counter!(
        PROJECTED,
        Unit::Count,
        "Events folded into a view, by view and read model."
    );
    describe_counter!(
        REACTED,
        Unit::Count,
        "Commands that reactions sent, by reaction."
    );
    describe_counter!(
        REACTIONS_REFUSED,
        Unit::Count,
        "Commands of reactions that were refused where the sender relied on them, by reaction and code."
    );
    describe_counter!(
        GAPS,
        Unit::Count,
        "Log positions missing from an event log, by context and role; the events are read from the store."
    );
    describe_counter!(
        MISPLACED,
        Unit::Count,
        "Events in a partition that their key does not belong to, by context and role. Must stay 0."
    );
    describe_counter!(
        FOREIGN,
        Unit::Count,
        "Records on an event topic that are no events of the platform, by context and role. Must stay 0."
    );
}

fn describe_calls() {
    describe_histogram!(
        OUTSIDE_CALL,
        Unit::Seconds,
        "How long a call outside took with all its tries, by effect and outcome: done, refused or given_up."
    );
    describe_counter!(
        PARKED_CALLS,
        Unit::Count,
        "Calls outside that were parked after their last try, by effect and reason."
    );
}

fn describe_reads() {
    describe_counter!(
        QUERIES,
        Unit::Count,
        "Answers of queries, by view and the store that gave them."
    );
    describe_counter!(
        DAMAGED,
        Unit::Count,
        "Stored rows that are not what was written, by the store they were read from. Must stay 0."
    );
}

/// `outcome` is one of `accepted rejected repeated forwarded parked`.
pub(crate) fn commands(context: &'static str, outcome: &'static str, count: u64) {
    if count > 0 {
        counter!(COMMANDS, "context" => context, "outcome" => outcome).increment(count);
    }
}

pub(crate) fn commit_made(took: Duration, batches: &[Arc<Batch>]) {
    histogram!(COMMIT).record(took.as_secs_f64());
    let events: usize = batches.iter().map(|batch| batch.events.len()).sum();
    histogram!(COMMIT_ROWS).record(u32::try_from(events).map_or(f64::MAX, f64::from));
}

pub(crate) fn commit_failed(outcome: &'static str) {
    counter!(COMMIT_FAILED, "outcome" => outcome).increment(1);
}

pub(crate) fn fenced(partition_id: PartitionId) {
    counter!(FENCED, "context" => partition_id.context).increment(1);
}

pub(crate) fn published(partition_id: PartitionId, count: usize) {
    counter!(PUBLISHED, "context" => partition_id.context).increment(count as u64);
}

pub(crate) fn projected(view: &'static str, model: &'static str, count: usize) {
    counter!(PROJECTED, "view" => view, "model" => model).increment(count as u64);
}

/// An event log skipped a log position: events are missing or a producer is not ours.
pub(crate) fn gap(context: &'static str, role: &'static str) {
    counter!(GAPS, "context" => context, "role" => role).increment(1);
}

/// A record of a command log became a dead letter.
pub(crate) fn parked(context: &'static str, reason: &'static str) {
    counter!(PARKED, "context" => context, "reason" => reason).increment(1);
}

/// An event stands in a partition that its key does not belong to; no consumer was given it.
pub(crate) fn misplaced(context: &'static str, role: &'static str) {
    counter!(MISPLACED, "context" => context, "role" => role).increment(1);
}

/// A record of an event log is no event of ours; it was passed.
pub(crate) fn foreign(context: &'static str, role: &'static str) {
    counter!(FOREIGN, "context" => context, "role" => role).increment(1);
}

/// `outcome` is `saved save_failed`, or why one was not used: `unreadable wrong_checksum beyond_end
/// other_shape undecodable`.
pub(crate) fn snapshots(context: &'static str, outcome: &'static str, count: usize) {
    counter!(SNAPSHOTS, "context" => context, "outcome" => outcome).increment(count as u64);
}

/// `outcome` is `saved`, `known` (another process has saved as much), `save_failed`, `used`, or why one was
/// not used: `unreadable incomplete wrong_checksum undecodable other_shape other_partitions ahead`.
pub(crate) fn fold_snapshots(projection: &'static str, outcome: &'static str) {
    counter!(FOLD_SNAPSHOTS, "projection" => projection, "outcome" => outcome).increment(1);
}

/// How long nothing was folded, and nothing answered, while a live projection was copied.
pub(crate) fn fold_copied(projection: &'static str, took: Duration) {
    histogram!(FOLD_COPIED, "projection" => projection).record(took.as_secs_f64());
}

/// A stored row is not what was written; `source` is the store it was read from, or `timer`.
pub(crate) fn damaged(source: &'static str) {
    counter!(DAMAGED, "source" => source).increment(1);
}

pub(crate) fn reacted(reaction: &'static str, count: usize) {
    counter!(REACTED, "reaction" => reaction).increment(count as u64);
}

/// A reaction's command was refused where its sender counted on it.
pub(crate) fn reaction_refused(reaction: String, code: String) {
    counter!(REACTIONS_REFUSED, "reaction" => reaction, "code" => code).increment(1);
}

/// A call outside is answered or given up, after all its tries; `outcome` is one of `done refused
/// given_up`.
pub(crate) fn called(effect: &'static str, outcome: &'static str, took: Duration) {
    histogram!(OUTSIDE_CALL, "effect" => effect, "outcome" => outcome).record(took.as_secs_f64());
}

/// A call outside was parked; those that wait behind it are not counted.
pub(crate) fn parked_call(effect: &'static str, reason: &'static str) {
    counter!(PARKED_CALLS, "effect" => effect, "reason" => reason).increment(1);
}

/// Counts answers by view and by the store that gave them. Counters are looked up by their labels
/// once: a read from memory takes no longer than such a look-up.
#[derive(Clone, Default)]
pub(crate) struct QueryMeters(Arc<RwLock<HashMap<Answered, Counter>>>);

/// A view and the store that answered.
type Answered = (&'static str, &'static str);

impl QueryMeters {
    pub(crate) fn count(&self, view: &'static str, source: &'static str) {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(counter) = known.get(&(view, source)) {
            return counter.increment(1);
        }
        drop(known);
        let counter = counter!(QUERIES, "view" => view, "source" => source);
        counter.increment(1);
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.insert((view, source), counter);
    }
}
