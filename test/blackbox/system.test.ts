/** What a running Clew says of itself. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { systemAnswer } from "../../src/api/answers/system.ts";
import type { SystemAnswer } from "../../src/api/contract.ts";
import { drained, postTraces, startTestClew, type TestClew } from "../support/clew.ts";
import { oracleEncode } from "../support/oracle.ts";

function spansOf(ids: readonly string[]): Uint8Array {
  const start = BigInt(Date.now()) * 1_000_000n;
  const spans = ids.map((id) => ({
    traceId: Buffer.from("11".repeat(16), "hex"),
    spanId: Buffer.from(id, "hex"),
    name: "work",
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + 1_000_000n),
  }));
  return oracleEncode("TracesData", { resourceSpans: [{ scopeSpans: [{ spans }] }] });
}

describe("the state of Clew", () => {
  let clew: TestClew;
  before(async () => {
    clew = await startTestClew({ tenancy: { enabled: true } });
  });
  after(() => clew.close());

  async function system(tenant = "shop"): Promise<SystemAnswer> {
    const headers = { "x-scope-orgid": tenant };
    const answer = await fetch(`${clew.apiUrl}/api/clew/v1/system`, { headers });
    assert.equal(answer.status, 200, await answer.clone().text());
    return systemAnswer.parse(await answer.json());
  }

  test("before the first span", async () => {
    const { ingest, summary, refusals, history, store } = await system();
    assert.equal(ingest.spansReceived, 0);
    assert.equal(summary, "No span came in the last hour.");
    assert.deepEqual(refusals, []);
    assert.equal(history.times.length, history.receivedPerSecond.length);
    assert.equal(store?.days, undefined);
    assert.ok(store!.disks[0]!.totalBytes > 0);
  });

  test("what came in, what was refused, and what ClickHouse holds", async () => {
    const headers = { "x-scope-orgid": "shop" };
    const answer = await postTraces(clew, spansOf(["01".repeat(8), "02".repeat(8), ""]), headers);
    assert.equal(answer.status, 200);
    assert.equal((await postTraces(clew, Buffer.from("no protobuf"), headers)).status, 400);
    assert.equal((await postTraces(clew, spansOf(["03".repeat(8)]))).status, 401);
    await drained(clew);
    const { ingest, findings, refusals, history, store, summary } = await system();
    assert.deepEqual([ingest.spansReceived, ingest.spansStored], [3, 2]);
    assert.match(summary, /^3 spans came in the last minute, 95 % of inserts .*; 1 span not taken/);
    const found = refusals.map(({ what, reason, lastHour }) => `${what} ${reason} ${lastHour}`);
    assert.deepEqual(found.toSorted(), [
      "request invalid 1",
      "request unauthenticated 1",
      "spans invalid_span_id 1",
    ]);
    const sentences = findings.map(({ sentence }) => sentence);
    const refused = "1 span of the last hour was refused: a span id is 8 bytes, not all zero.";
    assert.ok(sentences.includes(refused), sentences.join("\n"));
    assert.ok(history.receivedPerSecond.some((rate) => rate !== null && rate > 0));
    assert.ok(history.insertP95Seconds.some((seconds) => seconds !== null && seconds > 0));
    assert.equal(store?.tables.find(({ name }) => name === "spans")?.rows, 2);
    assert.equal(store?.days?.length, 2);
  });

  test("questions of others are not told of", async () => {
    const q = encodeURIComponent("{ name = `work` }");
    const search = fetch(`${clew.apiUrl}/api/clew/v1/search?q=${q}`, {
      headers: { "x-scope-orgid": "shop" },
    });
    const { questions } = await system("others");
    assert.deepEqual([questions.running, questions.slow], [[], []]);
    assert.equal((await search).status, 200);
    assert.equal((await fetch(`${clew.apiUrl}/api/clew/v1/system`)).status, 401);
  });
});
