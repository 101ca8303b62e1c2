/** Searches: which spansets of a trace answer a query, and what an answer shows of them. */
import type { KeyValue } from "../../model/trace.ts";
import type { Field, Pipeline, Query, Sort } from "../ast.ts";
import { fieldKey } from "../expression-text.ts";
import { compileValue } from "./conditions.ts";
import { type Getter, ownerOf, projectionGetter } from "./fields.ts";
import { leavesOf, neededFields } from "./needed-fields.ts";
import { compilePipeline, type SpansetAttribute } from "./pipeline.ts";
import { allRows, type Rows } from "./rows.ts";
import { Columns, hexId, Run, type Witness } from "./run.ts";
import { compareKeys } from "./sort.ts";
import type { TraceView } from "./trace-view.ts";
import { anyValueOf, groupKey, type RuntimeValue } from "./values.ts";

/** A spanset that left the pipeline. */
export interface SpansetMatch {
  /** All its spans, in the order of the answer: by start, or as `sort` says. */
  readonly rows: Rows;
  readonly attributes: readonly SpansetAttribute[];
  /** Its key if the query has `sort`. */
  readonly key: RuntimeValue | undefined;
  /** Because of which event and link a span was kept, where that is shown: by place in `rows`. */
  readonly witnesses: readonly Witness[] | undefined;
}

/** What an answer shows of a span. */
export interface ShownSpan {
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  /** Empty unless the query mentions it. */
  readonly name: string;
  readonly startUnixNano: bigint;
  readonly durationNano: bigint;
  /** What the query mentions or selects and the span has, keys without scopes. */
  readonly attributes: readonly KeyValue[];
}

/** A compiled search. It is one worker: to be used by one caller at a time. */
export interface CompiledSearch {
  /** The spansets of the trace that answer the query, none if the trace is not found; the first is the
   * first of the query's order. Throws Fault "invalid" if the trace cannot be calculated for. */
  readonly evaluate: (trace: TraceView) => readonly SpansetMatch[];
  /** The first spans of a spanset that `evaluate` found in this trace. */
  readonly show: (trace: TraceView, match: SpansetMatch, limit: number) => ShownSpan[];
}

/** The query as a search; of a metrics query, its spans. */
export function compileSearch(query: Query): CompiledSearch {
  const columns = new Columns();
  const stages = compilePipeline(pipelineOf(query), columns);
  const order =
    query.kind === "search" && query.sort ? compileOrder(query.sort, columns) : undefined;
  const shown = compileShown(query, columns);
  const run = new Run(columns);

  const evaluate = (trace: TraceView): readonly SpansetMatch[] => {
    if (trace.length === 0) return [];
    run.start(trace);
    const sets = stages(run, [{ rows: allRows(trace.length), attributes: [] }]);
    const matches = sets.map((set): SpansetMatch => {
      const { rows, key } = order === undefined ? { rows: set.rows } : order.apply(run, set.rows);
      const witnesses = shown.hasItems ? rows.map((row) => run.witnesses(row)) : undefined;
      return { rows, attributes: set.attributes, key, witnesses };
    });
    return order === undefined ? matches : matches.sort((a, b) => order.compare(a.key, b.key));
  };

  const show = (trace: TraceView, match: SpansetMatch, limit: number): ShownSpan[] => {
    run.start(trace);
    return match.rows.slice(0, limit).map((row, i) => {
      const witness = match.witnesses?.[i];
      if (witness !== undefined) run.witness(row, witness);
      return {
        spanId: hexId(trace.spanId, row),
        name: shown.hasName ? run.names[row]! : "",
        startUnixNano: trace.startUnixNano[row]!,
        durationNano: trace.durationNano[row]!,
        attributes: shownAttributes(run, row, shown.attributes),
      };
    });
  };
  return { evaluate, show };
}

function pipelineOf(query: Query): Pipeline {
  if (query.kind === "search") return query.pipeline;
  const [first, ...others] = leavesOf(query.metrics).map(({ pipeline }) => pipeline);
  if (others.length === 0) return first!;
  const { from, to } = query;
  const any = { kind: "spansetLogic", op: "||", operands: [first!, ...others], from, to } as const;
  return { kind: "pipeline", stages: [any], from, to };
}

interface Order {
  /** The rows in order, and the key of the first. */
  readonly apply: (run: Run, rows: Rows) => { rows: Rows; key: RuntimeValue | undefined };
  readonly compare: (a: RuntimeValue | undefined, b: RuntimeValue | undefined) => number;
}

function compileOrder({ by, direction }: Sort, columns: Columns): Order {
  const value = compileValue(by, columns);
  const compare: Order["compare"] = (a, b) => compareKeys(direction, a, b);
  return {
    compare,
    apply(run, rows) {
      const start = run.view.startUnixNano;
      const ranked = rows.map((row) => ({ row, key: value(run, row) }));
      ranked.sort(
        (a, b) => compare(a.key, b.key) || Number(start[b.row]! - start[a.row]!) || a.row - b.row,
      );
      return { rows: ranked.map(({ row }) => row), key: ranked[0]!.key };
    },
  };
}

interface ShownAttribute {
  readonly key: string;
  readonly value: Getter;
}

/** What answers have of spans anyway, or show of traces. */
const shownElsewhere: ReadonlySet<string> = new Set([
  "span:id",
  "span:name",
  "span:duration",
  "trace:id",
  "trace:duration",
  "trace:rootName",
  "trace:rootService",
]);

function compileShown(query: Query, columns: Columns) {
  const { fields } = neededFields(query);
  const shown = fields
    .map(({ field }) => field)
    .filter((field) => field.ofParent || !shownElsewhere.has(field.name) || !isIntrinsic(field));
  return {
    attributes: shown.map((field): ShownAttribute => {
      return { key: shownKey(field), value: projectionGetter(field, columns) };
    }),
    hasName: fields.some(
      ({ field }) => isIntrinsic(field) && field.name === "span:name" && !field.ofParent,
    ),
    /** Some are of events or links, so it matters of which. */
    hasItems: shown.some((field) => ownerOf(field) !== "span"),
  };
}

function isIntrinsic(field: Field): boolean {
  return field.kind === "intrinsic";
}

/** An attribute of the parent is not to be taken for the span's own. */
function shownKey(field: Field): string {
  const isOwn = field.kind === "intrinsic" || !field.ofParent;
  return isOwn ? fieldKey(field) : `parent.${field.name}`;
}

/** The attributes that the span has. One key may come twice, of span and resource, if the values are
 * different. */
function shownAttributes(run: Run, row: number, shown: readonly ShownAttribute[]): KeyValue[] {
  const values = new Map<string, RuntimeValue[]>();
  const attributes: KeyValue[] = [];
  for (const { key, value } of shown) {
    const found = value(run, row);
    if (found === undefined) continue;
    const others = values.get(key);
    if (others?.some((other) => groupKey(other) === groupKey(found)) === true) continue;
    if (others === undefined) values.set(key, [found]);
    else others.push(found);
    attributes.push({ key, value: anyValueOf(found) });
  }
  return attributes;
}
