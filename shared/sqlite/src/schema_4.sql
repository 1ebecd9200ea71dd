-- Version 4: checksums. Beside each row stand 64 bits of xxh3 over all it says, so that whoever reads it
-- can tell whether it is what was written; rows of before have none and are believed. And the chain of
-- each partition: a running hash over the checksums of its events, whose head stands in the cursor, with
-- a mark at every thousandth position.
ALTER TABLE command ADD COLUMN checksum INTEGER;
ALTER TABLE event ADD COLUMN checksum INTEGER;
ALTER TABLE outcome ADD COLUMN checksum INTEGER;
ALTER TABLE timer ADD COLUMN checksum INTEGER;
ALTER TABLE dead_letter ADD COLUMN checksum INTEGER;
-- The key of a letter is asked for without the rest of it, so it is proven by itself.
ALTER TABLE dead_letter ADD COLUMN key_checksum INTEGER;
DROP INDEX dead_letter_parked;
CREATE INDEX dead_letter_parked ON dead_letter (context, partition, key, key_checksum)
    WHERE state = 'parked';
ALTER TABLE outcome_notice ADD COLUMN checksum INTEGER;
ALTER TABLE key_binding ADD COLUMN checksum INTEGER;
ALTER TABLE view_checkpoint ADD COLUMN checksum INTEGER;

-- Offsets do not count records, so what was handled is counted once by what became of it.
ALTER TABLE cursor ADD COLUMN handled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cursor ADD COLUMN chain_from INTEGER NOT NULL DEFAULT 1;
ALTER TABLE cursor ADD COLUMN chain INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cursor ADD COLUMN checksum INTEGER;
UPDATE cursor SET
    chain_from = next_position,
    handled = repeats
        + (SELECT count(*) FROM outcome o
            WHERE o.context = cursor.context AND o.partition = cursor.partition)
        + (SELECT count(*) FROM dead_letter d
            WHERE d.context = cursor.context AND d.partition = cursor.partition);

CREATE TABLE mark (
    context   TEXT    NOT NULL,
    partition INTEGER NOT NULL,
    position  INTEGER NOT NULL,
    chain     INTEGER NOT NULL,
    PRIMARY KEY (context, partition, position)
) STRICT, WITHOUT ROWID;
