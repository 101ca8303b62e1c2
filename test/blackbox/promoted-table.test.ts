/** What a promotion does to the table: columns that old rows answer through, and new ones fill. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { ByteArena } from "../../src/base/arena.ts";
import { createLogger } from "../../src/base/log.ts";
import { inSlices } from "../../src/base/slices.ts";
import { KeyCatalogue } from "../../src/ingest/catalogue.ts";
import type { KeyCount } from "../../src/ingest/key-counts.ts";
import { Promoter } from "../../src/ingest/promoter.ts";
import { type AttributeType, attributeTypes } from "../../src/model/attribute-columns.ts";
import { SpanColumns } from "../../src/model/span-columns.ts";
import { createStoreClient, type StoreClient } from "../../src/store/client.ts";
import { type Engine, startEngine } from "../../src/store/engine/engine.ts";
import { migrate, migrationsDirectory, readMigrations } from "../../src/store/migrate.ts";
import { promote, type Promotion, readTables } from "../../src/store/promote.ts";
import { type PromotedAttribute, promotedByTraffic } from "../../src/store/promoted.ts";
import { readTrace } from "../../src/store/read-trace.ts";
import { builtInTable, type SpansTable } from "../../src/store/schema.ts";
import { identifier, sql } from "../../src/store/sql.ts";
import { type SpanInsert, spanInsertSteps, writeSpans } from "../../src/store/write-spans.ts";
import { OtlpDecoder } from "../../src/wire/otlp/decode.ts";
import { encodeTracesData } from "../../src/wire/otlp/encode.ts";
import {
  arbitraryTraces,
  asOneTrace,
  normalTraces,
  oracleDecode,
  oracleEncode,
  printedSeed,
} from "../support/oracle.ts";

const database = "clew";
const tenant = "t";

/** A trace as it is sent, and as columns. */
interface Sent {
  readonly traceId: string;
  readonly body: Uint8Array;
  readonly columns: SpanColumns;
}

/** A request decoded; its spans are filed under today, whatever their times are. */
function decoded(body: Uint8Array): SpanColumns {
  const columns = new SpanColumns();
  new OtlpDecoder(columns, { nestingDepth: 32, spansPerRequest: 1000 }).decode(body);
  if (columns.length > 0) columns.setTenant(0, tenant);
  columns.timeBucket.fill(Math.floor(Date.now() / 300_000) * 300, 0, columns.length);
  return columns;
}

function spanInsert(spans: SpanColumns, token: string, table: SpansTable): Promise<SpanInsert> {
  return inSlices(spanInsertSteps(spans, { token, table, memory: new ByteArena(1024) }), 1000);
}

function randomTraces(seed: number, count: number): Sent[] {
  return fc.sample(arbitraryTraces, { seed, numRuns: count }).flatMap((traces, i) => {
    const traceId = (i + 1).toString(16).padStart(32, "0");
    const body = oracleEncode("TracesData", asOneTrace(traces, traceId));
    const columns = decoded(body);
    return columns.length === 0 ? [] : [{ traceId, body, columns }];
  });
}

/** Up to `most` attributes of the traces that can have a column, one for a key. */
function promotionsFrom(traces: readonly Sent[], most: number): Promotion[] {
  const byKey = new Map<string, PromotedAttribute>();
  for (const { columns } of traces) {
    const { attributes, resources, memory } = columns;
    for (const [scope, { length, key, type }] of [
      ["span", attributes],
      ["resource", resources.attributes],
    ] as const) {
      for (let at = 0; at < length; at++) {
        const text = memory.keys.text(key[at]!);
        const isBuiltIn = builtInTable.promoted.some((item) => item.key === text);
        const shape = {
          scope,
          key: text,
          type: type[at] as AttributeType,
          fewValues: at % 2 === 0,
        };
        const attribute = promotedByTraffic(shape);
        if (attribute !== undefined && !isBuiltIn) byKey.set(`${scope} ${text}`, attribute);
      }
    }
  }
  return [...byKey.values()].slice(0, most).map((attribute) => ({ attribute, reason: "a test" }));
}

describe("a promotion in the table", () => {
  let temp: string;
  let engine: Engine;
  let client: StoreClient;
  before(async () => {
    temp = mkdtempSync(path.join(tmpdir(), "clew-promoted-"));
    const log = createLogger({ level: "error", write: console.error, now: () => new Date() });
    engine = await startEngine({ dataDir: path.join(temp, "data"), log });
    client = createStoreClient(() => engine.endpoint());
    const migrations = await readMigrations(migrationsDirectory);
    await migrate(client, migrations, { database, retentionDays: 30 });
  });
  after(async () => {
    await client.close();
    await engine.close();
    rmSync(temp, { recursive: true, force: true });
  });

  const write = (insert: SpanInsert): Promise<void> => writeSpans(client, database, insert);

  async function assertReadsBack(traces: readonly Sent[], table: SpansTable): Promise<void> {
    for (const { traceId, body } of traces) {
      const limits = { maxSpans: 1000, settings: {} };
      const { columns } = await readTrace(
        { client, database, table },
        { tenants: [tenant], traceId },
        limits,
      );
      const got = normalTraces(oracleDecode("TracesData", encodeTracesData(columns)));
      assert.deepEqual(got, normalTraces(oracleDecode("TracesData", body)), traceId);
    }
  }

  async function count(condition: ReturnType<typeof sql>): Promise<number> {
    const [row] = await client.query<{ n: string }>(
      sql`SELECT count() AS n FROM clew.spans WHERE ${condition}`,
    );
    return Number(row!.n);
  }

  test("random traces read back, whenever their blocks were made and inserted", async () => {
    const traces = randomTraces(printedSeed("promotion"), 45);
    const insertOf = ({ columns, traceId }: Sent, table: SpansTable): Promise<SpanInsert> =>
      spanInsert(columns, traceId, table);
    const third = Math.floor(traces.length / 3);
    const [old, between, young] = [
      traces.slice(0, third),
      traces.slice(third, 2 * third),
      traces.slice(2 * third),
    ];
    for (const trace of old) await write(await insertOf(trace, builtInTable));
    const late = await Promise.all(between.map((trace) => insertOf(trace, builtInTable)));
    const promotions = promotionsFrom(traces, 80);
    assert.ok(promotions.length > 30, `${promotions.length} promotions`);
    await promote(client, { database }, promotions);
    for (const insert of late) await write(insert);
    const tables = await readTables(client, { database, settleSeconds: 0 });
    assert.deepEqual(
      new Set(tables.write.promoted),
      new Set([...builtInTable.promoted, ...promotions.map(({ attribute }) => attribute)]),
    );
    for (const trace of young) await write(await insertOf(trace, tables.write));
    await assertReadsBack(traces, tables.read);
    // A step that is done again, as after a crash between its two statements, changes nothing.
    await promote(client, { database }, promotions.slice(0, 10));
    const again = await readTables(client, { database, settleSeconds: 0 });
    assert.deepEqual(again, tables);
    await client.command(sql`OPTIMIZE TABLE clew.spans FINAL`);
    await assertReadsBack(traces, again.read);
  });

  test("what is asked for often gets a column, however few spans have it", async () => {
    const catalogue = new KeyCatalogue(100);
    const keyCount = { scope: "span", type: attributeTypes.string, service: "s" } as const;
    const key = (name: string, spans: number): KeyCount => {
      return { ...keyCount, key: name, spans, sampled: 1, valueBits: new Uint32Array(64) };
    };
    const keys = [key("rare.asked", 20), key("rare.not.asked", 20)];
    catalogue.add({ spans: 20_000, keys, uncounted: new Map() });
    const promoter = new Promoter({
      client,
      database,
      cluster: undefined,
      maxAttributes: 1000,
      everySeconds: 1,
      catalogues: async () => [catalogue.snapshot()],
      log: createLogger({ level: "error", write: console.error, now: () => new Date() }),
    });
    try {
      for (let i = 0; i < 12; i++) promoter.noteQueried("span", "rare.asked");
      const promoted = async (): Promise<string[]> => {
        const { read } = await readTables(client, { database, settleSeconds: 0 });
        return read.promoted.flatMap(({ key }) => (key.startsWith("rare.") ? [key] : []));
      };
      for (let i = 0; i < 100 && (await promoted()).length === 0; i++) await sleep(50);
      assert.deepEqual(await promoted(), ["rare.asked"]);
    } finally {
      promoter.close();
    }
  });

  test("a value is in the map of an older row and in the column of a newer one", async () => {
    const shape = { scope: "span", key: "it's", type: attributeTypes.bool } as const;
    const attribute = promotedByTraffic({ ...shape, fewValues: false })!;
    const make = (number: number): SpanColumns => {
      const traceId = Buffer.alloc(16, number);
      const attributes = [{ key: "it's", value: { boolValue: number === 201 } }];
      const spans = [{ traceId, spanId: Buffer.alloc(8, 1), name: "its", attributes }];
      const body = oracleEncode("TracesData", { resourceSpans: [{ scopeSpans: [{ spans }] }] });
      return decoded(body);
    };
    await write(await spanInsert(make(201), "201", builtInTable));
    await promote(client, { database }, [{ attribute, reason: "a test" }]);
    const young = await readTables(client, { database, settleSeconds: 3600 });
    assert.ok(young.read.promoted.some(({ column }) => column === attribute.column));
    assert.ok(!young.write.promoted.some(({ column }) => column === attribute.column));
    const { write: table } = await readTables(client, { database, settleSeconds: 0 });
    await write(await spanInsert(make(202), "202", table));
    const column = identifier(attribute.column);
    const inMap = sql`mapContains(span_attributes_bool, 'it\\'s')`;
    assert.equal(await count(sql`name = 'its' AND ${column}`), 1);
    assert.equal(await count(sql`name = 'its' AND NOT ${column}`), 1);
    assert.equal(await count(sql`name = 'its' AND ${inMap}`), 1);
    assert.equal(await count(sql`name = 'its' AND ${inMap} AND ${column}`), 1);
    assert.equal(await count(sql`${column} IS NOT NULL`), 2);
  });
});
