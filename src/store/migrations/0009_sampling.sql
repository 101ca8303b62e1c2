-- Sampling in hindsight: whole days of spans are rewritten without the traces that no policy keeps.
-- See src/store/thinning/.

-- How many spans a span stands for: what its sampler wrote into tracestate (ot=th:…, a threshold of
-- 1 to 14 hex digits, a fraction of 2^56; src/model/sampling-weight.ts), or what thinning adds.
ALTER TABLE {{database}}.spans {{on_cluster}}
    ADD COLUMN IF NOT EXISTS sampling_weight Float64 DEFAULT
        if(trace_state = '' OR NOT match(trace_state, '(^|,)[ \t]*ot=([^,]*;)?th:[0-9a-f]{1,14}[ \t]*([;,]|$)'), 1,
            72057594037927936 / (72057594037927936 - reinterpretAsUInt64(reverse(unhex(concat('00', rightPad(
                extract(trace_state, '(?:^|,)[ \t]*ot=(?:[^,]*;)?th:([0-9a-f]{1,14})'), 14, '0'))))))) CODEC(ZSTD(1));

-- What was decided about each trace that has spans on a day, once: late spans follow it, and so does
-- what the trace has on the next day.
CREATE TABLE IF NOT EXISTS {{database}}.sampling_decisions {{on_cluster}}
(
    day Date CODEC(ZSTD(1)),
    tenant LowCardinality(String) CODEC(ZSTD(1)),
    trace_id FixedString(16) CODEC(ZSTD(1)),
    -- How many traces it stands for; 0 if it is dropped.
    weight Float64 CODEC(ZSTD(1)),
    policy LowCardinality(String) CODEC(ZSTD(1)),
    -- The last day on which it was known to have spans.
    last_day Date CODEC(ZSTD(1)),
    decided_at DateTime('UTC') CODEC(ZSTD(1))
)
ENGINE = {{engine}}
PARTITION BY day
ORDER BY (tenant, trace_id)
TTL day + toIntervalDay({{retention_days}} + 1)
SETTINGS ttl_only_drop_parts = 1;

-- Days that were thinned, a row each time; the newest counts.
CREATE TABLE IF NOT EXISTS {{database}}.thinned_days {{on_cluster}}
(
    day Date,
    thinned_at DateTime64(3, 'UTC') DEFAULT now64(3),
    -- Parts of the day with a higher block number came later.
    max_block UInt64,
    spans_before UInt64,
    spans_after UInt64,
    bytes_before UInt64,
    bytes_after UInt64,
    -- The policies, as the file had them.
    policies String
)
ENGINE = {{engine}}
ORDER BY (day, thinned_at);

-- Traces that are never thinned away.
CREATE TABLE IF NOT EXISTS {{database}}.pinned_traces {{on_cluster}}
(
    tenant LowCardinality(String),
    trace_id FixedString(16),
    is_pinned Bool,
    changed_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = {{engine:ReplacingMergeTree(changed_at)}}
ORDER BY (tenant, trace_id);
