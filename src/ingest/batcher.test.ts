import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { oracleEncode } from "../../test/support/oracle.ts";
import { Fault } from "../base/fault.ts";
import { createLogger } from "../base/log.ts";
import { createMetrics } from "../base/metrics.ts";
import type { SpanInsert } from "../store/write-spans.ts";
import { Batcher, type BatcherLimits } from "./batcher.ts";

const defaults: BatcherLimits = {
  blockRows: 1000,
  blockBytes: 1_000_000,
  blockDelayMs: 5,
  queueBytes: 10_000_000,
  waitMs: 5000,
  insertsAtOnce: 1,
  retryFirstMs: 1,
  retryLastMs: 4,
};

function request(spans: number): Uint8Array {
  const span = { traceId: Buffer.alloc(16, 1), spanId: Buffer.alloc(8, 2), name: "n" };
  const scopeSpans = [{ spans: Array.from({ length: spans }, () => span) }];
  return oracleEncode("TracesData", { resourceSpans: [{ scopeSpans }] });
}

/** A batcher whose inserts are kept in `sent` and do what `insert` does. */
function build(limits: Partial<BatcherLimits>, insert: (insert: SpanInsert) => Promise<void>) {
  const sent: SpanInsert[] = [];
  const metrics = createMetrics();
  const batcher = new Batcher({
    limits: { ...defaults, ...limits },
    decodeLimits: { nestingDepth: 32, spansPerRequest: 1000 },
    tenant: "t",
    insert: (made) => {
      sent.push(made);
      return insert(made);
    },
    metrics,
    log: createLogger({ level: "error", write: () => {}, now: () => new Date() }),
  });
  const append = (spans: number): Promise<void> =>
    batcher.append((decoder) => decoder.decode(request(spans))).stored;
  return { batcher, sent, append, metrics };
}

const stored = async (): Promise<void> => {};
const away = (): Promise<never> => Promise.reject(new Fault("unavailable", "away"));

test("requests within the delay share a block", async () => {
  const { append, sent } = build({}, stored);
  await Promise.all([append(3), append(4)]);
  assert.deepEqual(
    sent.map(({ rows }) => rows),
    [7],
  );
});

test("a block is sealed at its rows, without waiting", async () => {
  const { append, sent } = build({ blockRows: 5, blockDelayMs: 60_000 }, stored);
  await append(6);
  assert.equal(sent[0]!.rows, 6);
});

test("a request without spans waits for nothing", async () => {
  const { append, sent } = build({ blockDelayMs: 60_000 }, stored);
  await append(0);
  assert.equal(sent.length, 0);
});

test("an insert that fails for a while is sent again, the same block with the same token", async () => {
  let failures = 3;
  const { append, sent } = build({}, () => (failures-- > 0 ? away() : stored()));
  await append(2);
  assert.equal(sent.length, 4);
  assert.equal(new Set(sent.map(({ token }) => token)).size, 1);
});

test("blocks have different tokens", async () => {
  const { append, sent } = build({}, stored);
  await append(1);
  await append(1);
  assert.notEqual(sent[0]!.token, sent[1]!.token);
});

test("what ClickHouse refuses is not tried again, its senders are told", async () => {
  const { append, sent } = build({}, () => Promise.reject(new Error("no such column")));
  await assert.rejects(append(1), { code: "unavailable", message: /store refuses/ });
  assert.equal(sent.length, 1);
});

test("who has waited too long is told to come back, and the batch is dropped", async () => {
  const { append, sent, batcher } = build({ waitMs: 30 }, away);
  await assert.rejects(append(1), { code: "unavailable", retryAfterSeconds: 2 });
  await sleep(20);
  const tries = sent.length;
  await sleep(20);
  assert.equal(sent.length, tries);
  batcher.checkRoom();
});

test("a full queue refuses, and takes again when there is room", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { append, batcher } = build({ queueBytes: 2000 }, () => promise);
  const waiting = append(100);
  assert.throws(() => batcher.checkRoom(), { code: "unavailable", message: /2000 bytes/ });
  resolve();
  await waiting;
  await sleep(0); // the room is given back right after the answer
  batcher.checkRoom();
});

test("close stores what waits, and takes no more", async () => {
  const { append, batcher, sent } = build({ blockDelayMs: 60_000 }, stored);
  const waiting = append(2);
  await batcher.close(1000);
  await waiting;
  assert.equal(sent.length, 1);
  assert.throws(() => batcher.checkRoom(), { code: "unavailable", message: /stopping/ });
});

test("close gives up on a store that is away, and tells the senders", async () => {
  const { append, batcher } = build({}, away);
  const waiting = assert.rejects(append(2), { code: "unavailable", message: /stopping/ });
  await batcher.close(20);
  await waiting;
});

test("a malformed request leaves the open batch as it was", async () => {
  const { append, batcher, sent } = build({}, stored);
  const first = append(3);
  const broken = request(2).subarray(0, 20);
  assert.throws(() => batcher.append((decoder) => decoder.decode(broken)), { code: "invalid" });
  await first;
  assert.equal(sent[0]!.rows, 3);
});
