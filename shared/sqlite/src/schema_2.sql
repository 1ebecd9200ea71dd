-- Version 2: snapshots, at most one per stream. They are disposable: a file without them, or with wrong
-- ones, is slower and nothing else.
CREATE TABLE snapshot (
    context   TEXT    NOT NULL,
    partition INTEGER NOT NULL,
    stream    INTEGER NOT NULL,
    version   INTEGER NOT NULL,
    shape     INTEGER NOT NULL,
    checksum  INTEGER NOT NULL,
    state     TEXT    NOT NULL,
    PRIMARY KEY (context, partition, stream)
) STRICT, WITHOUT ROWID;
