/**
 * Searches through the real engine against the evaluator alone: random queries over random traces, which
 * are spread over hours and batches. `CLEW_SEARCHES=5000` asks more.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { Fault } from "../../src/base/fault.ts";
import { attributeTypes } from "../../src/model/attribute-columns.ts";
import type { Trace } from "../../src/model/trace.ts";
import { createSearch, type FoundTrace, type SearchRequest } from "../../src/query/search.ts";
import { writeKeys } from "../../src/store/write-keys.ts";
import { readQuery } from "../../src/traceql/check.ts";
import { compileSearch } from "../../src/traceql/evaluate/search.ts";
import { compareTraces } from "../../src/traceql/evaluate/sort.ts";
import { summarizeTrace } from "../../src/traceql/evaluate/summarize.ts";
import { anyValueOf } from "../../src/traceql/evaluate/values.ts";
import { traceViewOf } from "../../src/traceql/evaluate/view-of-trace.ts";
import { type BriefSpan, briefTrace } from "../support/brief-trace.ts";
import { printedSeed, sameItems } from "../support/oracle.ts";
import { anyFilterText, anyPipelineText, anySpans } from "../support/random-traces.ts";
import { openTraceStore, TENANT, type TraceStore } from "../support/stored-traces.ts";

const searches = Number(process.env["CLEW_SEARCHES"] ?? 200);
const SEARCHES_A_FILL = 100;
const TRACES = 24;
const SECOND = 1_000_000_000n;
const now = Math.floor(Date.now() / 1000);

let store: TraceStore;
before(async () => {
  store = await openTraceStore();
});
after(() => store.close());

/** Says of the last hours that not all keys are recorded. */
async function forgetKeys(): Promise<void> {
  const hours = Array.from({ length: 12 }, (_, i) => now - (now % 300) - i * 3600);
  const mark = { tenant: TENANT, scope: "", key: "", type: attributeTypes.encoded } as const;
  await writeKeys(
    store.client,
    "clew",
    hours.map((timeBucket) => ({ ...mark, timeBucket })),
  );
}

/** Spans of one id, kind and service are one span stored twice; and which of two with one id and one start
 * comes first is not said. */
function distinct(spans: readonly BriefSpan[]): BriefSpan[] {
  const seen = new Set<string>();
  return spans.filter(({ id, kind = "internal", service = "", start }, i) => {
    const identities = [`${id} ${kind} ${service}`, `${id} ${start ?? i}`];
    const isNew = identities.every((identity) => !seen.has(identity));
    for (const identity of identities) seen.add(identity);
    return isNew;
  });
}

/** Traces that begin up to nine hours ago; every third lasts minutes, most are over at once. */
const anyTraces = fc
  .array(fc.tuple(anySpans(9), fc.nat(9 * 3600)), { minLength: TRACES, maxLength: TRACES })
  .map((all) =>
    all.map(([spans, secondsAgo], i) => {
      const unit = i % 3 === 0 ? 60e9 : 1;
      const stretched = distinct(spans).map((span, n) => ({
        ...span,
        start: (span.start ?? n) * unit,
      }));
      // Zero bytes at the end of an id are part of it.
      const traceId = `${(i + 1).toString(16)}${i % 4 === 0 ? "00" : "ab"}`.padStart(32, "ab");
      return briefTrace(stretched, { traceId, base: BigInt(now - secondsAgo) * SECOND });
    }),
  );

const ofTrace = fc
  .record({
    left: fc.constantFrom("trace:duration", "trace:spanCount", "trace:errorCount"),
    op: fc.constantFrom("=", "!=", "<", ">", ">="),
    right: fc.constantFrom("0", "1", "2.5", "3", "9", "20ns"),
    root: fc.constantFrom("rootName", "rootServiceName", "trace:rootName"),
    test: fc.constantFrom(`= "p"`, `!= "s"`, `=~ "p|s|"`, `=~ "q|t"`, `in ("r", "s")`),
    isLong: fc.boolean(),
    filter: anyFilterText,
  })
  .map(({ left, op, right, root, test, isLong, filter }) => {
    const condition = isLong ? `${left} ${op} ${right}` : `${root} ${test}`;
    return filter.replace(/ }$/, ` && ${condition} }`).replace("{ &&", "{");
  });

const anySearch = fc.record({
  pipeline: fc.oneof(
    { weight: 3, arbitrary: anyPipelineText },
    { weight: 2, arbitrary: anyFilterText },
    { weight: 1, arbitrary: ofTrace },
  ),
  sort: fc.constantFrom(
    "",
    "",
    "",
    " | sort(duration desc)",
    " | sort(.a asc)",
    " | sort(trace:duration desc)",
    " | sort(trace:duration asc)",
  ),
  limit: fc.constantFrom(1, 3, 20, 100),
  range: fc.constantFrom<[number, number]>([0, 10], [0, 1], [2, 5], [0.1, 0.3], [1, 9]),
  spansPerSpanset: fc.constantFrom(1, 3, 100),
  steps: fc.record({
    firstPage: fc.constantFrom(1, 2, 256),
    page: fc.constantFrom(2, 100),
    leastChunk: fc.constantFrom(1, 10),
    mostChunk: fc.constantFrom(2, 100),
    longestSpans: fc.constantFrom(1, 20, 500),
  }),
});

/** What the evaluator says of all traces; undefined if one of them cannot be calculated for. */
function expected(request: SearchRequest, traces: readonly Trace[]): FoundTrace[] | undefined {
  const { query, fromNano, toNano, limit, spansPerSpanset } = request;
  const compiled = compileSearch(query);
  try {
    return traces
      .flatMap((trace) => {
        const view = traceViewOf(trace);
        const matches = compiled.evaluate(view);
        const isWithin = matches.some(({ rows }) =>
          rows.some((row) => {
            const start = view.startUnixNano[row]!;
            return start >= fromNano! && start < toNano!;
          }),
        );
        if (!isWithin) return [];
        const { traceId } = trace;
        return [
          { traceId, startUnixNano: view.startUnixNano[0]!, key: matches[0]!.key, view, matches },
        ];
      })
      .sort((a, b) => compareTraces(query.sort, a, b))
      .slice(0, limit)
      .map(({ view, matches }) => ({
        summary: summarizeTrace(view),
        spansets: matches.map((match) => ({
          matched: match.rows.length,
          attributes: match.attributes.map(({ name, value }) => ({
            key: name,
            value: anyValueOf(value),
          })),
          spans: compiled.show(view, match, spansPerSpanset),
        })),
      }));
  } catch (error) {
    if (error instanceof Fault && error.code === "invalid") return undefined;
    throw error;
  }
}

test(`${searches} searches find what the evaluator finds in all traces`, async () => {
  const seed = printedSeed("search");
  let [found, told] = [0, 0];
  for (let round = 0; round * SEARCHES_A_FILL < searches; round++) {
    const [traces] = fc.sample(anyTraces, { seed: seed + round, numRuns: 1 });
    await store.fill(traces!, now);
    if (round % 2 === 1) await forgetKeys();
    const property = fc.asyncProperty(
      anySearch,
      async ({ pipeline, sort, range, steps, ...rest }) => {
        const { query } = readQuery(pipeline + sort);
        if (query?.kind !== "search") return;
        const ago = (hours: number): bigint => BigInt(now + 60 - Math.round(hours * 3600)) * SECOND;
        const request = {
          query,
          ...rest,
          fromNano: ago(range[1]),
          toNano: ago(range[0]),
        };
        const want = expected(request, traces!);
        if (want === undefined) return;
        const progress: string[] = [];
        const { traces: got, receipt } = await createSearch(store.options(now), steps).search(
          request,
          {
            progress: (some) => progress.push(...some.map(({ summary }) => summary.traceId)),
          },
        );
        sameItems(got, want, pipeline + sort);
        const ids = new Set(got.map(({ summary }) => summary.traceId));
        assert.ok(
          progress.every((id) => ids.has(id)),
          "told before, and not in the answer",
        );
        assert.equal(new Set(progress).size, progress.length, "told twice");
        found += got.length;
        told += progress.length;
        assert.ok(receipt.candidates === 0 || receipt.rowsRead > 0);
      },
    );
    await fc.assert(property, { seed: seed + round, numRuns: SEARCHES_A_FILL, endOnFailure: true });
  }
  assert.ok(found > searches / 2, `${found} traces found`);
  assert.ok(told > 0, "no trace was told before the end");
});
