/** How much of a metrics function SQL can do by itself. */
import type {
  CompareSpans,
  Field,
  MetricsPipeline,
  Pipeline,
  SpansetExpr,
  Stage,
} from "../traceql/ast.ts";
import type { KnownTable } from "./attribute-sql.ts";
import { filterTruth } from "./filter-sql.ts";
import { type GroupField, groupField, type MeasurePart, measureField } from "./metric-fields.ts";
import {
  all,
  type Condition,
  conjunction,
  disjunction,
  isExact,
  negate,
  some,
  type Truth,
  unknown,
} from "./truth-sql.ts";
import { sql } from "./sql.ts";

/** What is added up of the spans of a group at a sample. */
export type SumKind = "counts" | "sums" | "least" | "greatest" | "buckets";

/** A function over spans that SQL adds up. */
export interface SumPlan {
  readonly kind: SumKind;
  /** Rows that SQL is certain of. */
  readonly certain: Condition;
  /** Rows that have to be looked at one by one, none of them certain. */
  readonly uncertain: Condition;
  readonly by: readonly GroupField[];
  /** Of `counts` one that holds for all. */
  readonly parts: readonly MeasurePart[];
}

/** What SQL can say of the spans that leave a pipeline in which each span is judged by itself. */
export function pipelineTruth({ stages }: Pipeline, table: KnownTable): Truth {
  return all(stages.filter(isSpanset).map((stage) => spansetTruth(stage, table)));
}

function isSpanset(stage: Stage): stage is SpansetExpr {
  return (
    stage.kind !== "group" &&
    stage.kind !== "coalesce" &&
    stage.kind !== "select" &&
    stage.kind !== "scalarFilter"
  );
}

function spansetTruth(expr: SpansetExpr, table: KnownTable): Truth {
  switch (expr.kind) {
    case "filter":
      return filterTruth(expr.condition, table);
    case "pipeline":
      return pipelineTruth(expr, table);
    case "spansetLogic":
      return expr.op === "||"
        ? some(expr.operands.map((operand) => spansetTruth(operand, table)))
        : unknown;
    default:
      return unknown;
  }
}

const kinds = {
  sum_over_time: "sums",
  avg_over_time: "sums",
  min_over_time: "least",
  max_over_time: "greatest",
  histogram_over_time: "buckets",
} as const;

/** The plan of a function whose pipeline judges each span by itself; undefined if every row has to be
 * looked at. Not for compare(). */
export function sumPlan(leaf: MetricsPipeline, table: KnownTable): SumPlan | undefined {
  const { fn, pipeline } = leaf;
  if (fn.kind === "compareSpans") return undefined;
  const truth = pipelineTruth(pipeline, table);
  if (truth.must === false && truth.may !== false) return undefined;
  const by = groupFields(fn.by, table);
  const measure =
    fn.kind === "countSpans" ? { parts: [everyRow], uncertain: false } : measureField(fn.of, table);
  if (by === undefined || measure === undefined) return undefined;
  const isElsewhere = disjunction([measure.uncertain, ...by.map(({ uncertain }) => uncertain)]);
  return {
    kind: fn.kind === "countSpans" ? "counts" : fn.kind === "quantiles" ? "buckets" : kinds[fn.fn],
    certain: conjunction([truth.must, negate(isElsewhere)]),
    uncertain: conjunction([
      truth.may,
      disjunction([!isExact(truth) && negate(truth.must), isElsewhere]),
    ]),
    by,
    parts: measure.parts,
  };
}

const everyRow: MeasurePart = { where: true, value: sql`1`, type: "int" };

function groupFields(fields: readonly Field[], table: KnownTable): GroupField[] | undefined {
  const groups = fields.map((field) => groupField(field, table));
  return groups.includes(undefined) ? undefined : (groups as GroupField[]);
}

/** A comparison that SQL makes. */
export interface ComparePlan {
  /** Of rows: those that are compared. */
  readonly where: Condition;
  readonly isSelected: Condition;
  readonly top: number;
}

/** The plan of compare(); undefined if SQL cannot tell exactly which spans are compared and selected. */
export function comparePlan(
  { pipeline }: MetricsPipeline,
  { selection, window, top }: CompareSpans,
  table: KnownTable,
): ComparePlan | undefined {
  const compared = pipelineTruth(pipeline, table);
  const selected = filterTruth(selection.condition, table);
  if (!isExact(compared) || !isExact(selected)) return undefined;
  const isWithin: Condition =
    window === undefined ||
    conjunction([
      sql`start_unix_nano >= ${{ type: "UInt64", value: positive(window.start) }}`,
      sql`start_unix_nano < ${{ type: "UInt64", value: positive(window.end) }}`,
    ]);
  return { where: compared.must, isSelected: conjunction([isWithin, selected.must]), top };
}

function positive(nano: bigint): bigint {
  return nano < 0n ? 0n : nano;
}
