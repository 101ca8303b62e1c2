/**
 * From facts to decisions, in SQL, since there may be many traces: what `src/sampling/decide.ts` says of
 * them, which a test compares. Limits are kept to within each tenant.
 */
import assert from "node:assert/strict";
import { quotaOf } from "../../sampling/decide.ts";
import { UNDECIDED } from "../../sampling/judge.ts";
import type { Keep, Policies } from "../../sampling/policy.ts";
import { RANGE, thresholdOf, weightOf } from "../../sampling/threshold.ts";
import { identifier, joinSql, programText, type Sql, sql } from "../sql.ts";

/** Where decisions come from. */
export interface Deciding {
  readonly database: string;
  /** The table of facts. */
  readonly facts: string;
  readonly policies: Policies;
  /** Bytes that a span takes on disk, on average. */
  readonly bytesPerSpan: number;
  /** The day that is decided about, like "2026-01-31": what was decided about it already is left out, and
   * what was decided about the days beside it is decided here, too. Absent: nothing was decided before. */
  readonly day?: string | undefined;
}

/** The policy of what was decided before. */
const BEFORE = -3;

/** Decisions as rows: tenant, trace_id, last_day, spans, policy (its index, or less than 0), policy_name,
 * weight. */
export function decisionsSql(deciding: Deciding): Sql {
  const names = deciding.policies.map(({ name }) => name);
  return sql`SELECT tenant, trace_id, last_day, spans, policy,
      multiIf(policy = ${int(BEFORE)}, policy_before, policy < 0, '',
        ${texts(names)}[policy + 1]) AS policy_name,
      weight
    FROM (SELECT *, ${weightSql(deciding.policies)} AS weight FROM (${filledSql(deciding)}))`;
}

/** The traces in the order in which they fill limits: what is `used` with each, and the threshold that
 * follows. */
function filledSql(deciding: Deciding): Sql {
  if (deciding.policies.every(({ keep }) => quotaOf(keep) === undefined)) {
    return sql`SELECT *, 1 AS fits, 0 AS used, 0 AS amount, 0 AS threshold
      FROM (${tracesSql(deciding)})`;
  }
  return sql`SELECT *,
      maxIf(randomness + 1, fits AND used > amount)
        OVER (PARTITION BY tenant, policy, window) AS threshold
    FROM (
      SELECT *,
        sum(if(fits, size, 0)) OVER (
          PARTITION BY tenant, policy, window ORDER BY randomness DESC, trace_id
          ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS used
      FROM (${limitsSql(deciding)})
    )`;
}

/** The traces with the limit that is for each: so much of `amount` in the same `window`. Those without
 * a limit have windows of their own, which are quickly done with. */
function limitsSql(deciding: Deciding): Sql {
  const { policies, bytesPerSpan } = deciding;
  const quotas = policies.map(({ keep }) => quotaOf(keep));
  const units = quotas.map((quota) => (quota?.of === "bytes" ? bytesPerSpan : 1));
  const ofTraces = quotas.map((quota) => (quota?.of === "traces" ? 1 : 0));
  const at = (values: readonly number[]): Sql => sql`${floats(values)}[policy + 1]`;
  return sql`SELECT *, policy >= 0 AND ${at(quotas.map((quota) => (quota ? 1 : 0)))} = 1 AS is_limited,
      if(is_limited, toFloat64(intDiv(start,
        toUInt64(${at(quotas.map((quota) => quota?.seconds ?? 1))}) * 1000000000)),
        toFloat64(randomness)) AS window,
      if(is_limited, ${at(quotas.map((quota) => quota?.amount ?? 0))}, 0) AS amount,
      if(is_limited, if(${at(ofTraces)} = 1, 1, spans * ${at(units)}), 0) AS size,
      size <= amount AS fits
    FROM (${tracesSql(deciding)})`;
}

/** The facts, each trace once, with what was decided before. */
function tracesSql({ database, facts, day }: Deciding): Sql {
  const before =
    day === undefined
      ? sql``
      : sql`UNION ALL SELECT tenant, trace_id, 0 AS r, 0 AS s, 0 AS n, last_day AS l,
          toInt16(-32768) AS p, policy AS name, weight AS w, 0 AS is_fact, day = ${date(day)} AS is_done
        FROM ${identifier(database)}.sampling_decisions
        WHERE day >= ${date(day)} - 1 AND day <= ${date(day)} + 1`;
  return sql`SELECT tenant, trace_id, max(r) AS randomness, max(s) AS start, max(n) AS spans,
      max(l) AS last_day, max(name) AS policy_before, max(w) AS weight_before,
      if(weight_before >= 0, ${int(BEFORE)}, max(p)) AS policy
    FROM (
      SELECT tenant, trace_id, randomness AS r, start_unix_nano AS s, spans AS n, last_day AS l,
        policy AS p, '' AS name, -1. AS w, 1 AS is_fact, 0 AS is_done
      FROM ${identifier(database)}.${identifier(facts)}
      ${before}
    )
    GROUP BY tenant, trace_id
    HAVING max(is_fact) = 1 AND max(is_done) = 0`;
}

function weightSql(policies: Policies): Sql {
  const full = sql`${{ type: "Float64", value: Number(RANGE) }}`;
  const branches = policies.flatMap(({ keep }, i): Sql[] => {
    const weight = unlimitedWeight(keep);
    return weight === undefined ? [] : [sql`policy = ${int(i)}, ${weight}`];
  });
  // What the evaluator could not decide, or did not find any more, is kept.
  return sql`multiIf(${joinSql(
    [
      sql`policy = ${int(BEFORE)}, weight_before`,
      sql`policy <= ${int(UNDECIDED)}, 1`,
      ...branches,
      sql`fits AND used <= amount, ${full} / toFloat64(${{ type: "UInt64", value: RANGE }} - threshold)`,
      sql`0`,
    ],
    sql`, `,
  )})`;
}

function unlimitedWeight(keep: Keep): Sql | undefined {
  if (keep.kind === "always") return sql`1`;
  if (keep.kind === "never") return sql`0`;
  if (keep.kind !== "probability") return undefined;
  if (keep.probability === 0) return sql`0`;
  const threshold = thresholdOf(keep.probability);
  return sql`if(randomness >= ${{ type: "UInt64", value: threshold }},
    ${{ type: "Float64", value: weightOf(threshold) }}, 0)`;
}

function int(value: number): Sql {
  return sql`${{ type: "Int16", value }}`;
}

function floats(value: readonly number[]): Sql {
  return sql`${{ type: "Array(Float64)", value }}`;
}

function texts(value: readonly string[]): Sql {
  return sql`${{ type: "Array(String)", value }}`;
}

/** A day as SQL. */
export function date(day: string): Sql {
  return sql`toDate(${{ type: "String", value: day }})`;
}

/** The day as the name of a partition, which takes no parameter. */
export function partition(day: string): Sql {
  assert.match(day, /^\d{4}-\d\d-\d\d$/);
  return programText(`'${day}'`);
}
