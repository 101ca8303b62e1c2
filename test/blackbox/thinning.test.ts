/** Thinning of whole days: what policies keep stays, whatever happens meanwhile. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, beforeEach, describe, test } from "node:test";
import { createLogger } from "../../src/base/log.ts";
import type { Trace } from "../../src/model/trace.ts";
import { thinDueDays, type ThinningOptions } from "../../src/query/thinning.ts";
import { readPolicies } from "../../src/sampling/read-policies.ts";
import { setPinned } from "../../src/store/sampling/pins.ts";
import { builtInTable } from "../../src/store/schema.ts";
import { type Sql, sql } from "../../src/store/sql.ts";
import { type BriefSpan, briefTrace } from "../support/brief-trace.ts";
import { printedSeed } from "../support/oracle.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { openTraceStore, type TraceStore } from "../support/stored-traces.ts";

const DAY = 86_400;
const SECOND = 1_000_000_000n;
const MS = 1_000_000;
const today = Math.floor(Date.now() / 1000 / DAY) * DAY;
/** Midday, four days ago and so on. */
const daysAgo = (days: number): number => today - days * DAY + DAY / 2;
const nameOf = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10);
const POLICIES = `
policies:
  - { name: errors, match: "{ status = error }", keep: always }
  - { name: slow, match: "{ trace:duration > 500ms }", keep: always }
default: 1%
`;
const log = createLogger({ level: "error", write: console.error, now: () => new Date() });

type Kind = "failing" | "slow" | "fast";

describe("thinning", () => {
  let store: TraceStore;
  const random = seededRandom(printedSeed("thinning"));
  before(async () => {
    store = await openTraceStore();
  });
  after(() => store.close());
  beforeEach(async () => {
    for (const table of [
      sql`spans`,
      sql`sampling_decisions`,
      sql`thinned_days`,
      sql`pinned_traces`,
    ]) {
      await store.client.command(sql`TRUNCATE TABLE clew.${table}`);
    }
  });

  const digits = (): string =>
    Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join("");

  /** A trace whose five spans begin so many seconds after one another. */
  function makeTrace(kind: Kind, startSeconds: number, apart = 0.001): Trace {
    const spans = Array.from({ length: 5 }, (_, i): BriefSpan => ({
      id: `s${i}`,
      ...(i > 0 && { of: `s${i - 1}` }),
      service: `service-${i}`,
      start: Math.round(i * apart * 1e9),
      duration: kind === "slow" && i === 2 ? 600 * MS : 5 * MS,
      status: kind === "failing" && i === 4 ? "error" : "unset",
    }));
    return briefTrace(spans, { traceId: digits(), base: BigInt(startSeconds) * SECOND });
  }

  function options(more: Partial<ThinningOptions> = {}): ThinningOptions {
    return {
      client: store.client,
      database: "clew",
      table: () => builtInTable,
      policies: () => ({ policies: readPolicies(POLICIES, "test"), text: POLICIES }),
      fullHours: 24,
      maxTraceSpans: 10_000,
      nowSeconds: () => Math.floor(Date.now() / 1000),
      log,
      ...more,
    };
  }

  /** How many spans each trace has, and their weights. */
  async function stored(): Promise<Map<string, { spans: number; weights: number[] }>> {
    const rows = await store.client.query<{ id: string; spans: string; weights: number[] }>(
      sql`SELECT lower(hex(trace_id)) AS id, count() AS spans,
          groupUniqArray(sampling_weight) AS weights FROM clew.spans GROUP BY id`,
    );
    return new Map(rows.map(({ id, spans, weights }) => [id, { spans: Number(spans), weights }]));
  }

  const one = async (statement: Sql): Promise<string> => {
    const [row] = await store.client.query<{ value: string }>(statement);
    return row!.value;
  };

  test("1,000 traces: all that fail, all that are slow, one in a hundred of the rest", async () => {
    const kinds: Kind[] = ["failing", "slow", "fast"];
    const traces = Array.from({ length: 1000 }, (_, i) => {
      const kind = kinds[Math.min(2, i % 10)]!;
      return { kind, trace: makeTrace(kind, daysAgo(4) + i) };
    });
    const fresh = makeTrace("fast", Math.floor(Date.now() / 1000) - 60);
    await store.add([...traces.map(({ trace }) => trace), fresh], daysAgo(0));
    const [day] = await thinDueDays(options());
    assert.deepEqual(day, {
      day: nameOf(daysAgo(4)),
      spansBefore: 5000,
      spansAfter: day!.spansAfter,
    });
    const kept = await stored();
    let fast = 0;
    for (const { kind, trace } of traces) {
      const found = kept.get(trace.traceId);
      if (kind !== "fast") assert.deepEqual(found, { spans: 5, weights: [1] }, kind);
      else if (found !== undefined) {
        fast++;
        assert.equal(found.spans, 5);
        assert.ok(Math.abs(found.weights[0]! - 100) < 1e-6);
      }
    }
    // Binomial, 800 times 1 %: more than 26 once in ten million times.
    assert.ok(fast <= 26, `${fast} of the fast ones`);
    assert.equal(kept.get(fresh.traceId)?.spans, 5, "what is young stays");
    assert.equal(kept.size, 200 + fast + 1);
    assert.deepEqual(await thinDueDays(options()), [], "once is enough");
  });

  test("of 20,000 traces as many as a share says, and their weights add up", async () => {
    await store.client
      .command(sql`INSERT INTO clew.spans (tenant, time_bucket, trace_id, span_id, start_unix_nano)
      SELECT 't', toDateTime(${{ type: "UInt32", value: daysAgo(4) }}), toFixedString(unhex(concat(
          hex(sipHash64(number, ${{ type: "String", value: digits() }})), hex(rand64()))), 16),
        toFixedString('12345678', 8), ${{ type: "UInt64", value: BigInt(daysAgo(4)) * SECOND }}
      FROM numbers(20000)`);
    await thinDueDays(options());
    const kept = [...(await stored()).values()];
    const off = 5.4 * Math.sqrt(20_000 * 0.01 * 0.99);
    assert.ok(Math.abs(kept.length - 200) <= off, `${kept.length} kept`);
    const sum = kept.reduce((total, { weights }) => total + weights[0]!, 0);
    assert.ok(Math.abs(sum - 20_000) <= 100 * off);
  });

  test("late spans follow the decision, also of what was dropped", async () => {
    const [failing, fast] = [makeTrace("failing", daysAgo(4)), makeTrace("fast", daysAgo(4))];
    await store.add([failing, fast], daysAgo(0));
    const policies = readPolicies(POLICIES.replace("1%", "never"), "test");
    const never = { policies: () => ({ policies, text: "" }) };
    await thinDueDays(options(never));
    assert.deepEqual([...(await stored()).keys()], [failing.traceId]);
    // The late halves would be decided otherwise: the failing span is not in it, or only now.
    const late = [failing, fast].map(({ traceId }, i) =>
      briefTrace([{ id: "late", status: i === 0 ? "unset" : "error", service: "late" }], {
        traceId,
        base: BigInt(daysAgo(4)) * SECOND,
      }),
    );
    await store.add(late, daysAgo(0));
    assert.deepEqual(await thinDueDays(options(never)), [], "late spans are collected first");
    const inTwoHours = Math.floor(Date.now() / 1000) + 7200;
    await thinDueDays(options({ ...never, nowSeconds: () => inTwoHours }));
    assert.deepEqual(await stored(), new Map([[failing.traceId, { spans: 6, weights: [1] }]]));
    assert.deepEqual(await thinDueDays(options({ ...never, nowSeconds: () => inTwoHours })), []);
  });

  test("a trace that crosses midnight is decided once and seen whole, or not at all", async () => {
    const midnight = daysAgo(3) - DAY / 2;
    // The second day alone would keep the first trace, and drop the second one.
    const dropped = makeTrace("fast", midnight - 2, 1);
    const kept = makeTrace("fast", midnight - 2, 1);
    const only = (trace: Trace): string =>
      `{ trace:id = "${trace.traceId}" && span:start < "${new Date(midnight * 1000).toISOString()}" }`;
    const text = `
policies:
  - { name: a, match: '${only(dropped)}', keep: never }
  - { name: b, match: '${only(kept)}', keep: { probability: 1 } }
  - { name: c, match: '{ trace:id = "${dropped.traceId}" }', keep: always }
default: never
`;
    const crossing = { policies: () => ({ policies: readPolicies(text, "test"), text }) };
    await store.add([dropped, kept], daysAgo(0));
    const afterFirst = midnight + DAY + 3600;
    assert.equal(
      (await thinDueDays(options({ ...crossing, nowSeconds: () => afterFirst }))).length,
      1,
    );
    assert.equal(
      (await stored()).get(dropped.traceId)?.spans,
      5,
      "whole until the second day's turn",
    );
    const days = await thinDueDays(options({ ...crossing, nowSeconds: () => afterFirst + DAY }));
    assert.deepEqual(
      days.map(({ day }) => day),
      [nameOf(midnight - DAY), nameOf(midnight)],
    );
    assert.deepEqual(await stored(), new Map([[kept.traceId, { spans: 5, weights: [1] }]]));
    const decisions = await one(
      sql`SELECT toString(groupUniqArray((
          lower(hex(trace_id)) = ${{ type: "String", value: kept.traceId }}, weight))) AS value
        FROM clew.sampling_decisions`,
    );
    assert.ok(decisions.length === "[(0,0),(1,1)]".length, decisions);
  });

  test("a day of which nothing is kept is empty, and takes late spans again", async () => {
    const policies = readPolicies("default: never", "test");
    const never = { policies: () => ({ policies, text: "" }) };
    await store.add([makeTrace("failing", daysAgo(4)), makeTrace("fast", daysAgo(5))], daysAgo(0));
    assert.equal((await thinDueDays(options(never))).length, 2);
    assert.equal((await stored()).size, 0);
    assert.deepEqual(await thinDueDays(options(never)), []);
    await store.add([makeTrace("fast", daysAgo(4))], daysAgo(0));
    assert.equal((await stored()).size, 1);
  });

  test("pinned traces never go", async () => {
    const traces = Array.from({ length: 4 }, () => makeTrace("fast", daysAgo(4)));
    const policies = readPolicies("default: never", "test");
    const never = { policies: () => ({ policies, text: "" }) };
    await store.add(traces, daysAgo(0));
    const pin = (trace: Trace, isPinned: boolean): Promise<void> =>
      setPinned(store.client, "clew", { tenant: "t", traceId: trace.traceId, isPinned });
    await pin(traces[1]!, true);
    await pin(traces[2]!, true);
    await pin(traces[2]!, false);
    await setPinned(store.client, "clew", {
      tenant: "u",
      traceId: traces[3]!.traceId,
      isPinned: true,
    });
    await thinDueDays(options(never));
    assert.deepEqual([...(await stored()).keys()], [traces[1]!.traceId]);
  });

  test("spans that come while a day is rewritten are not lost", async () => {
    const traces = Array.from({ length: 20 }, (_, i) =>
      makeTrace(i % 2 === 0 ? "failing" : "fast", daysAgo(4)),
    );
    await store.add(traces, daysAgo(0));
    const steps: string[] = [];
    const onStep = async (step: string): Promise<void> => {
      steps.push(step);
      const newer = makeTrace("failing", daysAgo(4));
      const held = /^(wait|latecomers|swap|release)/.test(step);
      const adding = store.add([newer], daysAgo(0));
      if (held) await assert.rejects(adding, /VIOLATED_CONSTRAINT|violated/);
      else {
        await adding;
        traces.push(newer);
      }
      // Other days go on.
      await store.add([makeTrace("fast", daysAgo(1))], daysAgo(0));
    };
    await thinDueDays(options({ onStep }));
    assert.ok(
      steps.some((step) => step.startsWith("swap")),
      steps.join(),
    );
    const inTwoHours = Math.floor(Date.now() / 1000) + 7200;
    await thinDueDays(options({ nowSeconds: () => inTwoHours }));
    const kept = await stored();
    for (const { traceId, spans } of traces) {
      const isFailing = spans.some(({ status }) => status === "error");
      if (isFailing) assert.equal(kept.get(traceId)?.spans, 5);
    }
  });

  test("whoever looks meanwhile sees no trace twice or half", async () => {
    const traces = Array.from({ length: 2000 }, (_, i) =>
      makeTrace(i % 3 === 0 ? "failing" : "fast", daysAgo(4) + (i % 600)),
    );
    await store.add(traces, daysAgo(0));
    const done = new AbortController();
    let looks = 0;
    const look = async (): Promise<void> => {
      while (!done.signal.aborted) {
        const seen = await stored();
        looks++;
        for (const [id, { spans }] of seen)
          assert.equal(spans, 5, `trace ${id} has ${spans} spans`);
        for (const [i, { traceId }] of traces.entries()) {
          if (i % 3 === 0) assert.ok(seen.has(traceId), "a kept trace is always there");
        }
      }
    };
    const looking = [look(), look(), look()];
    await thinDueDays(options({ onStep: () => sleep(30) }));
    done.abort();
    await Promise.all(looking);
    assert.ok(looks > 10, `${looks} looks`);
    assert.ok((await stored()).size < 800);
  });

  test("whatever dies at any step, the next time ends in the same state", async () => {
    const midnight = daysAgo(3) - DAY / 2;
    const limited = `
policies:
  - { name: errors, match: "{ status = error }", keep: always }
default: { spansPerHour: 100 }
`;
    const policies = { policies: () => ({ policies: readPolicies(limited, "t"), text: limited }) };
    const traces = Array.from({ length: 200 }, (_, i) =>
      makeTrace(i % 5 === 0 ? "failing" : "fast", midnight - DAY / 2 + i * 60),
    );
    traces.push(...Array.from({ length: 20 }, () => makeTrace("fast", midnight - 2, 1)));
    const fill = async (): Promise<void> => {
      await store.client.command(sql`TRUNCATE TABLE clew.sampling_decisions`);
      await store.client.command(sql`TRUNCATE TABLE clew.thinned_days`);
      await store.fill(traces, daysAgo(0));
    };
    const whole = (seen: Awaited<ReturnType<typeof stored>>): boolean =>
      [...seen.values()].every(({ spans }) => spans === 5);
    const steps: string[] = [];
    await fill();
    await thinDueDays(options({ ...policies, onStep: async (step) => void steps.push(step) }));
    const want = await stored();
    assert.ok(want.size > 60 && want.size < 220 && whole(want));
    for (const dying of steps.keys()) {
      await fill();
      await diesAt(dying, (onStep) => thinDueDays(options({ ...policies, onStep })));
      await thinDueDays(options(policies));
      assert.deepEqual(await stored(), want, `died before step ${dying}: ${steps[dying]}`);
      const left = await one(
        sql`SELECT toString(groupArray(name)) AS value FROM system.tables WHERE database = 'clew'
          AND name IN ('spans_staging', 'sampling_facts', 'sampling_decisions_new')`,
      );
      assert.equal(left, "[]");
    }
    const gate = await one(
      sql`SELECT create_table_query AS value FROM system.tables WHERE database = 'clew' AND name = 'spans'`,
    );
    assert.ok(!gate.includes("CONSTRAINT"));
  });

  test("ClickHouse killed in the middle of the copy: begun again, with what was decided", async () => {
    const traces = 300_000;
    await store.client
      .command(sql`INSERT INTO clew.spans (tenant, time_bucket, trace_id, span_id, start_unix_nano, name)
      SELECT 't', toDateTime(${{ type: "UInt32", value: daysAgo(4) }}), toFixedString(unhex(concat(
          hex(sipHash64(number)), hex(sipHash64(number, 1)))), 16),
        toFixedString('12345678', 8), ${{ type: "UInt64", value: BigInt(daysAgo(4)) * SECOND }},
        hex(sipHash64(number, 2))
      FROM numbers(${{ type: "UInt64", value: traces }})`);
    const text = "default: 50%";
    const half = { policies: () => ({ policies: readPolicies(text, "test"), text }) };
    const copied = new AbortController();
    let dying = Promise.resolve();
    const onStep = async (step: string): Promise<void> => {
      if (step === "copy") dying = killWhenCopying(store, copied.signal);
      if (step !== "hold") return;
      // Too quick to be seen: then before it takes the day's place.
      copied.abort();
      await dying;
    };
    await assert.rejects(thinDueDays(options({ ...half, onStep })));
    await dying;
    await answering(store);
    const counted = async (what: Sql): Promise<number> => Number(await one(what));
    const spans = sql`SELECT toString(count()) AS value FROM clew.spans`;
    const decided = sql`SELECT toString(countIf(weight > 0)) AS value FROM clew.sampling_decisions`;
    assert.equal(await counted(spans), traces, "nothing is gone");
    const kept = await counted(decided);
    await thinDueDays(options(half));
    assert.equal(await counted(decided), kept, "each trace is decided once");
    assert.equal(await counted(spans), kept);
    assert.ok(kept > 0.49 * traces && kept < 0.51 * traces, `${kept} kept`);
    const left = sql`SELECT toString(count()) AS value FROM system.tables
      WHERE database = 'clew' AND name IN ('spans_staging', 'sampling_facts')`;
    assert.equal(await counted(left), 0);
  });
});

/** Kills the engine once it copies, or has copied. */
async function killWhenCopying(store: TraceStore, copied: AbortSignal): Promise<void> {
  while (!copied.aborted) {
    const rows = await store.client.query(
      sql`SELECT 1 FROM system.processes
        WHERE query_kind = 'Insert' AND position(query, 'spans_staging') > 0`,
    );
    if (rows.length > 0) break;
  }
  store.kill();
}

/** Settles when the engine is there again. */
async function answering({ client }: TraceStore): Promise<void> {
  for (let i = 0; i < 600; i++) {
    try {
      await client.ping();
      return;
    } catch {
      await sleep(100);
    }
  }
  throw new Error("the engine does not come back");
}

/** Begins something and never comes back from its step of this number: as if the process had died. */
async function diesAt(
  number: number,
  run: (onStep: (step: string) => Promise<void>) => Promise<unknown>,
): Promise<void> {
  let count = 0;
  await new Promise<void>((resolve, reject) => {
    run(() => {
      if (count++ < number) return Promise.resolve();
      resolve();
      return new Promise(() => {});
    }).catch(reject);
  });
}
