-- Version 5: which keys the records in this file are signed with. The keys are elsewhere.
CREATE TABLE installation_key (
    purpose     TEXT NOT NULL,
    id          TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    PRIMARY KEY (purpose, id)
) STRICT, WITHOUT ROWID;
