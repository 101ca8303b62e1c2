/** Attributes that many spans have get columns, and nobody who reads a trace can tell. */
import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  getBytes,
  metricValue,
  postTraces,
  startTestClew,
  stored,
  type TestClew,
} from "../support/clew.ts";
import { normalTraces, oracleDecode, oracleEncode, type Plain } from "../support/oracle.ts";

const settings = { ingest: { promotionSeconds: 1 } };
const SPANS = 500;

/** Attributes of every type; `i` makes the values differ, where they do. */
function manyTypes(i: number): Plain[] {
  return [
    { key: "app.few", value: { stringValue: `choice ${i % 7}` } },
    { key: "app.many", value: { stringValue: `order ${i} \u{1f980}` } },
    { key: "app.empty", value: { stringValue: "" } },
    { key: "App'`\\ {odd}", value: { stringValue: "odd" } },
    { key: "app.count", value: { intValue: String(2n ** 53n + BigInt(i)) } },
    { key: "app.ratio", value: { doubleValue: i / 3 } },
    { key: "app.flag", value: { boolValue: i % 2 === 0 } },
    // The same key with values of two types; the more frequent gets the column.
    {
      key: "app.mixed",
      value: i % 3 === 0 ? { intValue: String(i) } : { stringValue: `text ${i}` },
    },
    { key: "app.list", value: { arrayValue: { values: [{ stringValue: "a" }] } } },
    { key: `app.rare.${i % 50}`, value: { stringValue: "rare" } },
  ];
}

const few = "LowCardinality(Nullable(String))";
const promotions = [
  ["resource app.shard", "Nullable(Int64)"],
  ["resource app.zone", few],
  ["span App'`\\ {odd}", few],
  ["span app.count", "Nullable(Int64)"],
  ["span app.empty", few],
  ["span app.few", few],
  ["span app.flag", "Nullable(Bool)"],
  ["span app.many", "Nullable(String)"],
  ["span app.mixed", "Nullable(String)"],
  ["span app.ratio", "Nullable(Float64)"],
] as const;

const resourceAttributes = [
  { key: "service.name", value: { stringValue: "promoted" } },
  { key: "app.zone", value: { stringValue: "b" } },
  { key: "app.shard", value: { intValue: "3" } },
];

/** A request with one trace, numbered so that every trace can be asked for. */
function traceOf(number: number, attributes: (i: number) => Plain[], spans = SPANS): Uint8Array {
  const start = BigInt(Date.now()) * 1_000_000n;
  const traceId = Buffer.from(idOf(number), "hex");
  return oracleEncode("TracesData", {
    resourceSpans: [
      {
        resource: { attributes: resourceAttributes },
        scopeSpans: [
          {
            spans: Array.from({ length: spans }, (_, i) => ({
              traceId,
              spanId: Buffer.from((i + 1).toString(16).padStart(16, "0"), "hex"),
              name: "step",
              startTimeUnixNano: String(start + BigInt(i)),
              endTimeUnixNano: String(start + BigInt(i) + 1000n),
              attributes: attributes(number * SPANS + i),
            })),
          },
        ],
      },
    ],
  });
}

function idOf(number: number): string {
  return number.toString(16).padStart(32, "0");
}

async function send(clew: TestClew, body: Uint8Array): Promise<void> {
  const answer = await postTraces(clew, body);
  assert.equal(answer.status, 200, await answer.text());
}

async function assertReadsAs(clew: TestClew, number: number, body: Uint8Array): Promise<void> {
  const bytes = await getBytes(clew, `/api/traces/${idOf(number)}`, "application/protobuf");
  const got = normalTraces(oracleDecode("TracesData", bytes));
  assert.deepEqual(got, normalTraces(oracleDecode("TracesData", body)), `trace ${number}`);
}

const promoted = (clew: TestClew) =>
  clew.events
    .filter(({ message }) => message === "attribute gets a column of its own")
    .map(({ scope, key, columnType }) => [`${String(scope)} ${String(key)}`, columnType] as const);

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await isSo()) return;
    await sleep(100);
  }
  assert.fail(`not within 20 s: ${what}`);
}

describe("promotion", () => {
  let clew: TestClew;
  before(async () => (clew = await startTestClew(settings)));
  after(() => clew.close());
  const sent = new Map<number, Uint8Array>();

  async function sendTraces(from: number, to: number): Promise<void> {
    for (let number = from; number <= to; number++) {
      const body = traceOf(number, manyTypes);
      sent.set(number, body);
      await send(clew, body);
    }
    await stored(clew);
  }

  test("traces from before, during and after it read back as they were sent", async () => {
    await sendTraces(1, 30);
    await until("columns", () => promoted(clew).length >= promotions.length);
    assert.deepEqual(new Map(promoted(clew)), new Map(promotions));
    // Old parts answer at once, blocks use the columns a little later; traffic goes on all the time.
    for (let number = 31; number <= 50; number++) {
      await sendTraces(number, number);
      await sleep(250);
    }
    for (const [number, body] of sent) await assertReadsAs(clew, number, body);
  });

  test("a new key in every span costs a bounded catalogue, and is told of", async () => {
    const bomb = (i: number): Plain[] => [
      { key: `bomb.${i}`, value: { stringValue: "x" } },
      { key: "bomb.steady", value: { boolValue: true } },
    ];
    const bodies = new Map<number, Uint8Array>();
    for (let number = 101; number <= 140; number++) {
      const body = traceOf(number, bomb);
      bodies.set(number, body);
      await send(clew, body);
    }
    // Every second keys fade and make room; this many at once find none, however slow the machine.
    const many = traceOf(141, bomb, 10_000);
    bodies.set(141, many);
    await send(clew, many);
    await stored(clew);
    assert.ok((await metricValue(clew, "clew_attribute_keys")) <= 4096);
    const overflow = await metricValue(clew, "clew_attribute_keys_overflow_total");
    assert.ok(overflow > 0, `${overflow} of 30,000 attributes`);
    const named = /^clew_attribute_keys_overflowing\{service="promoted",key="bomb\.\d+"\} \d+$/m;
    await until("its name on /metrics", async () =>
      named.test(await (await fetch(`${clew.apiUrl}/metrics`)).text()),
    );
    const told = (): boolean =>
      clew.events.some(
        ({ message, mostFromService, exampleKey }) =>
          String(message).startsWith("spans have more attribute keys") &&
          mostFromService === "promoted" &&
          /^bomb\.\d+$/.test(String(exampleKey)),
      );
    await until("a warning", told);
    await until("a column for the steady key", () =>
      promoted(clew).some(([name]) => name === "span bomb.steady"),
    );
    for (const [number, body] of bodies) await assertReadsAs(clew, number, body);
    const others = promoted(clew).filter(([name]) => /bomb\.\d/.test(name));
    assert.deepEqual(others, []);
  });
});

describe("promotion with several workers", () => {
  test("what all of them see together counts, not what one sees", async () => {
    const clew = await startTestClew({ ingest: { promotionSeconds: 1, workers: 2 } });
    try {
      // Of the 10,000 spans that must be seen first, each worker gets about 6,000 of the 12,000.
      for (let number = 1; number <= 24; number++) {
        assert.equal(await sendOnce(clew, traceOf(number, manyTypes)), 200);
      }
      await stored(clew);
      await until("columns", () => promoted(clew).length >= promotions.length);
      assert.deepEqual(new Map(promoted(clew)), new Map(promotions));
      const columns = clew.events.filter(({ message }) =>
        /column of its own/.test(String(message)),
      );
      for (const { worker, reason } of columns) {
        assert.equal(worker, undefined, "one process decides for all");
        const seen = Number(/% of (\d+) spans/.exec(String(reason))?.[1]);
        assert.ok(seen >= 10_000 && seen <= 12_000, String(reason));
      }
    } finally {
      await clew.close();
    }
  });
});

/** Over a connection of its own: these are dealt out to the workers in turn. Gives the status. */
function sendOnce({ otlpUrl }: TestClew, body: Uint8Array): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const headers = { "content-type": "application/x-protobuf", "content-length": body.length };
  const sending = request(`${otlpUrl}/v1/traces`, { method: "POST", agent: false, headers });
  sending.on("response", (answer) => resolve(answer.resume().statusCode!));
  sending.on("error", reject).end(body);
  return promise;
}
