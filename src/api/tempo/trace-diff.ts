/** What differs between two traces. Source: grafana/tempo modules/frontend. */
import { z } from "zod";
import { Fault } from "../../base/fault.ts";
import { inSlices } from "../../base/slices.ts";
import { traceOfColumns } from "../../model/trace-of-columns.ts";
import type { Queries, TraceQuery } from "../../query/traces.ts";
import { TRACE_PATCH, tracePatchSteps } from "../../wire/tempo/trace-patch.ts";
import type { HttpRequest, HttpResponse } from "../http.ts";
import { jsonBody } from "../json-body.ts";
import { parseTraceId } from "../trace-id.ts";
import { json, plain } from "./answers.ts";
import { quoted } from "./parameters.ts";
import { hintedQuery } from "./trace.ts";

/** Spans of both traces together: Tempo's limit of 5 MB, at half a kilobyte a span. */
const MOST_SPANS = 10_000;
/** So long at a time: 10,000 spans that hardly differ take a second. */
const SLICE_MS = 5;

// Go reads the name of a member in any case, and clients write both.
const seconds = z.number().int().nullish();
const side = z
  .object({ traceId: z.string(), traceID: z.string(), start: seconds, end: seconds })
  .partial()
  .nullish();
const diffBody = z.object({ base: side, compare: side, format: z.string().nullish() });

/** Answers `POST /api/v2/traces/diff`. */
export async function traceDiff(queries: Queries, request: HttpRequest): Promise<HttpResponse> {
  const { format, ...body } = await jsonBody(request, diffBody);
  const asked = [sideQuery("base", body.base), sideQuery("compare", body.compare)] as const;
  if (format && format !== TRACE_PATCH) {
    throw new Fault("invalid", `${quoted(format)}: unsupported trace diff format`);
  }
  const [base, compare] = await Promise.all(asked.map((query) => queries.trace(query)));
  for (const [name, stored, { traceId }] of [
    ["base", base!, asked[0]],
    ["compare", compare!, asked[1]],
  ] as const) {
    if (stored.columns.length === 0) return plain(404, "Not Found");
    if (!stored.truncated) continue;
    const message = `trace ${traceId}: partial traces cannot be diffed`;
    return plain(422, `fetch ${name} trace: ${message}`);
  }
  const spans = base!.columns.length + compare!.columns.length;
  const size = `combined trace size ${spans} spans`;
  if (spans > MOST_SPANS) return tooLarge(`${size} exceeds limit ${MOST_SPANS} spans`);
  const steps = tracePatchSteps(traceOfColumns(base!.columns), traceOfColumns(compare!.columns));
  const patch = await inSlices(steps, SLICE_MS);
  return patch === undefined ? tooLarge(`${size}, too deep`) : json(patch);
}

function sideQuery(name: string, asked: z.infer<typeof side>): TraceQuery {
  const { traceId, traceID, start, end } = asked ?? {};
  const text = traceId || traceID;
  if (!text) throw new Fault("invalid", `${name}.traceId is required`);
  const hints = [start, end].map((hint) => BigInt(hint ?? 0));
  return hintedQuery(parseTraceId(text), { start: hints[0], end: hints[1] });
}

function tooLarge(why: string): HttpResponse {
  return plain(429, `trace diff input too large: ${why}`);
}
