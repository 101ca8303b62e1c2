/**
 * Questions about several tenants through the real engine against the same questions about one tenant that
 * has all their spans: of two tenants each has half of every second trace, and some traces both have whole.
 * `CLEW_TENANTS=2000` asks more.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import type { Trace } from "../../src/model/trace.ts";
import type { QueryOptions } from "../../src/query/query-options.ts";
import { createMetrics } from "../../src/query/metrics.ts";
import { createTags } from "../../src/query/tags.ts";
import { createQueries } from "../../src/query/traces.ts";
import { OddTimes } from "../../src/store/odd-times.ts";
import { readQuery } from "../../src/traceql/check.ts";
import { rangeGrid } from "../../src/traceql/evaluate/metrics/time-grid.ts";
import { lenientFilter } from "../../src/traceql/lenient.ts";
import { encodeTracesData } from "../../src/wire/otlp/encode.ts";
import { normalTraces, oracleDecode, printedSeed } from "../support/oracle.ts";
import { anyFilterText, anyPipelineText } from "../support/random-traces.ts";
import { anyTraces } from "../support/spread-traces.ts";
import { openTraceStore, type TraceStore } from "../support/stored-traces.ts";

const questions = Number(process.env["CLEW_TENANTS"] ?? 60);
const SECOND = 1_000_000_000n;
const now = Math.floor(Date.now() / 1000);
const fromNano = BigInt(now - 10 * 3600) * SECOND;
const toNano = BigInt(now + 60) * SECOND;
/** Of so many traces each of the tenants has all spans. */
const SHARED = 4;

const anyTail = fc.constantFrom(
  "",
  " | sort(duration desc)",
  " | sort(trace:duration asc)",
  " | rate()",
  " | count_over_time() by (name, kind)",
  " | quantile_over_time(duration, 0.5, 0.9) by (resource.service.name)",
  " | avg_over_time(span.a)",
  " | max_over_time(duration) by (.a) | topk(2)",
  " | compare({ status = error }, 3)",
);
const anyQuery = fc.tuple(fc.oneof(anyFilterText, anyPipelineText), anyTail);

describe("questions about several tenants", () => {
  const seed = printedSeed("tenants");
  const [traces] = fc.sample(anyTraces(now), { seed, numRuns: 1 }) as [Trace[]];
  const oddTimes = new OddTimes();
  let store: TraceStore;
  let several: QueryOptions;
  let one: QueryOptions;

  before(async () => {
    store = await openTraceStore();
    const shared = traces.slice(0, SHARED);
    for (const tenants of [["a", "b"], ["all"]]) await store.add(traces, now, tenants);
    for (const tenants of [["a"], ["b"], ["all"], ["all"]]) await store.add(shared, now, tenants);
    await store.add(traces.toReversed(), now, ["stranger"]);
    several = { ...store.options(now), tenants: ["a", "b"] };
    one = { ...store.options(now), tenants: ["all"] };
  });
  after(() => store.close());

  async function assertSame<Answer>(ask: (options: QueryOptions) => Promise<Answer>, about = "") {
    const [got, want] = await Promise.allSettled([ask(several), ask(one)]);
    assert.deepEqual(got, want, about);
    return want.status === "fulfilled" ? want.value : undefined;
  }

  test(`${questions} searches and metrics`, async () => {
    let found = 0;
    const property = fc.asyncProperty(
      anyQuery,
      fc.constantFrom(1, 3, 100),
      async ([text, tail], limit) => {
        const { query } = readQuery(text + tail);
        const answer = await assertSame(async (options) => {
          if (query?.kind === "search") {
            const request = { query, fromNano, toNano, limit, spansPerSpanset: 3 };
            return (await createQueries(options).search(request)).traces;
          }
          if (query?.kind !== "metrics") return [];
          const grid = rangeGrid({ startNano: fromNano, endNano: toNano, stepNano: 600n * SECOND });
          const request = { query, grid, exemplars: limit === 3 ? 3 : 0, maxSeries: 0 };
          return (await createMetrics({ ...options, oddTimes }).metrics(request)).series;
        }, text + tail);
        found += answer?.length ?? 0;
      },
    );
    await fc.assert(property, { seed, numRuns: questions, endOnFailure: true });
    assert.ok(found > questions / 2, `${found} found`);
  });

  test("names and values of attributes, with a filter and without, all and the first few", async () => {
    const scopes = ["resource", "span", "event", "link", "instrumentation"] as const;
    const place = { ofParent: false, from: 0, to: 0 } as const;
    const field = { kind: "attribute", scope: "any", name: "a", ...place } as const;
    for (const text of ["", "{ kind = server }"]) {
      const filter = lenientFilter(text);
      assert.ok(filter.kind !== "refused");
      for (const limit of [1, 2, 100]) {
        const among = { fromNano, toNano, limit, ...(filter.kind === "filter" && { filter }) };
        const names = await assertSame(async (options) => {
          const found = (await createTags(options).tagNames({ ...among, scopes })).scopes;
          // Which names of filtered spans are the first few is not said.
          const isAny = filter.kind === "filter" && limit < 100;
          return found.map(({ name, tags }) => ({ name, tags: isAny ? tags.length : tags }));
        }, text);
        const values = await assertSame(async (options) => {
          return (await createTags(options).tagValues({ ...among, field })).values;
        }, text);
        assert.ok(names!.length > 0 && values!.length > 0);
      }
    }
  });

  test("every trace, whole, cut, and in the list", async () => {
    for (const { traceId, spans } of traces) {
      for (const traceSpans of [10_000, 3]) {
        const sizes = await assertSame(async (options) => {
          const limits = { ...options.limits, traceSpans };
          const { columns, truncated } = await createQueries({ ...options, limits }).trace({
            traceId,
          });
          return {
            truncated,
            spans: normalTraces(oracleDecode("TracesData", encodeTracesData(columns))),
          };
        }, traceId);
        if (traceSpans > spans.length * 3) assert.equal(sizes!.spans.length, spans.length);
      }
    }
    const range = { kind: "since", seconds: 36_000 } as const;
    const listed = await assertSame((options) =>
      createQueries(options).traces({ range, limit: 100 }),
    );
    assert.equal(listed!.length, traces.length);
    assert.ok((await assertSame((options) => createQueries(options).services(range)))!.length > 0);
    assert.equal(await assertSame((options) => createQueries(options).hasSpans()), true);
  });
});
