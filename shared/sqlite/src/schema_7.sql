-- Version 7: calls outside that were given up, and what waits behind them.
CREATE TABLE parked_call (
    context   TEXT    NOT NULL,
    partition INTEGER NOT NULL,
    effect    TEXT    NOT NULL,
    position  INTEGER NOT NULL, -- log position of the event that led to it
    n         INTEGER NOT NULL,
    key       TEXT    NOT NULL,
    id        BLOB    NOT NULL,
    operation TEXT,             -- null with body when there was no call
    body      BLOB,
    reason    TEXT    NOT NULL,
    detail    TEXT    NOT NULL,
    tries     INTEGER NOT NULL,
    parked_at INTEGER NOT NULL, -- microseconds since 1970
    state     TEXT    NOT NULL,
    marked_by TEXT,
    checksum  INTEGER NOT NULL,
    PRIMARY KEY (context, partition, effect, position, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX parked_call_open ON parked_call (context, partition, effect, key, position, n, state)
    WHERE state IN ('parked', 'waiting');
