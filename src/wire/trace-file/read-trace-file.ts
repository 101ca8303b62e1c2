/**
 * Traces out of a file that somebody has: OTLP, Jaeger or Zipkin in JSON. It runs in browsers, where
 * there is no Node. One of these:
 *
 *     {"resourceSpans": […]}, {"batches": […]}, or one of them in "trace" or "result"    OTLP
 *     {"data": [{"traceID", "spans", "processes"}]}, or one such trace alone             Jaeger
 *     [{"traceId", "id", …}], or a list of such lists                                    Zipkin
 *     several of them, one a line                                                        as collectors write
 */
import { parseExactJson } from "../../base/exact-json.ts";
import { Fault } from "../../base/fault.ts";
import type { Trace } from "../../model/trace.ts";
import { readJaegerSpans } from "../jaeger/read-file.ts";
import { readOtlpSpans } from "../otlp/read-file.ts";
import { readZipkinSpans } from "../zipkin/read-file.ts";
import { isObject, show } from "./json-member.ts";
import { type FileSpan, tracesOfSpans } from "./trace-builder.ts";

/** The traces in a file's text, those with most spans first; there is at least one. Throws Fault "invalid"
 * that names the place and what stands there. */
export function readTraceFile(text: string): Trace[] {
  const traces = tracesOfSpans(spansOf(text));
  if (traces.length === 0) throw new Fault("invalid", "there is no span in it");
  return traces;
}

function spansOf(text: string): FileSpan[] {
  const lines = text.split("\n", 3).filter((line) => line.trim() !== "");
  const whole = parse(text);
  if (whole.kind === "ok") return spansIn(whole.value, "");
  // Lines are told from a document by the first one being whole.
  if (lines.length < 2 || parse(lines[0]!).kind !== "ok") {
    throw new Fault("invalid", `it is not JSON: ${whole.problem}`);
  }
  return text.split("\n").flatMap((line, i) => {
    if (line.trim() === "") return [];
    const read = parse(line);
    if (read.kind === "ok") return spansIn(read.value, `line ${i + 1}: `);
    throw new Fault("invalid", `line ${i + 1} is not JSON: ${read.problem}`);
  });
}

type Parsed =
  | { readonly kind: "ok"; readonly value: unknown }
  | { readonly kind: "wrong"; readonly problem: string };

function parse(text: string): Parsed {
  try {
    // Some editors put a mark for the encoding in front.
    return { kind: "ok", value: parseExactJson(text.replace(/^\uFEFF/, "")) };
  } catch (error) {
    return { kind: "wrong", problem: error instanceof Error ? error.message : String(error) };
  }
}

function spansIn(value: unknown, place: string): FileSpan[] {
  if (Array.isArray(value)) return readZipkinSpans(value);
  if (isObject(value)) {
    for (const name of ["resourceSpans", "batches"]) {
      if (value[name] !== undefined) return readOtlpSpans(value[name], `${place}${name}`);
    }
    for (const name of ["trace", "result"]) {
      if (isObject(value[name])) return spansIn(value[name], `${place}${name}.`);
    }
    if (Array.isArray(value["data"])) return readJaegerSpans(value["data"], `${place}data`);
    if (Array.isArray(value["spans"])) return readJaegerSpans([value], "");
  }
  const wanted = "a list of spans (Zipkin), resourceSpans (OTLP) or data (Jaeger)";
  throw new Fault("invalid", `${place}expected ${wanted}, got ${show(value)}`);
}
