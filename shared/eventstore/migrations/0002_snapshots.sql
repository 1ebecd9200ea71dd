-- Snapshots: per partition, at most one per stream. They are disposable: an installation without
-- them, or with wrong ones, is slower and nothing else.

CREATE FUNCTION dealerboard.install_snapshots(context text, partitions int)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR p IN 0 .. partitions - 1 LOOP
        -- No foreign key: nothing that holds for a snapshot may hold up an event. Half of each page
        -- stays free, so that the next snapshot of a stream replaces the last where it stands.
        EXECUTE format($sql$
            CREATE TABLE IF NOT EXISTS %1$I.snapshot_%2$s (
                stream   bigint   PRIMARY KEY,
                version  int      NOT NULL,
                shape    int      NOT NULL,
                checksum bigint   NOT NULL,
                state    text     NOT NULL
            ) WITH (fillfactor = 50)
        $sql$, context, p);
    END LOOP;
END $$;

-- Contexts installed from now on …
ALTER FUNCTION dealerboard.install(text, text, int) RENAME TO install_events;

CREATE FUNCTION dealerboard.install(context text, aggregate_type text, partitions int)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM dealerboard.install_events(context, aggregate_type, partitions);
    PERFORM dealerboard.install_snapshots(context, partitions);
END $$;

-- … and those there are.
SELECT dealerboard.install_snapshots(name, partitions) FROM dealerboard.context;
