/** Remote sampling as SDKs use it: by HTTP, by gRPC, from a file, and following the traffic. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, test } from "node:test";
import { Client, credentials } from "@grpc/grpc-js";
import { ROOT_CONTEXT, SpanKind } from "@opentelemetry/api";
import { JaegerRemoteSampler } from "@opentelemetry/sampler-jaeger-remote";
import {
  AlwaysOnSampler,
  RandomIdGenerator,
  SamplingDecision,
} from "@opentelemetry/sdk-trace-base";
import { AdaptiveSampling } from "../../src/query/adaptive-sampling.ts";
import { sql } from "../../src/store/sql.ts";
import { startTestClew, type TestClew } from "../support/clew.ts";
import { oracleDecode, oracleEncode } from "../support/oracle.ts";
import { openTraceStore } from "../support/stored-traces.ts";

const strategies = (share: number): string =>
  JSON.stringify({
    default_strategy: { type: "probabilistic", param: 0.5 },
    service_strategies: [
      {
        service: "shop",
        type: "probabilistic",
        param: share,
        operation_strategies: [{ operation: "/pay", type: "probabilistic", param: 1 }],
      },
      { service: "mail", type: "ratelimiting", param: 5 },
    ],
  });

describe("remote sampling", () => {
  let clew: TestClew;
  let folder: string;
  let file: string;
  let ports: number[];
  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "clew-strategies-"));
    file = path.join(folder, "strategies.json");
    writeFileSync(file, strategies(0.25));
    const sampling = { jaegerHttpPort: 0, jaegerGrpcPort: 0, strategyFile: file };
    clew = await startTestClew({ sampling });
    ports = clew.events
      .filter(({ message }) => String(message).startsWith("samplers may ask"))
      .map(({ port }) => Number(port));
  });
  after(async () => {
    await clew.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const ask = async (question: string): Promise<[number, unknown]> => {
    const answer = await fetch(`http://127.0.0.1:${ports[0]}${question}`);
    const text = await answer.text();
    return [answer.status, answer.status === 200 ? JSON.parse(text) : text];
  };

  test("HTTP answers as Jaeger does", async () => {
    assert.deepEqual(await ask("/sampling?service=other"), [
      200,
      { strategyType: "PROBABILISTIC", probabilisticSampling: { samplingRate: 0.5 } },
    ]);
    assert.deepEqual(await ask("/?service=mail"), [
      200,
      { strategyType: "RATE_LIMITING", rateLimitingSampling: { maxTracesPerSecond: 5 } },
    ]);
    assert.deepEqual(await ask("/sampling?service=shop"), [
      200,
      {
        strategyType: "PROBABILISTIC",
        probabilisticSampling: { samplingRate: 0.25 },
        operationSampling: {
          defaultSamplingProbability: 0.25,
          defaultLowerBoundTracesPerSecond: 0,
          perOperationStrategies: [
            { operation: "/pay", probabilisticSampling: { samplingRate: 1 } },
          ],
          defaultUpperBoundTracesPerSecond: 0,
        },
      },
    ]);
    const twice = [400, "'service' parameter must be provided once\n"];
    assert.deepEqual(await ask("/sampling"), twice);
    assert.deepEqual(await ask("/sampling?service=a&service=b"), twice);
  });

  test("gRPC answers the same", async () => {
    const client = new Client(`127.0.0.1:${ports[1]}`, credentials.createInsecure());
    const asIs = (bytes: Buffer): Buffer => bytes;
    const bytes = await new Promise<Buffer>((resolve, reject) => {
      const request = Buffer.from(
        oracleEncode("SamplingStrategyParameters", { serviceName: "shop" }),
      );
      client.makeUnaryRequest(
        "/jaeger.api_v2.SamplingManager/GetSamplingStrategy",
        asIs,
        asIs,
        request,
        (error, answer) => (error === null ? resolve(answer!) : reject(error)),
      );
    });
    client.close();
    assert.deepEqual(oracleDecode("SamplingStrategyResponse", bytes), {
      probabilisticSampling: { samplingRate: 0.25 },
      operationSampling: {
        defaultSamplingProbability: 0.25,
        perOperationStrategies: [{ operation: "/pay", probabilisticSampling: { samplingRate: 1 } }],
      },
    });
  });

  test("OpenTelemetry's JaegerRemoteSampler takes the strategy, and the next one", async () => {
    const endpoint = `http://127.0.0.1:${ports[0]}`;
    const sampler = unrefTimers(
      () =>
        new JaegerRemoteSampler({
          endpoint,
          serviceName: "shop",
          poolingInterval: 20,
          initialSampler: new AlwaysOnSampler(),
        }),
    );
    const ids = new RandomIdGenerator();
    const taken: number = SamplingDecision.RECORD_AND_SAMPLED; // two packages have that enum
    const share = (name: string): number => {
      const count = 4000;
      let sampled = 0;
      for (let i = 0; i < count; i++) {
        const id = ids.generateTraceId();
        const { decision } = sampler.shouldSample(ROOT_CONTEXT, id, name, SpanKind.SERVER, {}, []);
        if ((decision as number) === taken) sampled++;
      }
      return sampled / count;
    };
    const near = async (want: number): Promise<void> => {
      for (let i = 0; i < 100 && Math.abs(share("/list") - want) > 0.06; i++) await sleep(50);
      assert.ok(Math.abs(share("/list") - want) <= 0.06, `${share("/list")} of /list`);
      assert.equal(share("/pay"), 1);
    };
    await near(0.25);
    writeFileSync(file, strategies(0.75).padEnd(1000));
    await near(0.75);
    writeFileSync(file, "{ broken");
    await sleep(100);
    await near(0.75);
    assert.ok(clew.events.some(({ message }) => String(message).startsWith("a file is wrong")));
  });
});

/** Runs it so that its timers keep no process alive. */
function unrefTimers<T>(make: () => T): T {
  const original = globalThis.setInterval;
  const unref = ((...args: Parameters<typeof setInterval>) => original(...args).unref()) as never;
  globalThis.setInterval = unref;
  try {
    return make();
  } finally {
    globalThis.setInterval = original;
  }
}

test("shares follow the traffic until each operation sends what it shall", async () => {
  const store = await openTraceStore();
  try {
    let now = Math.floor(Date.now() / 60_000) * 60 - 3600;
    const adaptive = new AdaptiveSampling({
      client: store.client,
      database: "clew",
      tenant: "t",
      spansPerSecond: 2,
      nowSeconds: () => now,
    });
    const served = (operation: string): number => {
      const { operations } = adaptive.strategyOf("shop");
      return operations!.shares.get(operation) ?? operations!.probability;
    };
    const traffic: [operation: string, perSecond: number, minuteOfChange: number][] = [
      ["/busy", 4000, 15],
      ["/usual", 40, Infinity],
      ["/rare", 0.5, Infinity],
    ];
    const sdk = new Map<string, number>(
      traffic.map(([operation]) => [operation, served(operation)]),
    );
    const came = new Map<string, number>();
    for (let minute = 0; minute < 30; minute++) {
      for (const [operation, perSecond, change] of traffic) {
        const rate = minute >= change ? perSecond / 20 : perSecond;
        // One a minute comes whatever the share: the lower bound that SDKs are told.
        const calls = Math.max(1, Math.round(rate * 60 * sdk.get(operation)!));
        came.set(operation, calls / 60);
        await insertCalls(store.client, { now, operation, calls });
        // SDKs ask once a minute.
        sdk.set(operation, served(operation));
      }
      now += 60;
      await adaptive.calculate();
      if (minute === 14 || minute === 29) {
        assert.ok(Math.abs(came.get("/busy")! / 2 - 1) < 0.35, `/busy: ${came.get("/busy")}`);
        assert.ok(Math.abs(came.get("/usual")! / 2 - 1) < 0.35, `/usual: ${came.get("/usual")}`);
      }
    }
    assert.equal(served("/rare"), 1);
  } finally {
    await store.close();
  }
});

async function insertCalls(
  client: Awaited<ReturnType<typeof openTraceStore>>["client"],
  { now, operation, calls }: { now: number; operation: string; calls: number },
): Promise<void> {
  await client.command(
    sql`INSERT INTO clew.red_1m (tenant, time, service, name, kind, calls)
      SELECT 't', toDateTime(${{ type: "UInt32", value: now }}, 'UTC'), 'shop',
        ${{ type: "String", value: operation }}, 2, ${{ type: "UInt64", value: calls }}`,
  );
}
