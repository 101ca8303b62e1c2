-- Values that only `exact` has (arrays, lists, bytes) are looked at wherever a filter may be about them:
-- almost nowhere, and this tells where.
ALTER TABLE {{database}}.spans {{on_cluster}}
    ADD INDEX IF NOT EXISTS exact_length length(exact) TYPE minmax GRANULARITY 1;
