import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { oracleEncode } from "../../test/support/oracle.ts";
import { asStored } from "../../test/support/native.ts";
import { Fault } from "../base/fault.ts";
import { createLogger } from "../base/log.ts";
import { MemoryBudget } from "../base/memory-budget.ts";
import { createMetrics } from "../base/metrics.ts";
import { readBlocks } from "../store/native/block-reader.ts";
import { spansOfBlocks } from "../store/native/spans-of-blocks.ts";
import type { RollUp } from "../model/roll-up.ts";
import type { RollUpInsert } from "../store/write-roll-up.ts";
import type { SpanInsert } from "../store/write-spans.ts";
import { Batcher, type BatcherLimits } from "./batcher.ts";
import { Fairness } from "./fairness.ts";
import { KnownKeys } from "./known-keys.ts";
import type { OtlpEncoding } from "./receive.ts";
import { RollUps } from "./roll-ups.ts";
import { createReceiver } from "./receiver.ts";
import { Repeats } from "./repeats.ts";

const defaults: BatcherLimits = {
  blockRows: 1000,
  blockBytes: 1_000_000,
  blockDelayMs: 5,
  insertsAtOnce: 1,
  retryFirstMs: 1,
  retryLastMs: 4,
  refusedMs: 5,
};
const logLimits = {
  totalBytes: 10_000_000,
  segmentBytes: 1_000_000,
  sync: "group",
  groupMs: 1,
  keepMs: 60_000,
  digestSeconds: Infinity,
  maxAgeSeconds: Infinity,
} as const;

function request(spans: number, name = "n"): Uint8Array {
  const attributes = [{ key: "k", value: { intValue: "1" } }];
  const span = { traceId: Buffer.alloc(16, 1), spanId: Buffer.alloc(8, 2), name, attributes };
  const scopeSpans = [{ spans: Array.from({ length: spans }, () => span) }];
  return oracleEncode("TracesData", { resourceSpans: [{ scopeSpans }] });
}

const stored = async (): Promise<void> => {};
const away = (): Promise<never> => Promise.reject(new Fault("unavailable", "away"));

describe("batcher and receiver", () => {
  const folders: string[] = [];
  after(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

  function newFolder(): string {
    const folder = mkdtempSync(path.join(tmpdir(), "clew-batcher-"));
    folders.push(folder);
    return folder;
  }

  /** A receiver over a batcher whose inserts are kept in `sent` and do what `insert` does. */
  async function build(
    limits: Partial<BatcherLimits>,
    insert: (insert: SpanInsert) => Promise<void>,
    folder = newFolder(),
    {
      insertRollUp = stored,
      storeKeys = stored,
      limitBytes = 50_000_000,
    }: {
      readonly insertRollUp?: (insert: RollUpInsert) => Promise<void>;
      readonly storeKeys?: () => Promise<void>;
      readonly limitBytes?: number;
    } = {},
  ) {
    const budget = new MemoryBudget({ limitBytes, reservedBytes: limitBytes / 2 });
    const sent: SpanInsert[] = [];
    const rollUpsSent: RollUpInsert[] = [];
    const keysStored: string[][] = [];
    const taken: RollUp[] = [];
    const metrics = createMetrics();
    const { promise: inserted, resolve } = Promise.withResolvers<void>();
    const batcher = new Batcher({
      limits: { ...defaults, ...limits },
      decodeLimits: { nestingDepth: 32, spansPerRequest: 1000 },
      timeLimits: { pastSeconds: 1e9, futureSeconds: 1e9 },
      budget,
      fairness: new Fairness({ tenant: {}, service: {} }, () => 0),
      insert: async (made) => {
        sent.push({ ...made, block: made.block.slice() }); // its memory is used again
        await insert(made);
        resolve();
      },
      rollUps: new RollUps({
        dimensions: [],
        limits: { namesPerService: 10, services: 10, values: 10, nameChars: 100 },
        nowMs: () => 0,
        insert: async (made) => {
          rollUpsSent.push(made);
          await insertRollUp(made);
        },
        onTaken: (rollUp) => taken.push(rollUp),
      }),
      keys: new KnownKeys(async (keys) => {
        await storeKeys();
        keysStored.push(keys.map(({ scope, key }) => `${scope}.${key}`));
      }),
      metrics,
      log: createLogger({ level: "error", write: () => {}, now: () => new Date() }),
      ingestLog: { folder, limits: logLimits },
    });
    const digests = await batcher.open();
    const repeats = new Repeats({ forMs: 60_000, requests: 1000 }, Date.now);
    for (const [digest] of digests) {
      repeats.add(digest, Promise.resolve({ acceptedSpans: 0, rejectedSpans: 0, message: "" }));
    }
    const options = {
      batcher,
      budget,
      repeats,
      metrics,
      waitMs: 5000,
      nowSeconds: () => 1_000_000,
    };
    const receiver = createReceiver(options);
    const receive = (body: Uint8Array, tenant = "t", encoding: OtlpEncoding = "protobuf") => {
      const memory = budget.lease("bodies");
      memory.holdExactly(body.length);
      const outcome = receiver({ tenant, encoding, body, memory });
      return outcome.finally(() => memory.free());
    };
    const rows = () => sent.map((made) => made.rows);
    const counted = () => taken.flatMap(({ calls }) => [...calls]);
    return {
      batcher,
      sent,
      rollUpsSent,
      keysStored,
      counted,
      rows,
      receive,
      metrics,
      inserted,
      folder,
      budget,
    };
  }

  test("requests within the delay share a block", async () => {
    const { receive, rows, inserted, batcher } = await build({}, stored);
    const answers = await Promise.all([receive(request(3, "a")), receive(request(4, "b"))]);
    assert.deepEqual(
      answers.map(({ acceptedSpans }) => acceptedSpans),
      [3, 4],
    );
    await inserted;
    assert.deepEqual(rows(), [7]);
    await batcher.close(1000);
  });

  test("a block is sealed at its rows, without waiting", async () => {
    const { receive, rows, inserted, batcher } = await build(
      { blockRows: 5, blockDelayMs: 60_000 },
      stored,
    );
    await receive(request(6));
    await inserted;
    assert.deepEqual(rows(), [6]);
    await batcher.close(1000);
  });

  test("a request is answered although ClickHouse is away", async () => {
    const { receive, batcher } = await build({}, away);
    const { acceptedSpans } = await receive(request(2));
    assert.equal(acceptedSpans, 2);
    await batcher.close(10);
  });

  test("an insert that fails for a while is sent again: same block, same token", async () => {
    let failures = 3;
    const { receive, sent, inserted, batcher } = await build({}, () =>
      failures-- > 0 ? away() : stored(),
    );
    await receive(request(2));
    await inserted;
    assert.equal(sent.length, 4);
    assert.equal(new Set(sent.map(({ token }) => token)).size, 1);
    await batcher.close(1000);
  });

  test("what ClickHouse refuses steps back behind the others and comes again", async () => {
    let refusals = 1;
    const { receive, sent, batcher } = await build({ blockRows: 1, refusedMs: 1000 }, () =>
      refusals-- > 0 ? Promise.reject(new Error("no such column")) : stored(),
    );
    await receive(request(1, "refused"));
    await receive(request(2, "fine"));
    await receive(request(3, "fine too"));
    while (sent.length < 4) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(
      sent.map(({ rows }) => rows),
      [1, 2, 3, 1],
    );
    assert.equal(sent[0]!.token, sent[3]!.token);
    assert.ok(Buffer.from(sent[0]!.block).equals(sent[3]!.block), "read again from the log, equal");
    await batcher.close(1000);
  });

  test("beyond the memory for them, batches wait in the log and lose nothing", async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    // An empty batch takes some 80 kB, a block at least 1 MiB.
    const { receive, sent, batcher, budget } = await build(
      { blockRows: 10 },
      () => gate,
      newFolder(),
      { limitBytes: 4_000_000 },
    );
    for (let i = 0; i < 60; i++) {
      await receive(request(10, `batch ${i}`));
      assert.ok(budget.usedBytes <= budget.limitBytes, `${budget.usedBytes} bytes`);
    }
    assert.ok(budget.used("sealed") > 0, "some wait in memory");
    open();
    await batcher.close(5000);
    assert.deepEqual([sent.length, sent.reduce((sum, { rows }) => sum + rows, 0)], [60, 600]);
    for (const part of ["log", "sealed", "inserts"] as const) assert.equal(budget.used(part), 0);
  });

  test("without memory for its spans a request is refused, and fits later; a giant one never", async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const limits = { blockRows: 10, blockDelayMs: 60_000 };
    const { receive, batcher, budget, rows } = await build(limits, () => gate, newFolder(), {
      limitBytes: 4_000_000,
    });
    await receive(request(1, "first"));
    const others = budget.lease("bodies");
    others.add(budget.mostBytes - budget.usedBytes);
    const some = request(9, "x".repeat(20_000));
    await assert.rejects(receive(some), { code: "exhausted", retryAfterSeconds: 1 });
    const giant = request(1, "y".repeat(1_500_000));
    await assert.rejects(receive(giant), { code: "tooLarge", message: /send fewer at once/ });
    others.free();
    assert.equal((await receive(some)).acceptedSpans, 9);
    open();
    await batcher.close(5000);
    assert.deepEqual(rows(), [10]);
    for (const part of ["log", "sealed", "inserts"] as const) assert.equal(budget.used(part), 0);
  });

  test("a request in JSON holds its text and its translation, and nothing once it is refused", async () => {
    const limits = { blockDelayMs: 60_000 };
    const { receive, budget, batcher, rows } = await build(limits, stored);
    const json = (spanId: string): Buffer => {
      const spans = [{ traceId: "01".repeat(16), spanId, name: "x".repeat(10_000) }];
      return Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }));
    };
    const taken = receive(json("02".repeat(8)), "t", "json");
    assert.ok(budget.used("bodies") > 10_000 && budget.used("log") > 10_000);
    assert.equal((await taken).acceptedSpans, 1);
    const refused = await receive(json("00".repeat(8)), "t", "json");
    assert.equal(refused.rejectedSpans, 1);
    const others = budget.lease("bodies");
    others.add(budget.mostBytes - budget.usedBytes - 450_000); // for text and translation, not more
    const much = json("03".repeat(8)).toString().replace("xxx", "x".repeat(200_000));
    await assert.rejects(receive(Buffer.from(much), "t", "json"), { code: "exhausted" });
    others.free();
    await batcher.close(1000);
    assert.deepEqual(rows(), [1]);
    for (const part of ["bodies", "log"] as const) assert.equal(budget.used(part), 0);
  });

  test("what a refused request has grown is counted, and given back with the batch", async () => {
    const { receive, budget, batcher } = await build({ blockDelayMs: 60_000 }, stored);
    const before = budget.used("open");
    const broken = request(2, "y".repeat(3_000_000));
    broken[Buffer.from(broken).lastIndexOf(Buffer.alloc(16, 1)) - 2]! |= 7; // no such wire type
    await assert.rejects(receive(broken), { code: "invalid" });
    assert.ok(budget.used("open") <= before + 200_000, "an empty batch is begun anew");
    await receive(request(1));
    await assert.rejects(receive(broken), { code: "invalid" });
    assert.ok(budget.used("open") > 3_000_000);
    await batcher.close(5000);
  });

  test("what was answered is inserted after a crash, once, and a repeat of it is known", async () => {
    const first = await build({ blockRows: 2 }, away);
    await first.receive(request(2, "sealed"));
    await first.receive(request(1, "open"));
    // No close: the process is gone. Another one opens the log.
    const second = await build({}, stored, first.folder);
    const repeated = await second.receive(request(1, "open"));
    assert.equal(repeated.rejectedSpans, 0);
    await second.batcher.close(5000);
    assert.deepEqual(second.rows(), [2, 1]);
    assert.equal(second.sent[0]!.token, first.sent[0]!.token);
    assert.ok(Buffer.from(second.sent[0]!.block).equals(first.sent[0]!.block), "the same block");
    await first.batcher.close(1);
  });

  test("the same bytes again are acknowledged and not stored twice", async () => {
    const { receive, rows, batcher, metrics } = await build({}, stored);
    const [first, again] = await Promise.all([receive(request(3)), receive(request(3))]);
    const later = await receive(request(3));
    assert.deepEqual([again, later], [first, first]);
    await batcher.close(1000);
    assert.deepEqual(rows(), [3]);
    assert.equal((await metrics.repeats.get()).values[0]!.value, 2);
  });

  test("the same bytes of another tenant are other spans, and a crash mixes nothing up", async () => {
    const tenantsOf = ({ block, columns }: SpanInsert): string[] => {
      const spans = spansOfBlocks(asStored({ bytes: block, columns }));
      const rows = Array.from({ length: spans.length }, (_, row) => row);
      return rows.map((row) => spans.strings.text(spans.tenant[row]!));
    };
    const first = await build({}, away);
    await first.receive(request(2), "a");
    await first.receive(request(2), "b");
    await first.receive(request(2), "b");
    await first.receive(request(1, "own"), "single-tenant");
    // No close: the process is gone.
    const second = await build({}, stored, first.folder);
    await second.receive(request(2), "a");
    await second.receive(request(2), "c");
    await second.batcher.close(5000);
    const tenants = second.sent.flatMap(tenantsOf);
    assert.deepEqual(tenants, ["a", "a", "b", "b", "single-tenant", "c", "c"]);
    await first.batcher.close(1);
  });

  test("roll-ups go in after spans, under tokens of their own; only they are tried again", async () => {
    let failures = 3;
    const { receive, sent, rollUpsSent, batcher } = await build({}, stored, newFolder(), {
      insertRollUp: () => (failures-- > 0 ? away() : stored()),
    });
    await receive(request(2));
    await batcher.close(5000);
    assert.equal(sent.length, 1);
    const { token } = sent[0]!;
    assert.deepEqual(
      rollUpsSent.map((made) => [made.table.name, made.token]),
      [
        ...Array.from({ length: 4 }, () => ["red_1m", `${token}-red_1m`]),
        ["red_1h", `${token}-red_1h`],
      ],
    );
  });

  test("a crash between spans and roll-ups brings both again, with the same tokens and rows", async () => {
    const first = await build({}, stored, newFolder(), { insertRollUp: away });
    await first.receive(request(3, "a"));
    while (first.rollUpsSent.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    // No close: the process is gone.
    const second = await build({}, stored, first.folder);
    await second.batcher.close(5000);
    assert.deepEqual(
      second.sent.map(({ token }) => token),
      first.sent.map(({ token }) => token),
    );
    const [minutes, hours] = second.rollUpsSent;
    assert.equal(second.rollUpsSent.length, 2);
    assert.equal(hours!.table.name, "red_1h");
    assert.equal(minutes!.token, first.rollUpsSent[0]!.token);
    assert.deepEqual(minutes!.block.bytes, first.rollUpsSent[0]!.block.bytes);
    // Who took them has counted them; who finds them has not.
    assert.deepEqual([first.counted(), second.counted()], [[3], []]);
    await first.batcher.close(1);
  });

  test("attributes that are news are stored until they are, and then no more", async () => {
    let failures = 2;
    const { receive, sent, keysStored, batcher } = await build(
      { blockRows: 2 },
      stored,
      newFolder(),
      {
        storeKeys: () => (failures-- > 0 ? away() : stored()),
      },
    );
    for (let i = 0; i < 3; i++) {
      await receive(request(2, `batch ${i}`));
      while (keysStored.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await batcher.close(5000);
    assert.deepEqual([sent.length, keysStored], [3, [["span.k"]]]);
  });

  test("what is taken is counted although ClickHouse is away and it waits in the log alone", async () => {
    const little = { limitBytes: 4_000_000 };
    const limits = { blockRows: 5 };
    const { receive, counted, batcher, budget } = await build(limits, away, newFolder(), little);
    for (let i = 0; i < 4; i++) await receive(request(5, `batch ${i}`));
    budget.onShortage(Infinity);
    assert.equal(budget.used("sealed"), 0);
    while (counted().length < 4) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(counted(), [5, 5, 5, 5]);
    await batcher.close(10);
    assert.deepEqual(counted(), [5, 5, 5, 5]);
  });

  test("close stores what waits, and takes no more", async () => {
    const { receive, batcher, rows } = await build({ blockDelayMs: 60_000 }, stored);
    await receive(request(2));
    await batcher.close(1000);
    assert.deepEqual(rows(), [2]);
    await assert.rejects(receive(request(1)), { code: "unavailable" });
  });

  test("a malformed request leaves the open batch as it was", async () => {
    const { receive, batcher, sent } = await build({}, stored);
    await receive(request(3));
    const broken = request(2).subarray(0, 20);
    await assert.rejects(receive(broken), { code: "invalid" });
    await batcher.close(1000);
    assert.deepEqual(
      sent.map(({ block }) => readBlocks(block)[0]!.rows),
      [3],
    );
  });
});
