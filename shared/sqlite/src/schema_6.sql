-- Version 6: snapshots of live projections, one current of each projection and shape, in parts that count
-- once the snapshot is published. They are disposable: a file without them, or with wrong ones, makes a
-- process that starts read all events again, and nothing else.
CREATE TABLE fold_snapshot (
    projection TEXT    NOT NULL,
    shape      INTEGER NOT NULL,
    events     INTEGER NOT NULL,
    parts      INTEGER NOT NULL,
    checksum   INTEGER NOT NULL,
    PRIMARY KEY (projection, shape)
) STRICT, WITHOUT ROWID;

CREATE TABLE fold_snapshot_part (
    projection TEXT    NOT NULL,
    shape      INTEGER NOT NULL,
    events     INTEGER NOT NULL,
    checksum   INTEGER NOT NULL,
    part       INTEGER NOT NULL,
    bytes      BLOB    NOT NULL,
    PRIMARY KEY (projection, shape, events, checksum, part)
) STRICT;
