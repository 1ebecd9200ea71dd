//! The statements, per context and partition. Names come from [`Context::NAME`](kernel::Context)
//! constants only, never from input.

use kernel::topic::Shard;

pub(super) fn take_over(context: &str) -> String {
    format!(
        "INSERT INTO {context}.cursor (partition, owner, next_offset, next_position, next_stream, repeats) \
         VALUES ($1, $2, 0, 1, 1, 0) \
         ON CONFLICT (partition) DO UPDATE SET owner = excluded.owner \
         RETURNING owner, next_offset, next_position, next_stream, repeats"
    )
}

pub(super) fn cursor(context: &str) -> String {
    format!(
        "SELECT owner, next_offset, next_position, next_stream, repeats \
         FROM {context}.cursor WHERE partition = $1"
    )
}

/// Moves the cursor that is still owned and stands where the batch begins, and writes the batch's
/// rows; says `committed` when it did, and nothing when it did not. A batch sent again after an
/// unknown outcome waits here for the first try's end, then sees that it was made.
///
/// One statement is one journey to the server, and outside a transaction the commit as well. Most
/// batches change no timer and are spared what is needed `with_timers`.
pub(super) fn commit(shard: Shard, with_timers: bool) -> String {
    let Shard { context, partition } = shard;
    let timers = if with_timers {
        timers(context)
    } else {
        String::new()
    };
    format!(
        "WITH moved AS ( \
             UPDATE {context}.cursor \
             SET next_offset = $4, next_position = $5, next_stream = $6, repeats = $7 \
             WHERE partition = $1 AND owner = $2 AND next_offset = $3 \
             RETURNING 'committed'::text AS answer \
         ), streams AS ( \
             INSERT INTO {context}.stream_{partition} (stream, key) \
             SELECT n.* FROM moved, unnest($8::int8[], $9::text[]) AS n \
         ), events AS ( \
             INSERT INTO {context}.event_{partition} (position, stream, sequence, record) \
             SELECT n.* FROM moved, \
                 unnest($10::int8[], $11::int8[], $12::int4[], $13::text[]) AS n \
         ), outcomes AS ( \
             INSERT INTO {context}.outcome_{partition} \
                 (command, body_hash, stream, first_position, version, events, detail) \
             SELECT n.* FROM moved, \
                 unnest($14::uuid[], $15::int8[], $16::int8[], $17::int8[], $18::int4[], \
                        $19::int4[], $20::text[]) AS n \
         ){timers} \
         SELECT answer FROM moved"
    )
}

/// A timer is set or cancelled, never both: what a statement does to one row twice is undefined.
fn timers(context: &str) -> String {
    format!(
        ", set_timers AS ( \
             INSERT INTO {context}.timer (key, name, partition, id, due, command) \
             SELECT n.key, n.name, $1, n.id, n.due, n.command \
             FROM moved, unnest($21::text[], $22::text[], $23::uuid[], $24::int8[], $25::text[]) \
                 AS n (key, name, id, due, command) \
             ON CONFLICT (key, name) DO UPDATE SET id = excluded.id, due = excluded.due, \
                 command = excluded.command \
         ), cancelled_timers AS ( \
             DELETE FROM {context}.timer t \
             USING moved, unnest($26::text[], $27::text[]) AS n (key, name) \
             WHERE t.key = n.key AND t.name = n.name \
         )"
    )
}

pub(super) fn insert_dead_letter(context: &str) -> String {
    format!(
        "INSERT INTO {context}.dead_letter (partition, \"offset\", key, value, header_names, \
             header_values, logged_at, reason, detail, command) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    )
}

pub(super) fn load(Shard { context, partition }: Shard) -> String {
    format!(
        "SELECT s.key, e.stream, e.position, e.sequence, e.record \
         FROM {context}.stream_{partition} s JOIN {context}.event_{partition} e USING (stream) \
         WHERE s.key = ANY($1) AND e.sequence <= $2 ORDER BY e.stream, e.sequence"
    )
}

pub(super) fn read(Shard { context, partition }: Shard) -> String {
    format!(
        "SELECT s.key, e.stream, e.position, e.sequence, e.record \
         FROM {context}.event_{partition} e JOIN {context}.stream_{partition} s USING (stream) \
         WHERE e.position > $1 AND e.position <= $2 ORDER BY e.position"
    )
}

/// Each stream's snapshot as a row with a checksum, then its events from the one that the snapshot
/// stands on.
pub(super) fn resume(Shard { context, partition }: Shard) -> String {
    format!(
        "WITH wanted AS MATERIALIZED ( \
             SELECT s.key, s.stream, n.version, n.checksum, n.state \
             FROM {context}.stream_{partition} s \
             LEFT JOIN {context}.snapshot_{partition} n ON n.stream = s.stream AND n.shape = $2 \
             WHERE s.key = ANY($1)) \
         SELECT key, stream, 0::int8 AS position, version AS sequence, checksum, state AS record \
         FROM wanted WHERE version IS NOT NULL \
         UNION ALL \
         SELECT w.key, e.stream, e.position, e.sequence, NULL, e.record \
         FROM wanted w JOIN {context}.event_{partition} e \
             ON e.stream = w.stream AND e.sequence >= coalesce(w.version, 1) \
         ORDER BY stream, sequence, checksum"
    )
}

pub(super) fn stored_snapshots(Shard { context, partition }: Shard) -> String {
    format!(
        "SELECT stream, version AS sequence, shape, checksum, state AS record \
         FROM {context}.snapshot_{partition} WHERE stream = ANY($1) ORDER BY stream"
    )
}

pub(super) fn save_snapshots(Shard { context, partition }: Shard) -> String {
    format!(
        "INSERT INTO {context}.snapshot_{partition} (stream, version, shape, checksum, state) \
         SELECT * FROM unnest($1::int8[], $2::int4[], $3::int4[], $4::int8[], $5::text[]) \
         ON CONFLICT (stream) DO UPDATE SET version = excluded.version, shape = excluded.shape, \
             checksum = excluded.checksum, state = excluded.state"
    )
}

fn select_outcomes(Shard { context, partition }: Shard) -> String {
    format!(
        "SELECT {partition}::int2 AS partition, o.command, o.body_hash, o.stream, \
             o.first_position, o.version, o.events, o.detail, s.key \
         FROM {context}.outcome_{partition} o \
         LEFT JOIN {context}.stream_{partition} s ON s.stream = o.stream"
    )
}

pub(super) fn outcomes(shard: Shard) -> String {
    format!("{} WHERE o.command = ANY($1)", select_outcomes(shard))
}

pub(super) fn scan_outcomes(shard: Shard) -> String {
    format!(
        "{} WHERE o.command > $1 ORDER BY o.command LIMIT $2",
        select_outcomes(shard)
    )
}

/// One look-up over all partitions of a context: the id does not tell which.
pub(super) fn find_outcomes(context: &'static str, partitions: u16) -> String {
    let branches: Vec<_> = (0..partitions)
        .map(|partition| {
            format!(
                "({} WHERE o.command BETWEEN $1 AND $2 ORDER BY o.command LIMIT $3)",
                select_outcomes(Shard { context, partition })
            )
        })
        .collect();
    branches.join(" UNION ALL ")
}

pub(super) fn insert_notices(context: &str) -> String {
    format!(
        "INSERT INTO {context}.outcome_notice (partition, \"offset\", key, value) \
         SELECT $1, n.* FROM unnest($2::int8[], $3::bytea[], $4::text[]) AS n"
    )
}
