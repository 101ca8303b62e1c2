-- Which attributes there are: every key that a span of a tenant and five minutes has, itself or by its
-- resource, scope, events or links, with the types of its values. A set: the same row may come as often
-- as it likes. Kept as long as spans. Types and order are those of src/store/native/key-block.ts.

CREATE TABLE IF NOT EXISTS {{database}}.attribute_keys {{on_cluster}}
(
    tenant LowCardinality(String) CODEC(ZSTD(1)),
    -- As in spans.
    time_bucket DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    -- TraceQL's word: span, resource, instrumentation, event, link.
    scope LowCardinality(String) CODEC(ZSTD(1)),
    key String CODEC(ZSTD(1)),
    -- string, int, double, bool, or encoded for all the rest; see src/model/attribute-columns.ts.
    type LowCardinality(String) CODEC(ZSTD(1))
)
ENGINE = {{engine:ReplacingMergeTree}}
PARTITION BY toDate(time_bucket)
ORDER BY (tenant, toStartOfHour(time_bucket), scope, key, type, time_bucket)
TTL toDate(time_bucket) + toIntervalDay({{retention_days}})
SETTINGS ttl_only_drop_parts = 1;
