-- The event store: one schema per context, narrow tables per partition.
--
-- Why tables per partition and not one partitioned table: rows need no partition column, inserts no
-- routing, and each index stays small. Why a stream number beside the key: an eight-byte integer in
-- every event instead of a text. Both were measured on the commit path.

CREATE SCHEMA dealerboard;

-- Which contexts are installed, and the partition count that is fixed with it.
CREATE TABLE dealerboard.context (
    name           text PRIMARY KEY,
    aggregate_type text NOT NULL,
    partitions     int  NOT NULL CHECK (partitions BETWEEN 1 AND 1024)
);

-- Creates a context's tables. Installing it again with the same count changes nothing; with another
-- count it is refused, because keys would change their partition.
CREATE FUNCTION dealerboard.install(context text, aggregate_type text, partitions int)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    installed int;
    p int;
    branches text := '';
BEGIN
    SELECT c.partitions INTO installed FROM dealerboard.context c WHERE c.name = context;
    IF FOUND THEN
        IF installed <> partitions THEN
            RAISE EXCEPTION 'context % is installed with % partitions, not %',
                context, installed, partitions;
        END IF;
        RETURN;
    END IF;
    INSERT INTO dealerboard.context VALUES (context, aggregate_type, partitions);
    EXECUTE format('CREATE SCHEMA %I', context);

    EXECUTE format($sql$
        CREATE TABLE %1$I.cursor (
            partition     smallint PRIMARY KEY,
            owner         uuid     NOT NULL,
            next_offset   bigint   NOT NULL,
            next_position bigint   NOT NULL,
            next_stream   bigint   NOT NULL,
            repeats       bigint   NOT NULL
        ) WITH (fillfactor = 50)
    $sql$, context);

    EXECUTE format($sql$
        CREATE TABLE %1$I.timer (
            key       text     COLLATE "C" NOT NULL,
            name      text     COLLATE "C" NOT NULL,
            partition smallint NOT NULL,
            id        uuid     NOT NULL UNIQUE,
            due       bigint   NOT NULL,
            command   text     NOT NULL,
            PRIMARY KEY (key, name)
        )
    $sql$, context);
    EXECUTE format('CREATE INDEX timer_due ON %I.timer (due)', context);

    EXECUTE format($sql$
        CREATE TABLE %1$I.dead_letter (
            partition     smallint NOT NULL,
            "offset"      bigint   NOT NULL,
            key           bytea,
            value         bytea,
            header_names  text[]   NOT NULL,
            header_values bytea[]  NOT NULL,
            logged_at     bigint   NOT NULL,
            reason        text     NOT NULL,
            detail        text     NOT NULL,
            state         text     NOT NULL DEFAULT 'parked',
            PRIMARY KEY (partition, "offset")
        )
    $sql$, context);
    EXECUTE format(
        'CREATE INDEX dead_letter_parked ON %I.dead_letter (partition) WHERE state = ''parked''',
        context);

    FOR p IN 0 .. partitions - 1 LOOP
        EXECUTE format($sql$
            CREATE TABLE %1$I.stream_%2$s (
                stream bigint PRIMARY KEY,
                key    text   COLLATE "C" NOT NULL UNIQUE
            )
        $sql$, context, p);
        EXECUTE format($sql$
            CREATE TABLE %1$I.event_%2$s (
                position bigint PRIMARY KEY,
                stream   bigint NOT NULL,
                sequence int    NOT NULL,
                record   text   NOT NULL,
                UNIQUE (stream, sequence)
            )
        $sql$, context, p);
        -- detail is null for the plain case, an accepted command with events; otherwise the whole
        -- outcome as JSON.
        EXECUTE format($sql$
            CREATE TABLE %1$I.outcome_%2$s (
                command        uuid     PRIMARY KEY,
                body_hash      bigint   NOT NULL,
                stream         bigint   NOT NULL,
                first_position bigint   NOT NULL,
                version        int      NOT NULL,
                events         int      NOT NULL,
                detail         text
            )
        $sql$, context, p);
        branches := branches || CASE WHEN p > 0 THEN ' UNION ALL ' ELSE '' END || format($sql$
            SELECT %3$L::text AS aggregate_type, s.key AS aggregate_id,
                   e.sequence::bigint AS sequence, e.record::json ->> 'type' AS event_type,
                   e.record::json ->> 'v' AS event_version, e.record::json AS payload,
                   json_build_object(
                       'id', e.record::json ->> 'id', 'command', e.record::json ->> 'command',
                       'actor', e.record::json ->> 'actor', 'at', e.record::json ->> 'at',
                       'position', e.position::text, 'partition', %2$L
                   ) AS metadata
              FROM %1$I.event_%2$s e JOIN %1$I.stream_%2$s s ON s.stream = e.stream
        $sql$, context, p, aggregate_type);
    END LOOP;

    -- postgres-es's columns, so that cqrs-es tooling reads this store.
    EXECUTE format('CREATE VIEW %I.events AS %s', context, branches);
END $$;
