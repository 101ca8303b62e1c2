-- Spans that were stored before their keys were recorded: whoever asks about such times must not take a
-- key that is not recorded for one that no span has.
INSERT INTO {{database}}.attribute_keys (tenant, time_bucket, scope, key, type)
SELECT DISTINCT tenant, time_bucket, '', '', 'encoded' FROM {{database}}.spans;
