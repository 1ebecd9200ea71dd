-- The keys that all processes of the installation must have. Always their fingerprints, so that one
-- with other keys is told; and the keys themselves, encrypted by a key that is not here, where the
-- installation keeps them in the database.

CREATE TABLE dealerboard.installation_key (
    purpose     text  NOT NULL CHECK (purpose IN ('records', 'tokens')),
    id          text  NOT NULL,
    fingerprint text  NOT NULL,
    wrapped     bytea,
    wrapped_by  text,
    PRIMARY KEY (purpose, id),
    CHECK ((wrapped IS NULL) = (wrapped_by IS NULL))
);
