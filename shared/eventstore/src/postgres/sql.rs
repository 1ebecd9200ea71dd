//! The statements, per context and partition. Names come from [`Context::NAME`](kernel::Context)
//! constants only, never from input.

use kernel::id::CommandId;
use kernel::topic::PartitionId;
use uuid::Uuid;

/// The columns a cursor is made of.
const CURSOR: &str = "owner, next_offset, next_position, next_stream, repeats, handled, chain_from, \
     chain, checksum";

pub(super) fn take_over(context: &str) -> String {
    format!(
        "INSERT INTO {context}.cursor (partition, {CURSOR}) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         ON CONFLICT (partition) DO UPDATE SET owner = excluded.owner \
         RETURNING {CURSOR}"
    )
}

pub(super) fn cursor(context: &str) -> String {
    format!("SELECT {CURSOR} FROM {context}.cursor WHERE partition = $1")
}

/// The cursors of all partitions of the contexts.
pub(super) fn cursors(contexts: &[&'static str]) -> String {
    let branch = |context: &&'static str| {
        format!("SELECT '{context}' AS context, partition, {CURSOR} FROM {context}.cursor")
    };
    let branches: Vec<_> = contexts.iter().map(branch).collect();
    branches.join(" UNION ALL ")
}

/// What a batch may have beside its events. Most have neither, and are spared what it costs.
#[derive(Clone, Copy)]
pub(super) struct Beside {
    pub(super) marks: bool,
    pub(super) timers: bool,
}

/// Parameters of every commit; rows beside the events have theirs behind them.
const PARAMETERS: usize = 25;

/// Moves the cursor that is still owned and is where the batch begins, and writes the batch's
/// rows; returns `committed` when it did, and nothing when it did not. A batch sent again after an
/// unknown outcome waits here for the first try's end, then sees that it was made.
///
/// One statement is one journey to the server, and outside a transaction the commit as well.
pub(super) fn commit(partition_id: PartitionId, with: Beside) -> String {
    let PartitionId { context, partition } = partition_id;
    let mut beside = String::new();
    let mut next = PARAMETERS + 1;
    if with.marks {
        beside += &marks(partition_id, next);
        next += 2;
    }
    if with.timers {
        beside += &timers(context, next);
    }
    format!(
        "WITH moved AS ( \
             UPDATE {context}.cursor \
             SET next_offset = $4, next_position = $5, next_stream = $6, repeats = $7, \
                 handled = $8, chain = $9, checksum = $10 \
             WHERE partition = $1 AND owner = $2 AND next_offset = $3 \
             RETURNING 'committed'::text AS answer \
         ), streams AS ( \
             INSERT INTO {context}.stream_{partition} (stream, key) \
             SELECT n.* FROM moved, unnest($11::int8[], $12::text[]) AS n \
         ), events AS ( \
             INSERT INTO {context}.event_{partition} (position, stream, sequence, record, checksum) \
             SELECT n.* FROM moved, \
                 unnest($13::int8[], $14::int8[], $15::int4[], $16::text[], $17::int8[]) AS n \
         ), outcomes AS ( \
             INSERT INTO {context}.outcome_{partition} \
                 (command, body_hash, stream, first_position, version, events, detail, checksum) \
             SELECT n.* FROM moved, \
                 unnest($18::uuid[], $19::int8[], $20::int8[], $21::int8[], $22::int4[], \
                        $23::int4[], $24::text[], $25::int8[]) AS n \
         ){beside} \
         SELECT answer FROM moved"
    )
}

fn marks(PartitionId { context, partition }: PartitionId, first: usize) -> String {
    let [log_positions, chains] = parameters(first);
    format!(
        ", marks AS ( \
             INSERT INTO {context}.mark_{partition} (position, chain) \
             SELECT n.* FROM moved, unnest({log_positions}::int8[], {chains}::int8[]) AS n \
         )"
    )
}

/// A timer is set or cancelled, never both: what a statement does to one row twice is undefined.
fn timers(context: &str, first: usize) -> String {
    let [keys, names, ids, dues, commands, checksums] = parameters(first);
    let [cancelled_keys, cancelled_names] = parameters(first + 6);
    format!(
        ", set_timers AS ( \
             INSERT INTO {context}.timer (key, name, partition, id, due, command, checksum) \
             SELECT n.key, n.name, $1, n.id, n.due, n.command, n.checksum \
             FROM moved, unnest({keys}::text[], {names}::text[], {ids}::uuid[], {dues}::int8[], \
                 {commands}::text[], {checksums}::int8[]) \
                 AS n (key, name, id, due, command, checksum) \
             ON CONFLICT (key, name) DO UPDATE SET id = excluded.id, due = excluded.due, \
                 command = excluded.command, checksum = excluded.checksum, \
                 partition = excluded.partition \
         ), cancelled_timers AS ( \
             DELETE FROM {context}.timer t \
             USING moved, unnest({cancelled_keys}::text[], {cancelled_names}::text[]) AS n (key, name) \
             WHERE t.key = n.key AND t.name = n.name \
         )"
    )
}

fn parameters<const COUNT: usize>(first: usize) -> [String; COUNT] {
    std::array::from_fn(|n| format!("${}", first + n))
}

pub(super) fn insert_dead_letter(context: &str) -> String {
    format!(
        "INSERT INTO {context}.dead_letter (partition, \"offset\", key, value, header_names, \
             header_values, logged_at, reason, detail, command, checksum, key_checksum) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
    )
}

pub(super) fn load(PartitionId { context, partition }: PartitionId) -> String {
    format!(
        "SELECT s.key, e.stream, e.position, e.sequence, e.record, e.checksum \
         FROM {context}.stream_{partition} s JOIN {context}.event_{partition} e USING (stream) \
         WHERE s.key = ANY($1) AND e.sequence <= $2 ORDER BY e.stream, e.sequence"
    )
}

/// An event without its stream is returned without a key, so that it is not skipped silently.
pub(super) fn read(PartitionId { context, partition }: PartitionId) -> String {
    format!(
        "SELECT s.key, e.stream, e.position, e.sequence, e.record, e.checksum \
         FROM {context}.event_{partition} e LEFT JOIN {context}.stream_{partition} s USING (stream) \
         WHERE e.position > $1 AND e.position <= $2 ORDER BY e.position"
    )
}

/// Each stream's snapshot, then its events from the one that the snapshot was taken at.
pub(super) fn resume(PartitionId { context, partition }: PartitionId) -> String {
    format!(
        "WITH wanted AS MATERIALIZED ( \
             SELECT s.key, s.stream, n.version, n.checksum, n.state \
             FROM {context}.stream_{partition} s \
             LEFT JOIN {context}.snapshot_{partition} n ON n.stream = s.stream AND n.shape = $2 \
             WHERE s.key = ANY($1)) \
         SELECT key, stream, NULL::int8 AS position, version AS sequence, checksum, state AS record \
         FROM wanted WHERE version IS NOT NULL \
         UNION ALL \
         SELECT w.key, e.stream, e.position, e.sequence, e.checksum, e.record \
         FROM wanted w JOIN {context}.event_{partition} e \
             ON e.stream = w.stream AND e.sequence >= coalesce(w.version, 1) \
         ORDER BY stream, sequence, position NULLS FIRST"
    )
}

pub(super) fn stored_snapshots(PartitionId { context, partition }: PartitionId) -> String {
    format!(
        "SELECT stream, version AS sequence, shape, checksum, state AS record \
         FROM {context}.snapshot_{partition} WHERE stream = ANY($1) ORDER BY stream"
    )
}

pub(super) fn save_snapshots(PartitionId { context, partition }: PartitionId) -> String {
    format!(
        "INSERT INTO {context}.snapshot_{partition} (stream, version, shape, checksum, state) \
         SELECT * FROM unnest($1::int8[], $2::int4[], $3::int4[], $4::int8[], $5::text[]) \
         ON CONFLICT (stream) DO UPDATE SET version = excluded.version, shape = excluded.shape, \
             checksum = excluded.checksum, state = excluded.state"
    )
}

fn select_outcomes(PartitionId { context, partition }: PartitionId) -> String {
    format!(
        "SELECT {partition}::int2 AS partition, o.command, o.body_hash, o.stream, \
             o.first_position, o.version, o.events, o.detail, o.checksum, s.key \
         FROM {context}.outcome_{partition} o \
         LEFT JOIN {context}.stream_{partition} s ON s.stream = o.stream"
    )
}

pub(super) fn outcomes(partition_id: PartitionId) -> String {
    format!(
        "{} WHERE o.command = ANY($1)",
        select_outcomes(partition_id)
    )
}

/// Above an id, or from the lowest that there can be on.
pub(super) fn scan_outcomes(partition_id: PartitionId, after: Option<CommandId>) -> (String, Uuid) {
    let (above, id) = match after {
        Some(after) => (">", after.0),
        None => (">=", Uuid::nil()),
    };
    let select = select_outcomes(partition_id);
    let scan = format!("{select} WHERE o.command {above} $1 ORDER BY o.command LIMIT $2");
    (scan, id)
}

pub(super) fn marks_after(PartitionId { context, partition }: PartitionId) -> String {
    format!(
        "SELECT position, chain FROM {context}.mark_{partition} \
         WHERE position > $1 ORDER BY position LIMIT $2"
    )
}

pub(super) fn rows_after(context: &str, table: &str) -> String {
    format!(
        "SELECT * FROM {context}.{table} WHERE (partition, \"offset\") > ($1, $2) \
         ORDER BY partition, \"offset\" LIMIT $3"
    )
}

pub(super) fn timers_after(context: &str) -> String {
    format!(
        "SELECT partition, id, key, name, due, command, checksum FROM {context}.timer \
         WHERE (key, name) > ($1, $2) ORDER BY key, name LIMIT $3"
    )
}

/// One look-up over all partitions of a context: the id does not name its partition.
pub(super) fn find_outcomes(context: &'static str, partitions: u16) -> String {
    let branches: Vec<_> = (0..partitions)
        .map(|partition| {
            format!(
                "({} WHERE o.command BETWEEN $1 AND $2 ORDER BY o.command LIMIT $3)",
                select_outcomes(PartitionId { context, partition })
            )
        })
        .collect();
    branches.join(" UNION ALL ")
}

pub(super) fn insert_notices(context: &str) -> String {
    format!(
        "INSERT INTO {context}.outcome_notice (partition, \"offset\", key, value, checksum) \
         SELECT $1, n.* FROM unnest($2::int8[], $3::bytea[], $4::text[], $5::int8[]) AS n"
    )
}
