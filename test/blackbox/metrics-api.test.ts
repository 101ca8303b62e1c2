/** Clew's own metrics, from spans sent to answers. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ErrorAnswer, MetricsAnswer } from "../../src/api/contract.ts";
import { briefTrace } from "../support/brief-trace.ts";
import { drained, postTraces, startTestClew, type TestClew } from "../support/clew.ts";
import { otlpOfTrace } from "../support/trace-otlp.ts";

const SECOND = 1_000_000_000n;
const MINUTE = 60;
const TRACES = 30;

describe("GET /api/clew/v1/metrics", () => {
  const now = Math.floor(Date.now() / 1000);
  let clew: TestClew;
  before(async () => {
    clew = await startTestClew();
    for (let i = 0; i < TRACES; i++) {
      const trace = briefTrace(
        [
          { id: "root", service: "web", kind: "server", duration: 1e6 * (i + 1) },
          { id: "query", of: "root", service: "db", status: i % 3 === 0 ? "error" : "ok" },
        ],
        {
          traceId: (i + 1).toString(16).padStart(32, "0"),
          base: BigInt(now - i * MINUTE) * SECOND,
        },
      );
      await postTraces(clew, otlpOfTrace(trace));
      // The first again, as another request: its spans count once.
      if (i === 0) await postTraces(clew, otlpOfTrace({ ...trace, spans: [trace.spans[1]!] }));
    }
    await drained(clew);
  });
  after(() => clew.close());

  const ask = (parameters: Record<string, string>): Promise<Response> =>
    fetch(`${clew.apiUrl}/api/clew/v1/metrics?${new URLSearchParams(parameters)}`);
  const metrics = async (parameters: Record<string, string>): Promise<MetricsAnswer> => {
    const response = await ask(parameters);
    assert.equal(response.status, 200, await response.clone().text());
    return (await response.json()) as MetricsAnswer;
  };
  const text = ({ labels }: MetricsAnswer["series"][number]): string =>
    labels.map(({ key, value }) => `${key}=${Object.values(value).join("")}`).join();

  test("series over time, with exemplars and a receipt", async () => {
    const q = "{ } | count_over_time() by (resource.service.name)";
    const { timesMs, stepMs, series, receipt, truncated } = await metrics({ q, step: "600" });
    assert.equal(stepMs, 600_000);
    assert.ok(timesMs.every((time, i) => time % stepMs === 0 && i * stepMs === time - timesMs[0]!));
    assert.deepEqual(series.map(text), ["resource.service.name=db", "resource.service.name=web"]);
    for (const { values } of series) {
      assert.equal(values.length, timesMs.length);
      assert.equal(
        values.reduce<number>((sum, value) => sum + Number(value), 0),
        TRACES,
      );
    }
    assert.ok(series.some(({ exemplars }) => exemplars.length > 0));
    assert.equal(truncated, false);
    assert.ok(receipt.complete && receipt.rowsRead > 0 && receipt.candidates === 0);
  });

  test("one value of it all, of traces as a whole, too; the first series", async () => {
    const instant = { since: "3600", instant: "true" };
    const rate = await metrics({ ...instant, q: "{ } > { status = error } | count_over_time()" });
    assert.deepEqual(
      rate.series.map(({ values }) => values),
      [[10]],
    );
    assert.ok(rate.receipt.candidates >= 10);
    const limited = await metrics({ ...instant, q: "{ } | rate() by (name)", limit: "1" });
    assert.deepEqual([limited.series.length, limited.truncated], [1, true]);
  });

  test("what makes no sense is refused", async () => {
    const response = await ask({ q: "{ nme = 1 } | rate()" });
    assert.equal(response.status, 400);
    const { error } = (await response.json()) as ErrorAnswer;
    assert.ok(error.problems!.length > 0);
    const q = "{ } | rate()";
    for (const parameters of [
      { q: "{ }" },
      { q, step: "0" },
      { q, step: "0.001" },
      { q, instant: "x" },
      { q: "" },
    ]) {
      assert.equal((await ask(parameters)).status, 400, JSON.stringify(parameters));
    }
  });
});
