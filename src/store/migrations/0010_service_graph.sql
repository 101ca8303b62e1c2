-- Who calls whom, by minute: edges of the service graph, computed from spans slice by slice (five
-- minutes, as spans are ordered). A slice is computed again when more of its spans have come; rows of
-- each time have a `run`, and the latest run that service_graph_slices knows of is the one that counts.
CREATE TABLE IF NOT EXISTS {{database}}.service_graph_1m {{on_cluster}}
(
    tenant LowCardinality(String) CODEC(ZSTD(1)),
    slice DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    run UInt64 CODEC(ZSTD(1)),
    -- When the minute began in which the calls were taken, or made if nobody is seen to take them.
    time DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    client LowCardinality(String) CODEC(ZSTD(1)),
    server LowCardinality(String) CODEC(ZSTD(1)),
    -- One of src/model/edge-sums.ts.
    connection LowCardinality(String) CODEC(ZSTD(1)),
    -- The queue between a service that sends messages and one that takes them.
    via LowCardinality(String) CODEC(ZSTD(1)),
    calls Float64 CODEC(ZSTD(1)),
    failed Float64 CODEC(ZSTD(1)),
    -- Of the calls that have a span of that side: how many, how long in all, and by bucket of
    -- src/model/latency-buckets.ts. All are multiplied by sampling weights.
    client_calls Float64 CODEC(ZSTD(1)),
    client_nano Float64 CODEC(ZSTD(1)),
    client_histogram Map(Int16, Float64) CODEC(ZSTD(1)),
    server_calls Float64 CODEC(ZSTD(1)),
    server_nano Float64 CODEC(ZSTD(1)),
    server_histogram Map(Int16, Float64) CODEC(ZSTD(1))
)
ENGINE = {{engine}}
PARTITION BY toDate(slice)
ORDER BY (tenant, slice, client, server, connection, via, time)
TTL toDate(slice) + toIntervalDay(30)
SETTINGS ttl_only_drop_parts = 1;

-- Which slices have been computed, written when all rows of a run are there.
CREATE TABLE IF NOT EXISTS {{database}}.service_graph_slices {{on_cluster}}
(
    slice DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    run UInt64 CODEC(ZSTD(1)),
    -- Spans that were counted by then, of the slice and of the two minutes around it.
    spans UInt64 CODEC(ZSTD(1)),
    computed_at DateTime('UTC') DEFAULT now() CODEC(ZSTD(1))
)
ENGINE = {{engine:ReplacingMergeTree(run)}}
PARTITION BY toDate(slice)
ORDER BY slice
TTL toDate(slice) + toIntervalDay(30)
SETTINGS ttl_only_drop_parts = 1;
