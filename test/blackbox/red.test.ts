/** Roll-ups from the doors to the answers: what was sent is counted, whoever asks in whatever way. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type {
  RedAnswer,
  RedHeatmapAnswer,
  RedTotals,
  ServicesAnswer,
} from "../../src/api/contract.ts";
import { type SpanKind, spanKinds } from "../../src/model/trace.ts";
import { drained, metricValue, postTraces, startTestClew, type TestClew } from "../support/clew.ts";
import { oracleEncode, type Plain, printedSeed } from "../support/oracle.ts";
import { seededRandom } from "../support/seeded-random.ts";

interface SentSpan {
  readonly traceId: string;
  readonly service: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly isError: boolean;
  readonly region: string;
  readonly startNano: bigint;
  readonly nano: number;
  readonly weight: number;
}

const SPANS = 6000;
const MOST_OFF = 0.02;
const HOUR = 3600;
const AGO_SECONDS = 3 * HOUR;

/** Services and their operations; durations are as likely short as long. */
function makeSpans(random: () => number, nowNano: bigint): SentSpan[] {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  return Array.from({ length: SPANS }, (_, i) => {
    const service = pick(["shop", "shop", "cart", "batch"]);
    const kind = service === "batch" ? "internal" : pick(["server", "server", "client"] as const);
    return {
      traceId: (i + 1).toString(16).padStart(32, "0"),
      service,
      name: pick(["GET /", "POST /order", "list"]),
      kind,
      isError: random() < 0.1,
      region: pick(["eu", "us"]),
      startNano: nowNano - BigInt(Math.floor(random() * AGO_SECONDS * 1e9)),
      nano: Math.floor(10 ** (3 + 7 * random())),
      // A quarter of those from the cart came through a sampler that kept a quarter.
      weight: service === "cart" && random() < 0.25 ? 4 : 1,
    };
  });
}

function encode(spans: readonly SentSpan[]): Uint8Array {
  const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
  const resourceSpans = spans.map((span): Plain => ({
    resource: { attributes: [text("service.name", span.service)] },
    scopeSpans: [
      {
        spans: [
          {
            traceId: Buffer.from(span.traceId, "hex"),
            spanId: Buffer.from(span.traceId.slice(16), "hex"),
            name: span.name,
            kind: spanKinds.indexOf(span.kind),
            traceState: span.weight === 4 ? "vendor=1,ot=th:c" : "",
            startTimeUnixNano: String(span.startNano),
            endTimeUnixNano: String(span.startNano + BigInt(span.nano)),
            status: { code: span.isError ? 2 : 0 },
            attributes: [text("region", span.region)],
          },
        ],
      },
    ],
  }));
  return oracleEncode("TracesData", { resourceSpans });
}

/** What the figures of some spans have to be. */
function checkTotals(got: RedTotals, spans: readonly SentSpan[]): void {
  const weigh = (list: readonly SentSpan[]) => list.reduce((sum, { weight }) => sum + weight, 0);
  assert.deepEqual([got.calls, got.errors], [weigh(spans), weigh(spans.filter((s) => s.isError))]);
  const nanos = spans.flatMap(({ nano, weight }) => Array.from({ length: weight }, () => nano));
  if (nanos.length === 0) return assert.deepEqual([got.p50Nano, got.averageNano], [null, null]);
  const average = nanos.reduce((sum, nano) => sum + nano, 0) / nanos.length;
  assert.ok(Math.abs(got.averageNano! / average - 1) < 1e-9);
  checkQuantiles([got.p50Nano!, got.p95Nano!, got.p99Nano!], nanos);
}

function checkQuantiles(got: readonly number[], nanos: readonly number[]): void {
  const sorted = nanos.toSorted((a, b) => a - b);
  for (const [i, share] of [0.5, 0.95, 0.99].entries()) {
    const exact = sorted[Math.ceil(share * sorted.length) - 1]!;
    assert.ok(Math.abs(got[i]! / exact - 1) <= MOST_OFF, `p${share * 100}: ${got[i]}, ${exact}`);
  }
}

describe("calls, errors and durations", () => {
  let clew: TestClew;
  let spans: SentSpan[];
  let nowSeconds: number;
  before(async () => {
    clew = await startTestClew({ metrics: { dimensions: ["region"] } });
    nowSeconds = Math.floor(Date.now() / 1000);
    spans = makeSpans(seededRandom(printedSeed("red")), BigInt(nowSeconds) * 10n ** 9n);
    for (let at = 0; at < SPANS; at += 500) {
      const { status } = await postTraces(clew, encode(spans.slice(at, at + 500)));
      assert.equal(status, 200);
    }
    await drained(clew);
    assert.equal(await metricValue(clew, "clew_spans_inserted_total"), SPANS);
  });
  after(() => clew.close());

  const ask = async <Answer>(path: string): Promise<Answer> => {
    const answer = await fetch(`${clew.apiUrl}/api/clew/v1/${path}`);
    assert.equal(answer.status, 200, await answer.clone().text());
    return (await answer.json()) as Answer;
  };
  const range = (): string => `start=${nowSeconds - AGO_SECONDS}&end=${nowSeconds + 1}`;

  const questions: [question: string, of: (span: SentSpan) => boolean][] = [
    ["", () => true],
    ["service=shop", ({ service }) => service === "shop"],
    ["service=cart&name=list", (s) => s.service === "cart" && s.name === "list"],
    ["kind=server,consumer", ({ kind }) => kind === "server"],
    ["status=error&kind=client", ({ isError, kind }) => isError && kind === "client"],
    ["dimension.region=eu", ({ region }) => region === "eu"],
    ["service=absent", () => false],
  ];
  for (const [question, of] of questions) {
    for (const step of ["", "60", "600", "3600"]) {
      test(`red?${question} in steps of ${step || "its own choice"}`, async () => {
        const answer = await ask<RedAnswer>(`red?${range()}&${question}&step=${step}`);
        const wanted = spans.filter(of);
        const [series] = answer.series;
        if (wanted.length === 0) return assert.deepEqual(answer.series, []);
        checkTotals(series!.total, wanted);
        for (const [i, time] of answer.times.entries()) {
          const within = wanted.filter(({ startNano }) => {
            const seconds = Number(startNano / 10n ** 9n);
            return seconds >= time && seconds < time + answer.stepSeconds;
          });
          const calls = within.reduce((sum, { weight }) => sum + weight, 0);
          assert.equal(series!.calls[i], calls, `step ${i}`);
          if (calls === 0) assert.equal(series!.p95Nano[i], null);
          else {
            const nanos = within.flatMap((s) => Array.from({ length: s.weight }, () => s.nano));
            const { p50Nano, p95Nano, p99Nano } = series!;
            checkQuantiles([p50Nano[i]!, p95Nano[i]!, p99Nano[i]!], nanos);
          }
        }
        return undefined;
      });
    }
  }

  test("by service, and by operation, the busiest first and no more than asked for", async () => {
    const { series } = await ask<RedAnswer>(`red?${range()}&by=service`);
    assert.deepEqual(
      new Set(series.map(({ service }) => service)),
      new Set(["shop", "cart", "batch"]),
    );
    for (const { service, total } of series) {
      checkTotals(
        total,
        spans.filter((span) => span.service === service),
      );
    }
    const operations = await ask<RedAnswer>(`red?${range()}&by=operation&service=shop`);
    assert.equal(operations.series.length, 6);
    const calls = operations.series.map(({ total }) => total.calls);
    assert.deepEqual(
      calls,
      calls.toSorted((a, b) => b - a),
    );
    for (const { service, name, kind, total } of operations.series) {
      const of = (s: SentSpan) => s.service === service && s.name === name && s.kind === kind;
      checkTotals(total, spans.filter(of));
    }
    const two = await ask<RedAnswer>(`red?${range()}&by=operation&service=shop&limit=2`);
    assert.deepEqual(two.series, operations.series.slice(0, 2));
  });

  test("services: by the requests that they got, or all their spans", async () => {
    for (const time of [range(), `since=${AGO_SECONDS + 60}`]) {
      const { services } = await ask<ServicesAnswer>(`services?${time}`);
      assert.deepEqual(
        services.map(({ service, isOfRequests }) => [service, isOfRequests]),
        [
          ["batch", false],
          ["cart", true],
          ["shop", true],
        ],
      );
      for (const { service, isOfRequests, ...totals } of services) {
        const of = (s: SentSpan) => s.service === service && (s.kind === "server" || !isOfRequests);
        checkTotals(totals, spans.filter(of));
      }
      const overTime = await ask<ServicesAnswer>(`services?${time}&series=true`);
      for (const { series, ...service } of overTime.services) {
        assert.ok(services.some((one) => one.service === service.service));
        const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);
        assert.equal(series!.calls.length, overTime.times!.length);
        assert.deepEqual(
          [sum(series!.calls), sum(series!.errors)],
          [service.calls, service.errors],
        );
      }
    }
  });

  test("a heatmap has every span in the bucket of its duration, and exemplars are of them", async () => {
    const question = `red/heatmap?${range()}&step=600&service=shop`;
    const { times, cells, exemplars } = await ask<RedHeatmapAnswer>(question);
    const wanted = new Map<string, number>();
    const bounds = [...new Set(cells.upperNano)].sort((a, b) => a - b);
    for (const { service, startNano, nano } of spans) {
      if (service !== "shop") continue;
      const step = times.findLastIndex((time) => time <= Number(startNano / 10n ** 9n));
      const key = `${step} ${bounds.find((upper) => nano <= upper)}`;
      wanted.set(key, (wanted.get(key) ?? 0) + 1);
    }
    const got = cells.steps.map((step, i) => [`${step} ${cells.upperNano[i]}`, cells.calls[i]]);
    assert.deepEqual(Object.fromEntries(got), Object.fromEntries(wanted));
    assert.ok([...cells.steps, ...exemplars.steps].every(Number.isInteger));
    assert.ok(exemplars.steps.length > 100);
    for (const [i, traceId] of exemplars.traceIds.entries()) {
      const span = spans.find((sent) => sent.traceId === traceId)!;
      assert.equal(span.service, "shop");
      const upper = exemplars.upperNano[i]!;
      assert.ok(span.nano <= upper && span.nano >= upper / Math.SQRT2 - 1);
      assert.equal(exemplars.spanIds[i], traceId.slice(16));
    }
    const hours = await ask<RedHeatmapAnswer>(`red/heatmap?${range()}&step=3600`);
    const calls = hours.cells.calls.reduce((sum, each) => sum + each, 0);
    const all = spans.reduce((sum, { weight }) => sum + weight, 0);
    assert.deepEqual([calls, hours.exemplars.steps], [all, []]);
  });

  const refused: [question: string, message: RegExp][] = [
    ["red?step=90", /step 90 is not a multiple of 60/],
    ["red?step=1e3", /step: "1e3" is not a whole number from 60 to/],
    ["red?kind=servant", /kind: "servant" is not some of unspecified, internal, server/],
    ["red?status=bad", /status: "bad" is not some of unset, ok, error/],
    ["red?by=name", /by: "name" is neither service nor operation/],
    ["red?colour=red", /there is no parameter "colour"/],
    ["red?start=5", /start needs an end/],
    ["red?start=9&end=9", /start 9 is not before end 9/],
    ["red?start=1&end=9&since=60", /since cannot be with start or end/],
    ["red?since=864000&step=60", /step 60 makes 1440\d steps, over 2000/],
    ["red/heatmap?by=service", /there is no parameter "by"/],
    ["services?service=shop", /there is no parameter "service"/],
  ];
  for (const [question, message] of refused) {
    test(`refuses ${question}`, async () => {
      const answer = await fetch(`${clew.apiUrl}/api/clew/v1/${question}`);
      const { error } = (await answer.json()) as { error: { code: string; message: string } };
      assert.deepEqual([answer.status, error.code], [400, "invalid"]);
      assert.match(error.message, message);
    });
  }
});
