-- Letters name their commands, so that whoever sent one can ask for it; outcomes wait here for their
-- topic.

CREATE FUNCTION dealerboard.install_notices(context text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I.dead_letter ADD COLUMN IF NOT EXISTS command uuid', context);
    EXECUTE format(
        'CREATE INDEX IF NOT EXISTS dead_letter_command ON %I.dead_letter (command) '
        'WHERE command IS NOT NULL', context);
    EXECUTE format($sql$
        CREATE TABLE IF NOT EXISTS %1$I.outcome_notice (
            partition smallint NOT NULL,
            "offset"  bigint   NOT NULL,
            key       bytea,
            value     text     NOT NULL,
            PRIMARY KEY (partition, "offset")
        )
    $sql$, context);
END $$;

-- Contexts installed from now on …
CREATE OR REPLACE FUNCTION dealerboard.install(context text, aggregate_type text, partitions int)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM dealerboard.install_events(context, aggregate_type, partitions);
    PERFORM dealerboard.install_snapshots(context, partitions);
    PERFORM dealerboard.install_notices(context);
END $$;

-- … and those there are.
SELECT dealerboard.install_notices(name) FROM dealerboard.context;
