import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clock, Load } from "./load.ts";
import type { KnownTrace, LoadOptions } from "./protocol.ts";
import { makeTraffic } from "./request-templates.ts";
import type { Outcome, Sender } from "./sender.ts";

const traffic = { seed: 1, keys: 20, spansPerRequest: 20 };
const { templates } = makeTraffic({ ...traffic, templates: 3, differentSpans: 160 });
const usual: LoadOptions = {
  ...traffic,
  otlpUrl: "http://nowhere",
  protocol: "http",
  connections: 3,
  gzip: false,
};
/** A clock that stands still unless somebody waits. */
function fakeClock(): Clock & { pass(ms: number): void } {
  let now = 1000;
  return {
    nowMs: () => now,
    pass: (ms) => void (now += ms),
    sleep: async (ms) => void (now += ms),
  };
}

const taken: Outcome = { kind: "acknowledged", spansRejected: 0 };

/** Runs a load against answers that are made up; what was sent in which order. */
async function runLoad(
  options: Partial<LoadOptions>,
  answer: (attempt: number) => Outcome,
  clock = fakeClock(),
) {
  const bodies: string[] = [];
  const underWay = new Map<number, number>();
  let mostAtOnce = 0;
  const sender: Sender = {
    async send(connection, body) {
      assert.ok(!underWay.has(connection), "one request at a time on a connection");
      underWay.set(connection, bodies.length);
      mostAtOnce = Math.max(mostAtOnce, underWay.size);
      const before = body.toString("base64");
      bodies.push(before);
      const outcome = answer(bodies.length - 1);
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(body.toString("base64"), before, "bytes stay while they are sent");
      underWay.delete(connection);
      return outcome;
    },
    close() {},
  };
  const fresh: KnownTrace[] = [];
  const load = new Load({
    options: { ...usual, ...options },
    templates,
    sender,
    clock,
    onFresh: (trace) => fresh.push(trace),
  });
  return { result: await load.run(), bodies, mostAtOnce, fresh };
}

test("Load: so many spans, in whole requests, all different", async () => {
  const { result, bodies, mostAtOnce, fresh } = await runLoad({ spans: 1990 }, () => taken);
  assert.equal(result.spansAcknowledged, 2000);
  assert.equal(result.requestsAcknowledged, 100);
  assert.equal(result.latencyMs.count, 100);
  assert.equal(new Set(bodies).size, 100);
  assert.equal(mostAtOnce, 3);
  assert.equal(result.known.length, 100);
  assert.ok(fresh.length >= 1);
});

test("Load: refused and unanswered requests are sent again, the same bytes", async () => {
  const outcomes: Outcome[] = [
    { kind: "refused", retryAfterMs: 0 },
    { kind: "refused", retryAfterMs: 1 },
    taken,
  ];
  const { result, bodies } = await runLoad(
    { spans: 60, connections: 1 },
    (i) => outcomes[i] ?? taken,
  );
  assert.deepEqual(
    [result.spansAcknowledged, result.refusals, result.unanswered, result.spansGivenUp],
    [60, 2, 0, 0],
  );
  assert.equal(bodies.length, 5);
  assert.equal(new Set(bodies).size, 3);
  assert.equal(new Set(bodies.slice(0, 3)).size, 1);
});

test("Load: spans that an answer rejects are not acknowledged, their traces not known", async () => {
  const { result } = await runLoad({ spans: 40, connections: 1 }, (i) => ({
    kind: "acknowledged",
    spansRejected: i === 0 ? 3 : 0,
  }));
  assert.deepEqual([result.spansAcknowledged, result.spansRejected], [37, 3]);
  assert.equal(result.known.length, 1);
});

test("Load: an endpoint that wants something else ends it", async () => {
  const wrong: Outcome = { kind: "wrong", reason: "HTTP 404" };
  await assert.rejects(
    runLoad({ spans: 1000 }, () => wrong),
    /http:\/\/nowhere does not take these spans: HTTP 404/,
  );
});

test("Load: at a rate, a slow answer is charged for what waited behind it", async () => {
  // One request is due each millisecond; the first is answered after 50, all others at once:
  //
  //     due        0  1  2  3 ...        39
  //     answered   50 50 50 50 ...       50   after 50, 49, 48 ... 11 ms
  const clock = fakeClock();
  const answer = (attempt: number): Outcome => {
    if (attempt === 0) clock.pass(50);
    return taken;
  };
  const { result } = await runLoad({ spans: 800, rate: 20_000, connections: 1 }, answer, clock);
  assert.deepEqual(result.latencyMs, { count: 40, p50: 30, p95: 48, p99: 50, max: 50 });
});

test("Load: at a rate, no faster; until the time is over", async () => {
  const clock = fakeClock();
  const options = { rate: 20_000, connections: 1, durationMs: 30 };
  const { result } = await runLoad(options, () => taken, clock);
  assert.equal(result.requestsAcknowledged, 30);
  assert.equal(result.latencyMs.max, 0);
  assert.ok(Math.abs(result.seconds - 0.029) < 1e-9);
});

test("Load: waits as long as it is told to, and counts the waiting", async () => {
  const refused: Outcome = { kind: "refused", retryAfterMs: 2500 };
  const answer = (attempt: number): Outcome => (attempt === 0 ? refused : taken);
  const { result } = await runLoad({ spans: 20, connections: 1 }, answer);
  assert.equal(result.latencyMs.max, 2500);
});

test("Load: what is refused for two minutes is given up, and not acknowledged", async () => {
  const refused: Outcome = { kind: "refused", retryAfterMs: 30_000 };
  const answer = (attempt: number): Outcome => (attempt < 6 ? refused : taken);
  const { result } = await runLoad({ spans: 40, connections: 1 }, answer);
  assert.deepEqual([result.spansAcknowledged, result.spansGivenUp], [20, 20]);
});

test("Load: where nothing ever answers, it ends soon", async () => {
  const silent: Outcome = { kind: "unanswered", reason: "connect ECONNREFUSED" };
  await assert.rejects(
    runLoad({ spans: 1000, connections: 1 }, () => silent),
    /http:\/\/nowhere does not answer: connect ECONNREFUSED/,
  );
});

test("Load: times spread over days, oldest first", async () => {
  const starts: bigint[] = [];
  const sender: Sender = {
    async send(_, body) {
      // The first span's start: tag 0x39 follows its kind.
      const { times } = templates.find(({ bytes }) => bytes === body)!;
      starts.push(body.readBigUInt64LE(times.at[0]));
      return taken;
    },
    close() {},
  };
  const options = { ...usual, connections: 1, spans: 200, spreadDays: 10 };
  const load = new Load({ options, templates, sender, clock: fakeClock(), onFresh: () => {} });
  const { runStartedMs } = await load.run();
  const days = starts.map((start) => (runStartedMs - Number(start / 1_000_000n)) / 86_400_000);
  assert.deepEqual(
    days.map((day) => Math.round(day)),
    [10, 9, 8, 7, 6, 5, 4, 3, 2, 1],
  );
});
