/** Searches that ask for too much, or go away: an answer or an error within a second or so, and ClickHouse
 * does nothing any more. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Fault } from "../../src/base/fault.ts";
import { createSearch, type SearchAnswer } from "../../src/query/search.ts";
import { readQuery } from "../../src/traceql/check.ts";
import type { Sending, Settings, StoreClient } from "../../src/store/client.ts";
import { programText, type Sql } from "../../src/store/sql.ts";
import { writeKeys } from "../../src/store/write-keys.ts";
import { briefTrace } from "../support/brief-trace.ts";
import { openTraceStore, TENANT, type TraceStore } from "../support/stored-traces.ts";

const SECOND = 1_000_000_000n;
const DAY_SECONDS = 86_400;
const now = Math.floor(Date.now() / 1000);

describe("a search", () => {
  let store: TraceStore;
  before(async () => {
    store = await openTraceStore();
    const traces = Array.from({ length: 40 }, (_, i) =>
      briefTrace(
        [
          { id: "root", attributes: { a: BigInt(i), text: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!" } },
          { id: "child", of: "root", kind: "client", attributes: { a: `v${i}` } },
        ],
        { traceId: (i + 1).toString(16).padStart(32, "0"), base: BigInt(now - i * 900) * SECOND },
      ),
    );
    await store.fill(traces, now);
  });
  after(() => store.close());

  const search = (text: string, days = 1, signal?: AbortSignal): Promise<SearchAnswer> => {
    const { query, problems } = readQuery(text);
    assert.ok(query?.kind === "search", problems[0]?.message);
    const toNano = BigInt(now + 60) * SECOND;
    const fromNano = toNano - BigInt(days * DAY_SECONDS) * SECOND;
    const request = { query, fromNano, toNano, limit: 20, spansPerSpanset: 3 };
    return createSearch(store.options(now)).search(request, { signal });
  };

  const chain = (count: number, part: (i: number) => string, operator: string): string =>
    Array.from({ length: count }, (_, i) => part(i)).join(` ${operator} `);
  const cases: readonly [name: string, query: string, found: number][] = [
    ["thousands of alternatives", `{ ${chain(7_000, (i) => `.a = "v${i * 2}"`, "||")} }`, 20],
    ["thousands of numbers", `{ ${chain(8_000, (i) => `.a = ${i * 2}`, "||")} }`, 20],
    ["a list of 10,000", `{ .a in (${chain(10_000, (i) => `"v${i}"`, ",")}) }`, 20],
    ["different attributes", `{ ${chain(1_000, (i) => `.a${i} = ${i}`, "||")} }`, 0],
    ["hundreds of spansets", chain(300, (i) => `{ .a = "v${i}" }`, "||"), 20],
    ["hundreds that must all be there", chain(300, (i) => `{ .a = "v${i}" }`, "&&"), 0],
    ["a long chain of descendants", chain(200, () => "{ .a != nil }", ">>"), 0],
    ["deep nesting", `{ ${"!(".repeat(100)}.a = "v3"${")".repeat(100)} }`, 1],
    ["an expression that backtracks", "{ .text =~ `(a+)+(b|c)` }", 0],
    ["a large expression", `{ .text =~ \`${"(a?)".repeat(100)}${"a".repeat(100)}\` }`, 0],
    ["an expression of all of Unicode", "{ .text =~ `[\\pL\\pN]{1,32}!` }", 20],
  ];
  for (const [name, text, found] of cases) {
    test(`with ${name} is answered`, async () => {
      const { traces } = await search(text);
      assert.equal(traces.length, found);
    });
  }

  test("over ten thousand days has few statements", async () => {
    const { traces, receipt } = await search(`{ .a = "v39" }`, 10_000);
    assert.equal(traces.length, 1);
    assert.ok(receipt.slices.done <= 10, `${receipt.slices.done} slices`);
  });

  test("is refused if it has to look at too many traces", async () => {
    const { query } = readQuery("{ .a != nil } >> { .text = nil && .a * 2 > 5 }");
    assert.ok(query?.kind === "search");
    const options = store.options(now);
    const queries = createSearch({
      ...options,
      limits: { ...options.limits, candidateTraces: 10 },
    });
    const fromNano = BigInt(now - DAY_SECONDS) * SECOND;
    const toNano = BigInt(now + 60) * SECOND;
    await assert.rejects(
      queries.search({ query, fromNano, toNano, limit: 20, spansPerSpanset: 3 }),
      (error) =>
        error instanceof Fault && error.code === "tooLarge" && /10 traces/.test(error.message),
    );
  });

  test("ends in ClickHouse, too, when nobody waits for it any more", async () => {
    // Reading it takes 30 ms a row, and more than ten seconds in all: part after part.
    for (let part = 0; part < 8; part++) {
      await store.client.command(
        programText("INSERT INTO clew.spans SELECT * FROM clew.spans WHERE name = 'root' LIMIT 40"),
      );
    }
    await store.client.command(
      programText(
        "ALTER TABLE clew.spans ADD COLUMN span_slow Nullable(String) DEFAULT toString(sleepEachRow(0.03))",
      ),
    );
    const options = store.options(now);
    const slow = { scope: "span", key: "slow", type: 1, column: "span_slow" } as const;
    const table = options.table();
    const promoted = [...table.promoted, { ...slow, columnType: "Nullable(String)" as const }];
    const queries = createSearch({
      ...options,
      client: oneThread(store.client),
      table: () => ({ ...table, promoted }),
    });
    const { query } = readQuery('{ span.slow = "x" || .a = 5 }');
    assert.ok(query?.kind === "search");
    const stopping = new AbortController();
    const fromNano = BigInt(now - DAY_SECONDS) * SECOND;
    const toNano = BigInt(now + 60) * SECOND;
    const timeBucket = now - (now % 300);
    const key = {
      tenant: TENANT,
      timeBucket,
      scope: "span",
      key: "slow",
      type: 1,
    } as const;
    await writeKeys(store.client, "clew", [key]);
    const searching = queries.search(
      { query, fromNano, toNano, limit: 20, spansPerSpanset: 3 },
      { signal: stopping.signal },
    );
    const gone = assert.rejects(searching, /gone/);
    await until(async () => (await running(store)) > 0);
    stopping.abort(new Error("gone"));
    await gone;
    const goneMs = performance.now();
    await until(async () => (await running(store)) === 0);
    assert.ok(performance.now() - goneMs < 4_000, "ClickHouse has gone on");
  });
});

/** A client whose statements have one thread each. */
function oneThread(client: StoreClient): StoreClient {
  const query = (statement: Sql, settings: Settings, sending: Sending): Promise<unknown[]> =>
    client.query(statement, { ...settings, max_threads: 1 }, sending);
  return Object.create(client, { query: { value: query } }) as StoreClient;
}

/** How many statements about spans ClickHouse works at. */
async function running({ client }: TraceStore): Promise<number> {
  const rows = await client.query<{ query: string }>(
    programText("SELECT query FROM system.processes WHERE query LIKE '%span_slow%'"),
  );
  return rows.filter(({ query }) => !query.includes("system.processes")).length;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await holds()) return;
    await sleep(50);
  }
  assert.fail("nothing has changed in 10 s");
}
