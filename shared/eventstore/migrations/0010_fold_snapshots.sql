-- Snapshots of live projections, one current of each projection and shape, in parts that count once the
-- snapshot is published. They are disposable: an installation without them, or with wrong ones, has a
-- process that starts read all events again, and nothing else.

CREATE TABLE dealerboard.fold_snapshot (
    projection text   NOT NULL,
    shape      int    NOT NULL,
    events     bigint NOT NULL,
    parts      bigint NOT NULL,
    checksum   bigint NOT NULL,
    PRIMARY KEY (projection, shape)
);

CREATE TABLE dealerboard.fold_snapshot_part (
    projection text   NOT NULL,
    shape      int    NOT NULL,
    events     bigint NOT NULL,
    checksum   bigint NOT NULL,
    part       bigint NOT NULL,
    bytes      bytea  NOT NULL,
    PRIMARY KEY (projection, shape, events, checksum, part)
);

-- They are compressed already.
ALTER TABLE dealerboard.fold_snapshot_part ALTER bytes SET STORAGE EXTERNAL;
