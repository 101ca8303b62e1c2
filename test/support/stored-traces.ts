/** Traces in a real engine, for tests of what is asked of it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ByteArena } from "../../src/base/arena.ts";
import { createLogger } from "../../src/base/log.ts";
import { inSlices } from "../../src/base/slices.ts";
import { findKeySteps } from "../../src/ingest/find-keys.ts";
import { markTimes } from "../../src/ingest/mark-times.ts";
import { SpanColumns } from "../../src/model/span-columns.ts";
import type { Trace } from "../../src/model/trace.ts";
import type { QueryOptions } from "../../src/query/query-options.ts";
import { createStoreClient, type StoreClient } from "../../src/store/client.ts";
import { startEngine } from "../../src/store/engine/engine.ts";
import { migrate, migrationsDirectory, readMigrations } from "../../src/store/migrate.ts";
import { builtInTable } from "../../src/store/schema.ts";
import { sql } from "../../src/store/sql.ts";
import { writeKeys } from "../../src/store/write-keys.ts";
import { spanInsertSteps, writeSpans } from "../../src/store/write-spans.ts";
import { OtlpDecoder } from "../../src/wire/otlp/decode.ts";
import { otlpOfTrace } from "./trace-otlp.ts";

/** Whose the traces are where nobody says otherwise. */
export const TENANT = "t";

/** An engine with a spans table. */
export interface TraceStore {
  readonly client: StoreClient;
  /** For use cases that ask as if it were `nowSeconds`. */
  options(nowSeconds: number): QueryOptions;
  /** Puts the traces in place of all others. Those of odd number come in two batches. */
  fill(traces: readonly Trace[], nowSeconds: number): Promise<void>;
  /** Puts the traces beside all others. The second batch is of another tenant if there are two. */
  add(traces: readonly Trace[], nowSeconds: number, tenants?: readonly string[]): Promise<void>;
  /** Kills the engine as it is; it is started again by itself. */
  kill(): void;
  close(): Promise<void>;
}

/** Starts an engine in a temporary folder. */
export async function openTraceStore(): Promise<TraceStore> {
  const temp = mkdtempSync(path.join(tmpdir(), "clew-traces-"));
  // That the engine ends is told when a test kills it, too.
  let isKilled = false;
  const write = (line: string): void => {
    if (!isKilled) console.error(line);
  };
  const log = createLogger({ level: "error", write, now: () => new Date() });
  const engine = await startEngine({ dataDir: path.join(temp, "data"), log });
  const client = createStoreClient(() => engine.endpoint());
  const migrations = await readMigrations(migrationsDirectory);
  await migrate(client, migrations, { database: "clew", retentionDays: 30 });
  let batches = 0;
  const insert = async (columns: SpanColumns): Promise<void> => {
    if (columns.length === 0) return;
    const token = `batch ${batches++}`;
    const made = { token, table: builtInTable, memory: new ByteArena(1024) };
    const keys = await inSlices(findKeySteps(columns, 10_000), 1000);
    if (keys.length > 0) await writeKeys(client, "clew", keys);
    await writeSpans(client, "clew", await inSlices(spanInsertSteps(columns, made), 1000));
  };
  const add: TraceStore["add"] = async (traces, nowSeconds, tenants = [TENANT]) => {
    for (const half of [0, 1]) {
      const columns = new SpanColumns();
      const decoder = new OtlpDecoder(columns, { nestingDepth: 32, spansPerRequest: 10_000 });
      traces.forEach((trace, i) => {
        decoder.decode(otlpOfTrace(trace, (row) => (i % 2 === 0 ? half === 0 : row % 2 === half)));
      });
      columns.setTenant(0, tenants[half % tenants.length]!);
      markTimes(columns, 0, nowSeconds, { pastSeconds: 864_000, futureSeconds: 3600 });
      await insert(columns);
    }
  };
  return {
    client,
    add,
    options: (nowSeconds) => ({
      client,
      database: "clew",
      table: () => builtInTable,
      tenants: [TENANT],
      limits: {
        seconds: 30,
        traceSpans: 10_000,
        framedSpans: 10_000,
        candidateTraces: 100_000,
        readBytes: undefined,
        memoryBytes: 2 ** 30,
      },
      nowSeconds: () => nowSeconds,
    }),
    async fill(traces, nowSeconds) {
      await client.command(sql`TRUNCATE TABLE clew.spans`);
      await client.command(sql`TRUNCATE TABLE clew.attribute_keys`);
      await add(traces, nowSeconds);
    },
    kill() {
      isKilled = true;
      const pid = engine.pid();
      if (pid !== undefined) process.kill(pid, "SIGKILL");
    },
    async close() {
      await client.close();
      await engine.close();
      rmSync(temp, { recursive: true, force: true });
    },
  };
}
