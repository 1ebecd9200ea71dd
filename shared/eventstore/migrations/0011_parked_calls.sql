-- Calls outside that were given up, and what waits behind them. One table for all effects: there are
-- few, and none is on the way of a commit.

CREATE TABLE dealerboard.parked_call (
    context   text     COLLATE "C" NOT NULL,
    partition smallint NOT NULL,
    effect    text     COLLATE "C" NOT NULL,
    position  bigint   NOT NULL, -- log position of the event that led to it
    n         bigint   NOT NULL,
    key       text     COLLATE "C" NOT NULL,
    id        uuid     NOT NULL,
    operation text,              -- null with body when there was no call
    body      bytea,
    reason    text     NOT NULL,
    detail    text     NOT NULL,
    tries     bigint   NOT NULL,
    parked_at bigint   NOT NULL, -- microseconds since 1970
    state     text     NOT NULL,
    marked_by text,
    checksum  bigint   NOT NULL,
    PRIMARY KEY (context, partition, effect, position, n),
    CHECK ((operation IS NULL) = (body IS NULL))
);
CREATE INDEX parked_call_open ON dealerboard.parked_call
    (context, partition, effect, key, position, n, state)
    WHERE state IN ('parked', 'waiting');
