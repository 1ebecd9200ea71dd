-- Version 1. Tables are WITHOUT ROWID: rows lie in key order in one tree, so appending a record
-- dirties one page of the log instead of one of the rows and one of an index.

-- Facts of the file as a whole. Keys would change their partition if the count changed.
CREATE TABLE meta (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    partitions INTEGER NOT NULL CHECK (partitions > 0)
) STRICT;

-- The command log. Nothing is ever deleted from it: it is the input from which all else follows.
CREATE TABLE command (
    context   TEXT    NOT NULL,
    partition INTEGER NOT NULL,
    "offset"  INTEGER NOT NULL,
    key       TEXT    NOT NULL,
    value     BLOB    NOT NULL,
    headers   BLOB    NOT NULL,
    logged_at INTEGER NOT NULL, -- microseconds since 1970
    PRIMARY KEY (context, partition, "offset")
) STRICT, WITHOUT ROWID;

CREATE TABLE cursor (
    context       TEXT    NOT NULL,
    partition     INTEGER NOT NULL,
    owner         BLOB    NOT NULL,
    next_offset   INTEGER NOT NULL,
    next_position INTEGER NOT NULL,
    next_stream   INTEGER NOT NULL,
    repeats       INTEGER NOT NULL,
    PRIMARY KEY (context, partition)
) STRICT, WITHOUT ROWID;

CREATE TABLE stream (
    context   TEXT    NOT NULL,
    partition INTEGER NOT NULL,
    stream    INTEGER NOT NULL,
    key       TEXT    NOT NULL,
    PRIMARY KEY (context, partition, stream),
    UNIQUE (context, partition, key)
) STRICT, WITHOUT ROWID;

-- The events, and the event log: the record at position n has offset n - 1.
CREATE TABLE event (
    context   TEXT    NOT NULL,
    partition INTEGER NOT NULL,
    position  INTEGER NOT NULL,
    stream    INTEGER NOT NULL,
    sequence  INTEGER NOT NULL,
    logged_at INTEGER NOT NULL, -- microseconds since 1970
    record    TEXT    NOT NULL,
    PRIMARY KEY (context, partition, position),
    UNIQUE (context, partition, stream, sequence)
) STRICT, WITHOUT ROWID;

-- The inbox. detail is null for the plain case, an accepted command of an existing stream;
-- otherwise it is the whole outcome as JSON.
CREATE TABLE outcome (
    context        TEXT    NOT NULL,
    partition      INTEGER NOT NULL,
    command        BLOB    NOT NULL,
    body_hash      INTEGER NOT NULL,
    stream         INTEGER NOT NULL,
    first_position INTEGER NOT NULL,
    version        INTEGER NOT NULL,
    events         INTEGER NOT NULL,
    detail         TEXT,
    PRIMARY KEY (context, partition, command)
) STRICT, WITHOUT ROWID;

CREATE TABLE timer (
    context   TEXT    NOT NULL,
    key       TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    partition INTEGER NOT NULL,
    id        BLOB    NOT NULL,
    due       INTEGER NOT NULL, -- microseconds since 1970
    command   TEXT    NOT NULL,
    PRIMARY KEY (context, key, name),
    UNIQUE (context, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX timer_due ON timer (context, due);

CREATE TABLE dead_letter (
    context   TEXT    NOT NULL,
    partition INTEGER NOT NULL,
    "offset"  INTEGER NOT NULL,
    key       BLOB,
    value     BLOB,
    headers   BLOB    NOT NULL,
    logged_at INTEGER NOT NULL, -- microseconds since 1970
    reason    TEXT    NOT NULL,
    detail    TEXT    NOT NULL,
    state     TEXT    NOT NULL,
    PRIMARY KEY (context, partition, "offset")
) STRICT, WITHOUT ROWID;
CREATE INDEX dead_letter_parked ON dead_letter (context, partition, key) WHERE state = 'parked';

CREATE TABLE view_checkpoint (
    view        TEXT    NOT NULL,
    version     INTEGER NOT NULL,
    partition   INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    next_offset INTEGER NOT NULL,
    PRIMARY KEY (view, version, partition)
) STRICT, WITHOUT ROWID;

CREATE TABLE view_value (
    view    TEXT    NOT NULL,
    version INTEGER NOT NULL,
    key     TEXT    NOT NULL,
    value   BLOB    NOT NULL,
    PRIMARY KEY (view, version, key)
) STRICT, WITHOUT ROWID;
