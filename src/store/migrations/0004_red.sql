-- What spans say together, by minute and by hour: calls, durations, sizes of every operation and
-- outcome. A batch of spans adds its own rows to both, under tokens of its own, and ClickHouse adds up
-- rows with the same key when it merges parts: who reads must add up, too. Kept longer than spans, each
-- table as long as its own setting says. Types and order are those of src/store/red-tables.ts.
--
-- Ordered by the hour first, so that one hour of all services is read as quickly as one service.

CREATE TABLE IF NOT EXISTS {{database}}.red_1m {{on_cluster}}
(
    tenant LowCardinality(String) CODEC(ZSTD(1)),
    -- When the minute began in which the spans started.
    time DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    service LowCardinality(String) CODEC(ZSTD(1)),
    -- Of the spans; with {id} in place of ids where a service would have too many.
    name LowCardinality(String) CODEC(ZSTD(1)),
    kind UInt8 CODEC(ZSTD(1)),
    status_code UInt8 CODEC(ZSTD(1)),
    -- Attributes that are configured as dimensions, as a JSON object; empty without any.
    dimensions LowCardinality(String) CODEC(ZSTD(1)),
    -- Spans that came.
    calls SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    -- Spans that did not, because a sampler took only some: the sum of weight - 1.
    unseen SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    duration_nano SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    unseen_duration_nano SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    -- Of the spans as OTLP.
    bytes SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    -- Spans by bucket of their duration, see src/model/latency-buckets.ts.
    histogram SimpleAggregateFunction(sumMap, Map(Int16, UInt64)) CODEC(ZSTD(1)),
    unseen_histogram SimpleAggregateFunction(sumMap, Map(Int16, Float64)) CODEC(ZSTD(1)),
    -- By group of nine buckets: trace id and span id of one of the spans.
    exemplars SimpleAggregateFunction(maxMap, Map(Int16, FixedString(24))) CODEC(ZSTD(1))
)
ENGINE = {{engine:AggregatingMergeTree}}
PARTITION BY toDate(time)
ORDER BY (tenant, toStartOfHour(time), service, name, kind, status_code, dimensions, time)
TTL toDate(time) + toIntervalDay(30)
SETTINGS
    ttl_only_drop_parts = 1,
    non_replicated_deduplication_window = 10000;

-- The same by hour. Exemplars would name traces that are gone.
CREATE TABLE IF NOT EXISTS {{database}}.red_1h {{on_cluster}}
(
    tenant LowCardinality(String) CODEC(ZSTD(1)),
    time DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    service LowCardinality(String) CODEC(ZSTD(1)),
    name LowCardinality(String) CODEC(ZSTD(1)),
    kind UInt8 CODEC(ZSTD(1)),
    status_code UInt8 CODEC(ZSTD(1)),
    dimensions LowCardinality(String) CODEC(ZSTD(1)),
    calls SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    unseen SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    duration_nano SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    unseen_duration_nano SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    bytes SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    histogram SimpleAggregateFunction(sumMap, Map(Int16, UInt64)) CODEC(ZSTD(1)),
    unseen_histogram SimpleAggregateFunction(sumMap, Map(Int16, Float64)) CODEC(ZSTD(1))
)
ENGINE = {{engine:AggregatingMergeTree}}
PARTITION BY toStartOfMonth(time)
ORDER BY (tenant, toDate(time), service, name, kind, status_code, dimensions, time)
TTL toDate(time) + toIntervalDay(400)
SETTINGS
    ttl_only_drop_parts = 1,
    non_replicated_deduplication_window = 10000;
