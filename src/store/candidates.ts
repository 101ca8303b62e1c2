/**
 * Which traces a search has to look at. Each filter of the query becomes a condition on a row (see
 * filter-sql.ts), and the query says which of them some span of a trace has to meet:
 *
 *     { A } >> { B } | count() > 2     A somewhere and B somewhere; the spans found are among B's
 *     { A } || { B }                   A or B somewhere; the spans found are among both
 *     { A } unless { B }               A somewhere; the spans found are among A's
 *
 * That is more traces than the query finds, and never fewer.
 */
import type { Pipeline, SpansetExpr, Stage } from "../traceql/ast.ts";
import { filedSql } from "./attribute-sql.ts";
import type { Sending, Settings, StoreClient } from "./client.ts";
import { filterTruth } from "./filter-sql.ts";
import type { SpansTable } from "./schema.ts";
import { identifier, type Sql, sql } from "./sql.ts";
import { type Condition, conditionSql, conjunction, disjunction } from "./truth-sql.ts";

/** What a trace needs to be looked at. */
export interface CandidatePlan {
  /** Of a row: some filter of the query may keep it. */
  readonly row: Condition;
  /** Of a row: the spans found are among these. */
  readonly found: Condition;
  /** Of a trace's rows together; true if any row of `found` is enough. */
  readonly trace: Condition;
  /** Rows before and after those found matter, too. */
  readonly needsOthers: boolean;
}

/** The plan of a search. */
export function candidatePlan(pipeline: Pipeline, table: SpansTable): CandidatePlan {
  const { row, found, trace, filters } = new Planner(table).pipeline(pipeline);
  return { row, found, trace: filters > 1 ? trace : true, needsOthers: filters > 1 };
}

interface Part {
  readonly row: Condition;
  readonly found: Condition;
  readonly trace: Condition;
  readonly filters: number;
}

class Planner {
  readonly #table: SpansTable;

  constructor(table: SpansTable) {
    this.#table = table;
  }

  pipeline({ stages }: Pipeline): Part {
    const parts = stages.filter(isSpanset).map((stage) => this.#spanset(stage));
    return { ...both(parts), found: parts.at(-1)!.found };
  }

  #spanset(expr: SpansetExpr): Part {
    switch (expr.kind) {
      case "filter": {
        const { may } = filterTruth(expr.condition, this.#table);
        const trace = typeof may === "boolean" ? may : sql`countIf(${may}) > 0`;
        return { row: may, found: may, trace, filters: 1 };
      }
      case "pipeline":
        return this.pipeline(expr);
      case "spansetLogic": {
        const parts = expr.operands.map((operand) => this.#spanset(operand));
        return expr.op === "&&" ? both(parts) : either(parts);
      }
      case "structural": {
        const [left, right] = [this.#spanset(expr.left), this.#spanset(expr.right)];
        if (expr.form === "negated") return { ...right, filters: left.filters + right.filters };
        const related = both([left, right]);
        return expr.form === "union" ? related : { ...related, found: right.found };
      }
      case "unless": {
        const left = this.#spanset(expr.left);
        return { ...left, filters: left.filters + 1 };
      }
    }
  }
}

function isSpanset(stage: Stage): stage is SpansetExpr {
  return (
    stage.kind !== "group" &&
    stage.kind !== "coalesce" &&
    stage.kind !== "select" &&
    stage.kind !== "scalarFilter"
  );
}

function both(parts: readonly Part[]): Part {
  return { ...either(parts), trace: conjunction(parts.map(({ trace }) => trace)) };
}

function either(parts: readonly Part[]): Part {
  return {
    row: disjunction(parts.map(({ row }) => row)),
    found: disjunction(parts.map(({ found }) => found)),
    trace: disjunction(parts.map(({ trace }) => trace)),
    filters: parts.reduce((sum, { filters }) => sum + filters, 0),
  };
}

/** Where to look. */
export interface CandidateReading {
  readonly client: StoreClient;
  readonly database: string;
  readonly tenant: string;
  readonly settings: Settings;
  readonly sending: Sending;
}

/** A stretch of time, in unix nanoseconds, its end not included. */
export interface Stretch {
  readonly fromNano: bigint;
  readonly toNano: bigint;
}

/** What candidates are ordered by: it is not below what the trace itself has. */
export type CandidateOrder = "newest" | "longest";

/** Which candidates to give. */
export interface CandidateQuery {
  readonly plan: CandidatePlan;
  readonly order: CandidateOrder;
  /** Some span that may be found is filed within it. */
  readonly stretch: Stretch;
  /** Rows that far before and after it count for `plan.trace`. */
  readonly reachNano: bigint;
  readonly limit: number;
  /** Only those that come after this one. */
  readonly after?: Candidate | undefined;
}

/** A trace that has to be looked at. */
export interface Candidate {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** By what it is ordered, the greatest first: when its first span found is filed (no trace has begun
   * later), or how long its longest is. */
  readonly key: bigint;
}

/** The traces to look at, in the order asked for. */
export async function readCandidates(
  { client, database, tenant, settings, sending }: CandidateReading,
  { plan, order, stretch, reachNano, limit, after }: CandidateQuery,
): Promise<Candidate[]> {
  const { fromNano, toNano } = stretch;
  const reach = plan.needsOthers ? reachNano : 0n;
  const found = conditionSql(
    conjunction([
      plan.found,
      sql`filed >= ${{ type: "UInt64", value: fromNano }}`,
      sql`filed < ${{ type: "UInt64", value: toNano }}`,
    ]),
  );
  const key =
    order === "newest" ? sql`minIf(filed, ${found})` : sql`maxIf(duration_nano, ${found})`;
  const rows = await client.query<{ id: string; key: string }>(
    sql`WITH ${filedSql} AS filed
      SELECT lower(hex(trace_id)) AS id, toInt64(${key}) AS key
      FROM ${identifier(database)}.spans
      WHERE tenant = ${{ type: "String", value: tenant }}
        AND ${inBuckets({ fromNano: fromNano - reach, toNano: toNano + reach })}
        AND ${conditionSql(plan.row)}
      GROUP BY trace_id
      HAVING countIf(${found}) > 0 AND ${conditionSql(plan.trace)} ${afterSql(after)}
      ORDER BY key DESC, id
      LIMIT ${{ type: "UInt64", value: limit }}`,
    settings,
    sending,
  );
  return rows.map(({ id, key: text }) => ({ traceId: id, key: BigInt(text) }));
}

function afterSql(after: Candidate | undefined): Sql {
  if (after === undefined) return sql``;
  const key = { type: "Int64", value: after.key } as const;
  return sql`AND (key < ${key} OR (key = ${key} AND id > ${{ type: "String", value: after.traceId }}))`;
}

const BUCKET_SECONDS = 300n;
const SECOND = 1_000_000_000n;
const LAST_SECOND = 2n ** 32n - 1n;

/** The rows that may be filed within a stretch of time. */
export function inBuckets({ fromNano, toNano }: Stretch): Sql {
  const bucket = (nano: bigint): bigint => {
    const seconds = nano < 0n ? 0n : nano / SECOND;
    const within = seconds > LAST_SECOND ? LAST_SECOND : seconds;
    return within - (within % BUCKET_SECONDS);
  };
  return sql`time_bucket >= toDateTime(${{ type: "UInt32", value: bucket(fromNano) }})
    AND time_bucket <= toDateTime(${{ type: "UInt32", value: bucket(toNano - 1n) }})`;
}
