/** Who decides about a trace, and what: SQL and the evaluator together say what the evaluator and
 * `decide` say alone. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import type { Trace } from "../../src/model/trace.ts";
import { decide, type JudgedTrace } from "../../src/sampling/decide.ts";
import { compileJudge, UNDECIDED } from "../../src/sampling/judge.ts";
import { keepText, type Keep, type Policies } from "../../src/sampling/policy.ts";
import { readPolicies } from "../../src/sampling/read-policies.ts";
import { randomnessOf } from "../../src/sampling/threshold.ts";
import { decisionsSql } from "../../src/store/sampling/decisions.ts";
import {
  collectFacts,
  dropFacts,
  type Judging,
  makeFacts,
  UNKNOWN,
} from "../../src/store/sampling/facts.ts";
import { judgeUnknown } from "../../src/store/sampling/judge-unknown.ts";
import { builtInTable } from "../../src/store/schema.ts";
import { sql } from "../../src/store/sql.ts";
import { readQuery } from "../../src/traceql/check.ts";
import { traceViewOf } from "../../src/traceql/evaluate/view-of-trace.ts";
import { briefTrace } from "../support/brief-trace.ts";
import { printedSeed } from "../support/oracle.ts";
import { anySpans, anyPipelineText } from "../support/random-traces.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { openTraceStore, type TraceStore } from "../support/stored-traces.ts";

const NOW = Math.floor(Date.now() / 1000);
/** Two days ago. */
const NOON = BigInt((Math.floor(NOW / 86_400) - 2) * 86_400 + 43_200) * 1_000_000_000n;
const BYTES_PER_SPAN = 40;

/** What people write, and what is hard for SQL. */
const queries = [
  "{ status = error }",
  "{ trace:duration > 3ns }",
  "{ trace:duration > 3ns && status = error }",
  "{ trace:duration > 3ns || name = `p` }",
  "{ trace:rootName = `p` }",
  "{ trace:rootName != `p` && span.a = `x` && kind = server }",
  "{ resource.service.name = `s` } >> { span.a = `x` }",
  "{ } | count() > 3",
  "{ span.a != nil } | count() = 2",
  "{ } | avg(duration) > 2ns",
  "{ } unless { status = error }",
  "{ status = error } && { kind = client }",
  "({ status = error } | count() > 1) || ({ name = `q` })",
  "{ event.a = `x` && event:name = `e` }",
  "{ span.a = `x` || parent.a = `x` }",
  "{ .a = `x` } | by(.b) | count() > 1",
  "{ trace:spanCount > 3 }",
  "{ !(status = error) } !> { kind = server }",
];

describe("sampling decisions", () => {
  let store: TraceStore;
  let judging: Judging;
  before(async () => {
    store = await openTraceStore();
    const { client } = store;
    judging = { client, database: "clew", table: builtInTable, facts: "facts", settings: {} };
  });
  after(() => store.close());

  const random = seededRandom(printedSeed("sampling"));
  const digits = (): string =>
    Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join("");

  /** Facts of all traces, in the table of facts. */
  async function judgeAll(policies: Policies): Promise<number> {
    await makeFacts(judging);
    await collectFacts(judging, policies, { seen: sql`true`, own: sql`true` });
    return judgeUnknown(judging, policies, 10_000);
  }

  async function judged(): Promise<Map<string, number>> {
    const rows = await store.client.query<{ id: string; decides: number }>(
      sql`SELECT lower(hex(trace_id)) AS id, max(policy) AS decides FROM clew.facts GROUP BY id`,
    );
    return new Map(rows.map(({ id, decides }) => [id, decides]));
  }

  test("the policy that decides is the one that the evaluator finds", async () => {
    const seed = Math.floor(random() * 2 ** 31);
    const traces: Trace[] = fc
      .sample(anySpans(8), { seed, numRuns: 300 })
      .map((spans) => briefTrace(spans, { traceId: digits(), base: NOON }))
      .filter(hasEachOnce);
    await store.fill(traces, NOW);
    const words = fc
      .sample(anyPipelineText, { seed, numRuns: 90 })
      .filter((text) => readQuery(text).query?.kind === "search");
    let evaluated = 0;
    const texts = [...queries, ...words];
    for (let i = 0; i < texts.length; i += 3) {
      const lines = texts
        .slice(i, i + 3)
        .map((text, n) => `  - { name: p${n}, keep: never, match: ${JSON.stringify(text)} }`);
      const policies = readPolicies(`policies:\n${lines.join("\n")}\n`, "test");
      evaluated += await judgeAll(policies);
      const got = await judged();
      const judge = compileJudge(policies);
      assert.equal(got.size, traces.length);
      for (const trace of traces) {
        const want = judge(traceViewOf(trace));
        // The evaluator could not calculate a filter of which SQL knows that it does not hold.
        if (want === UNDECIDED) continue;
        assert.equal(got.get(trace.traceId), want, `${lines.join("\n")}\n${JSON.stringify(trace)}`);
      }
    }
    const share = evaluated / ((texts.length / 3) * traces.length);
    console.log(`${Math.round(share * 100)} % of the traces were evaluated`);
  });

  const keepLists: Keep[][] = [
    [{ kind: "always" }, { kind: "never" }, { kind: "probability", probability: 0.25 }],
    [
      { kind: "tracesPerSecond", traces: 3 },
      { kind: "tracesPerSecond", traces: 0.3 },
      { kind: "spansPerHour", spans: 60 },
      { kind: "bytesPerHour", bytes: 50 * BYTES_PER_SPAN },
      { kind: "probability", probability: 0 },
      { kind: "probability", probability: 1 },
      { kind: "always" },
    ],
  ];
  for (const keeps of keepLists) {
    test(`what is decided is what decide says: ${keeps.map(keepText).join(", ")}`, async () => {
      const policies = keeps.map((keep, i) => ({ name: `p${i}`, keep }));
      await makeFacts(judging);
      const traces = Array.from({ length: 2000 }, (): JudgedTrace => {
        const traceId = digits();
        const spans = 1 + Math.floor(random() * (random() < 0.02 ? 100 : 9));
        return {
          traceId,
          randomness: randomnessOf(traceId),
          startUnixNano: NOON + BigInt(Math.floor(random() * 9000 * 1e9)),
          spans,
          bytes: spans * BYTES_PER_SPAN,
          policy: Math.floor(random() * (keeps.length + 1)) - 1,
        };
      });
      const values = traces.map(
        (t) =>
          `('t', unhex('${t.traceId}'), ${t.randomness}, ${t.startUnixNano}, ${t.spans}, 0, 0, ${t.policy})`,
      );
      await insertFacts(store, values);
      // As the evaluator leaves it: the same trace once more, with nothing but its policy.
      await insertFacts(
        store,
        values.slice(0, 50).map((row) => row.replace(/, -?\d+\)$/, `, ${UNKNOWN})`)),
      );
      const rows = await store.client.query<{ id: string; name: string; weight: number }>(
        sql`SELECT lower(hex(trace_id)) AS id, policy_name AS name, weight FROM (${decisionsSql({
          database: "clew",
          facts: "facts",
          policies,
          bytesPerSpan: BYTES_PER_SPAN,
        })})`,
      );
      const weights = decide(keeps, traces);
      const want = traces.map(({ traceId, policy }, i) => {
        return { id: traceId, name: policies[policy]?.name ?? "", weight: weights[i]! };
      });
      const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1);
      assert.deepEqual(rows.sort(byId), want.sort(byId));
      await dropFacts(judging);
    });
  }
});

/** Of spans with the same id, kind and service, only one is read. */
function hasEachOnce({ spans, resources }: Trace): boolean {
  const identities = spans.map((s) => `${s.spanId} ${s.kind} ${resources[s.resource]!.service}`);
  return new Set(identities).size === spans.length;
}

async function insertFacts({ client }: TraceStore, values: readonly string[]): Promise<void> {
  await client.insertBytes(
    sql`INSERT INTO clew.facts (tenant, trace_id, randomness, start_unix_nano, spans, first_bucket,
      last_bucket, policy) FORMAT Values`,
    [Buffer.from(values.join(", "))],
  );
}
