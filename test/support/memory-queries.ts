/**
 * What Tempo's API can be asked for, answered from traces in memory by the evaluator: no database, no
 * slices, nothing clever. A second opinion on the real use cases, and what doors are tested with.
 */
import type { Trace } from "../../src/model/trace.ts";
import type { TempoQueries } from "../../src/api/tempo/tempo-queries.ts";
import type { MetricsAnswer, MetricsRequest } from "../../src/query/metrics.ts";
import type { Receipt } from "../../src/query/receipt.ts";
import type { FoundTrace, SearchRequest } from "../../src/query/search.ts";
import type { TagNamesRequest, TagScope, TagValuesRequest } from "../../src/query/tags.ts";
import type { Field, FieldExpr, Query, SearchQuery, Value } from "../../src/traceql/ast.ts";
import { MetricsAccumulator } from "../../src/traceql/evaluate/metrics/metrics.ts";
import { compileSearch, type SpansetMatch } from "../../src/traceql/evaluate/search.ts";
import { compareTraces } from "../../src/traceql/evaluate/sort.ts";
import { summarizeTrace } from "../../src/traceql/evaluate/summarize.ts";
import { anyValueOf } from "../../src/traceql/evaluate/values.ts";
import { searchableValue, traceViewOf } from "../../src/traceql/evaluate/view-of-trace.ts";
import { naiveValue } from "./naive-traceql.ts";

/** The answers from these traces. A trace is in a range if one of its spans starts in it. */
export function memoryQueries(traces: () => readonly Trace[]): TempoQueries {
  return {
    async search(request, asking) {
      asking?.signal?.throwIfAborted();
      const found = search(traces(), request);
      const first = found.slice(0, 1);
      asking?.progress?.(first, { ...receiptOf(traces()), complete: false });
      return { traces: found, receipt: receiptOf(traces()) };
    },
    async metrics(request, asking) {
      asking?.signal?.throwIfAborted();
      return metrics(traces(), request);
    },
    async tagNames(request) {
      return { scopes: tagNames(traces(), request), receipt: receiptOf(traces()) };
    },
    async tagValues(request) {
      return { values: tagValues(traces(), request), receipt: receiptOf(traces()) };
    },
  };
}

function receiptOf(traces: readonly Trace[]): Receipt {
  const spans = traces.reduce((sum, trace) => sum + trace.spans.length, 0);
  return {
    rowsRead: spans,
    bytesRead: 100 * spans,
    storeMs: 3,
    clewMs: 2,
    slices: { done: 1, total: 1 },
    candidates: traces.length,
    inspectedSpans: spans,
    complete: true,
    upToNano: 1_700_000_000_000_000_000n,
  };
}

function search(traces: readonly Trace[], request: SearchRequest): FoundTrace[] {
  const { query, fromNano = 0n, toNano = 2n ** 63n, spansPerSpanset } = request;
  const limit = Math.min(request.limit, query.limit?.count ?? Infinity);
  const compiled = compileSearch(query);
  const found = traces.flatMap((trace) => {
    const view = traceViewOf(trace);
    const isInRange = view.startUnixNano.some((start) => start >= fromNano && start < toNano);
    const matches = isInRange ? compiled.evaluate(view) : [];
    if (matches.length === 0) return [];
    const spansets = matches.map((match) => ({
      matched: match.rows.length,
      attributes: match.attributes.map(({ name, value }) => ({
        key: name,
        value: anyValueOf(value),
      })),
      spans: compiled.show(view, match, spansPerSpanset),
    }));
    return [{ summary: summarizeTrace(view), spansets, key: matches[0]!.key }];
  });
  found.sort((a, b) => compareTraces(query.sort, rankOf(a), rankOf(b)));
  return found.slice(0, limit).map(({ summary, spansets }) => ({ summary, spansets }));
}

function rankOf({ summary, key }: Pick<FoundTrace, "summary"> & { key: SpansetMatch["key"] }) {
  return { key, traceId: summary.traceId, startUnixNano: BigInt(summary.startUnixNano) };
}

function metrics(traces: readonly Trace[], request: MetricsRequest): MetricsAnswer {
  const { query, grid, exemplars, maxSeries } = request;
  const accumulator = new MetricsAccumulator(query, { grid, exemplars, seriesLimit: 1000 });
  for (const trace of traces) accumulator.add(traceViewOf(trace));
  const series = accumulator.series();
  const truncated = maxSeries > 0 && series.length > maxSeries;
  return {
    series: truncated ? series.slice(0, maxSeries) : series,
    truncated,
    receipt: receiptOf(traces),
  };
}

function tagNames(traces: readonly Trace[], { scopes, filter, limit }: TagNamesRequest) {
  return scopes.map((name) => {
    const tags = new Set<string>();
    for (const { trace, row } of meantSpans(traces, filter)) {
      for (const { key } of attributesOf(trace, row, name)) tags.add(key);
    }
    return { name, tags: [...tags].sort().slice(0, limit) };
  });
}

function attributesOf({ spans, resources, scopes }: Trace, row: number, scope: TagScope) {
  const span = spans[row]!;
  switch (scope) {
    case "span":
      return span.attributes;
    case "resource":
      return resources[span.resource]!.attributes;
    case "instrumentation":
      return scopes[span.scope]!.attributes;
    case "event":
      return span.events.flatMap(({ attributes }) => attributes);
    case "link":
      return span.links.flatMap(({ attributes }) => attributes);
  }
}

function* meantSpans(traces: readonly Trace[], filter: TagNamesRequest["filter"]) {
  const alternatives = filter?.kind === "filter" ? filter.alternatives : [[]];
  const queries = alternatives.map((conditions) => compileSearch(filterOf(conditions)));
  for (const trace of traces) {
    const view = traceViewOf(trace);
    const rows = new Set(
      queries.flatMap((query) => query.evaluate(view)).flatMap(({ rows }) => [...rows]),
    );
    for (const row of rows) yield { trace, row };
  }
}

const nowhere = { from: 0, to: 0 };

function filterOf(conditions: readonly FieldExpr[]): Query {
  const everything = { kind: "literal", value: { type: "bool", value: true }, ...nowhere } as const;
  const [first = everything] = conditions;
  const condition: FieldExpr =
    conditions.length > 1 ? { kind: "logic", op: "&&", operands: conditions, ...nowhere } : first;
  const filter = { kind: "filter", condition, ...nowhere } as const;
  const pipeline = { kind: "pipeline", stages: [filter], ...nowhere } as const;
  return { kind: "search", pipeline, hints: [], ...nowhere } satisfies SearchQuery;
}

function tagValues(traces: readonly Trace[], { field, filter, limit }: TagValuesRequest): Value[] {
  const values = new Map<string, Value>();
  for (const { trace, row } of meantSpans(traces, filter)) {
    for (const value of valuesOf(trace, row, field)) {
      values.set(`${value.type} ${String(value.value)}`, value);
    }
  }
  return [...values.values()].slice(0, limit);
}

function valuesOf(trace: Trace, row: number, field: Field): Value[] {
  if (field.kind === "attribute" && (field.scope === "event" || field.scope === "link")) {
    return attributesOf(trace, row, field.scope)
      .filter(({ key }) => key === field.name)
      .flatMap(({ value }) => flat(searchableValue(value)));
  }
  return field.kind === "intrinsic" && field.name.startsWith("trace:")
    ? valueOfTrace(trace, field.name)
    : flat(naiveValue(field, trace, row));
}

function valueOfTrace(trace: Trace, name: string): Value[] {
  const { rootName, rootService, durationNano } = summarizeTrace(traceViewOf(trace));
  switch (name) {
    case "trace:rootName":
      return [{ type: "string", value: rootName }];
    case "trace:rootService":
      return [{ type: "string", value: rootService }];
    case "trace:duration":
      return [{ type: "duration", value: BigInt(durationNano) }];
    default:
      throw new Error(`no values of ${name}`);
  }
}

function flat(value: ReturnType<typeof naiveValue>): Value[] {
  if (value === undefined) return [];
  return value.type === "array" ? [...value.values] : [value];
}
