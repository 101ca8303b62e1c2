/** Clew's own search, from spans sent to answers. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ErrorAnswer, SearchAnswer, SearchProgress } from "../../src/api/contract.ts";
import { briefTrace } from "../support/brief-trace.ts";
import { postTraces, startTestClew, stored, type TestClew } from "../support/clew.ts";
import { otlpOfTrace } from "../support/trace-otlp.ts";

const SECOND = 1_000_000_000n;
const TRACES = 30;

describe("GET /api/clew/v1/search", () => {
  let clew: TestClew;
  before(async () => {
    clew = await startTestClew({ query: { maxCandidateTraces: 100 } });
    const now = BigInt(Math.floor(Date.now() / 1000));
    for (let i = 0; i < TRACES; i++) {
      const trace = briefTrace(
        [
          { id: "root", service: "web", kind: "server", duration: 1e6 * (i + 1) },
          {
            id: "query",
            of: "root",
            service: "db",
            status: i % 3 === 0 ? "error" : "ok",
            attributes: { rows: BigInt(i), "db.system": "redis" },
          },
        ],
        { traceId: (i + 1).toString(16).padStart(32, "0"), base: (now - BigInt(i * 60)) * SECOND },
      );
      await postTraces(clew, otlpOfTrace(trace));
    }
    await stored(clew);
  });
  after(() => clew.close());

  const ask = (parameters: Record<string, string>, accept = "*/*"): Promise<Response> =>
    fetch(`${clew.apiUrl}/api/clew/v1/search?${new URLSearchParams(parameters)}`, {
      headers: { accept },
    });
  const search = async (parameters: Record<string, string>): Promise<SearchAnswer> => {
    const response = await ask(parameters);
    assert.equal(response.status, 200, await response.clone().text());
    return (await response.json()) as SearchAnswer;
  };

  test("the newest traces that match, with what the query mentions", async () => {
    const q = '{ resource.service.name = "web" } >> { status = error && span.rows < 10 }';
    const { traces, receipt } = await search({ q, limit: "2" });
    assert.deepEqual(
      traces.map(({ summary }) => summary.traceId.replace(/^0+/, "")),
      ["1", "4"],
    );
    const [first] = traces;
    assert.equal(first!.summary.rootService, "web");
    assert.equal(first!.spansets[0]!.matched, 1);
    const attributes = first!.spansets[0]!.spans[0]!.attributes;
    assert.deepEqual(
      attributes.find(({ key }) => key === "rows"),
      { key: "rows", value: { intValue: "0" } },
    );
    assert.ok(receipt.complete && receipt.rowsRead > 0 && receipt.candidates > 0);
  });

  test("the slowest traces, exactly", async () => {
    const { traces } = await search({ q: "{ kind = server } | sort(duration desc)", limit: "3" });
    assert.deepEqual(
      traces.map(({ summary }) => Number.parseInt(summary.traceId, 16)),
      [30, 29, 28],
    );
  });

  test("all there are within a time, without a query", async () => {
    const { traces } = await search({ since: "590", limit: "100" });
    assert.ok(traces.length >= 9 && traces.length <= 10, String(traces.length));
  });

  test("line by line while it works", async () => {
    const response = await ask({ q: "{ status = error }" }, "application/x-ndjson");
    assert.equal(response.headers.get("content-type"), "application/x-ndjson");
    const lines = (await response.text()).trim().split("\n");
    const progress = lines.map((line) => JSON.parse(line) as SearchProgress);
    const last = progress.at(-1)!;
    assert.ok("answer" in last);
    assert.equal(last.answer.traces.length, 10);
    const told = progress.flatMap((line) => ("found" in line ? line.found : []));
    assert.ok(told.length > 0 && told.length <= 10);
  });

  test("a query that cannot be asked says where", async () => {
    const response = await ask({ q: '{ status = "error" }' });
    assert.equal(response.status, 400);
    const { error } = (await response.json()) as ErrorAnswer;
    assert.equal(error.code, "invalid");
    assert.deepEqual(
      error.problems?.map(({ from, to }) => [from, to]),
      [[2, 18]],
    );
  });

  const refused: [parameters: Record<string, string>, status: number, message: RegExp][] = [
    [{ q: "{ } | rate()" }, 400, /gives series/],
    [{ limit: "0" }, 400, /^limit: "0" is not a whole number from 1/],
    [{ from: "5", to: "5" }, 400, /^from is not before to$/],
    [{ nonsense: "1" }, 400, /no parameter "nonsense"/],
  ];
  for (const [parameters, status, message] of refused) {
    test(`${JSON.stringify(parameters)} is refused`, async () => {
      const response = await ask(parameters);
      assert.equal(response.status, status);
      assert.match(((await response.json()) as ErrorAnswer).error.message, message);
    });
  }
});
