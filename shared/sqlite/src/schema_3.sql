-- Version 3: letters name their commands; outcomes wait for their topic; callers' keys are bound to
-- requests.
ALTER TABLE dead_letter ADD COLUMN command BLOB;
CREATE INDEX dead_letter_command ON dead_letter (context, command) WHERE command IS NOT NULL;

CREATE TABLE outcome_notice (
    context   TEXT    NOT NULL,
    partition INTEGER NOT NULL,
    "offset"  INTEGER NOT NULL,
    key       BLOB,
    value     TEXT    NOT NULL,
    PRIMARY KEY (context, partition, "offset")
) STRICT, WITHOUT ROWID;

-- key is `{tenant}/{key}`, request a hash; a key is forgotten some time after a day.
CREATE TABLE key_binding (
    key      TEXT    NOT NULL PRIMARY KEY,
    request  BLOB    NOT NULL,
    bound_at INTEGER NOT NULL -- microseconds since 1970
) STRICT, WITHOUT ROWID;
CREATE INDEX key_binding_age ON key_binding (bound_at);
