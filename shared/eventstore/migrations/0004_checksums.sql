-- Checksums: beside each row 64 bits of xxh3 over all it says, so that whoever reads it can tell whether
-- it is what was written. Rows of before have none and are believed. And the chain of each partition: a
-- running hash over the checksums of its events, whose head stands in the cursor, with a mark at every
-- thousandth position.

CREATE FUNCTION dealerboard.install_checksums(context text, partitions int)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF to_regclass(format('%I.mark_0', context)) IS NOT NULL THEN
        RETURN;
    END IF;

    -- Offsets do not count records, so what was handled is counted once by what became of it. Rotating
    -- the owners fences whoever still writes without checksums; having no defaults keeps a program that
    -- does not know these columns from taking a partition over.
    EXECUTE format($sql$
        ALTER TABLE %1$I.cursor
            ADD COLUMN handled    bigint,
            ADD COLUMN chain_from bigint,
            ADD COLUMN chain      bigint,
            ADD COLUMN checksum   bigint;
        UPDATE %1$I.cursor
            SET owner = gen_random_uuid(), chain_from = next_position, chain = 0, handled = repeats;
    $sql$, context);

    FOR p IN 0 .. partitions - 1 LOOP
        EXECUTE format($sql$
            ALTER TABLE %1$I.event_%2$s ADD COLUMN checksum bigint;
            ALTER TABLE %1$I.outcome_%2$s ADD COLUMN checksum bigint;
            CREATE TABLE %1$I.mark_%2$s (
                position bigint PRIMARY KEY,
                chain    bigint NOT NULL
            );
            UPDATE %1$I.cursor SET handled = handled
                + (SELECT count(*) FROM %1$I.outcome_%2$s)
                + (SELECT count(*) FROM %1$I.dead_letter WHERE partition = %2$s)
                WHERE partition = %2$s;
        $sql$, context, p);
    END LOOP;

    -- The key of a letter is asked for without the rest of it, so it is proven by itself.
    EXECUTE format($sql$
        ALTER TABLE %1$I.cursor
            ALTER COLUMN handled SET NOT NULL,
            ALTER COLUMN chain_from SET NOT NULL,
            ALTER COLUMN chain SET NOT NULL;
        ALTER TABLE %1$I.timer ADD COLUMN checksum bigint;
        ALTER TABLE %1$I.dead_letter ADD COLUMN checksum bigint, ADD COLUMN key_checksum bigint;
        ALTER TABLE %1$I.outcome_notice ADD COLUMN checksum bigint;
    $sql$, context);
END $$;

-- Contexts installed from now on …
CREATE OR REPLACE FUNCTION dealerboard.install(context text, aggregate_type text, partitions int)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM dealerboard.install_events(context, aggregate_type, partitions);
    PERFORM dealerboard.install_snapshots(context, partitions);
    PERFORM dealerboard.install_notices(context);
    PERFORM dealerboard.install_checksums(context, partitions);
END $$;

-- … and those there are.
SELECT dealerboard.install_checksums(name, partitions) FROM dealerboard.context;
