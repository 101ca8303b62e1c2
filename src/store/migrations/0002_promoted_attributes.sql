-- Attributes that traffic has given a column of their own in spans, one row for each step: what the
-- column is for and why it was added. Read at every start; see src/store/promote.ts.

CREATE TABLE IF NOT EXISTS {{database}}.promoted_attributes {{on_cluster}}
(
    scope LowCardinality(String),
    key String,
    type LowCardinality(String),
    column String,
    column_type LowCardinality(String),
    promoted_at DateTime64(3, 'UTC') DEFAULT now64(3),
    reason String
)
ENGINE = {{engine}}
ORDER BY (promoted_at, column);
