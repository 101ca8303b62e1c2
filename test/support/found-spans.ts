/** Queries asked of brief traces, for tests of the query language. */
import assert from "node:assert/strict";
import { Fault } from "../../src/base/fault.ts";
import type { Trace } from "../../src/model/trace.ts";
import type { Query } from "../../src/traceql/ast.ts";
import { readQuery } from "../../src/traceql/check.ts";
import { compileSearch, type SpansetMatch } from "../../src/traceql/evaluate/search.ts";
import { traceViewOf } from "../../src/traceql/evaluate/view-of-trace.ts";
import { type BriefSpan, briefTrace } from "./brief-trace.ts";

/** The query, which has to be a good one. */
export function goodQuery(text: string): Query {
  const { query, problems } = readQuery(text);
  assert.ok(query, `${text}: ${problems[0]?.message}`);
  return query;
}

/** The spansets of the trace that answer a query. */
export function matchesOf(text: string, trace: Trace): readonly SpansetMatch[] {
  return compileSearch(goodQuery(text)).evaluate(traceViewOf(trace));
}

/** The names of the spans found, separated by spaces; spansets separated by " | ". */
export function foundNames(text: string, spans: readonly BriefSpan[]): string {
  const trace = briefTrace(spans);
  return matchesOf(text, trace)
    .map(({ rows }) => rows.map((row) => trace.spans[row]!.name).join(" "))
    .join(" | ");
}

/** The message of the Fault "invalid" that a query ends in. */
export function failureOf(text: string, spans: readonly BriefSpan[]): string {
  try {
    foundNames(text, spans);
  } catch (error) {
    assert.ok(error instanceof Fault && error.code === "invalid", String(error));
    return error.message;
  }
  return assert.fail(`${text} did not fail`);
}
