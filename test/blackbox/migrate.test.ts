// Migrations against a real engine in a temporary folder.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { createLogger } from "../../src/base/log.ts";
import { createStoreClient, type StoreClient } from "../../src/store/client.ts";
import { startEngine, type Engine } from "../../src/store/engine/engine.ts";
import { migrate, readMigrations, type Migration } from "../../src/store/migrate.ts";
import { identifier, sql } from "../../src/store/sql.ts";

describe("migrate", () => {
  let temp: string;
  let engine: Engine;
  let client: StoreClient;
  const values = { database: "clew_schema", retentionDays: 7 };
  before(async () => {
    temp = mkdtempSync(path.join(tmpdir(), "clew-migrate-"));
    const log = createLogger({ level: "error", write: console.error, now: () => new Date() });
    engine = await startEngine({ dataDir: path.join(temp, "data"), log });
    client = createStoreClient(() => engine.endpoint());
  });
  after(async () => {
    await client.close();
    await engine.close();
    rmSync(temp, { recursive: true, force: true });
  });
  const folder = async (...files: string[]): Promise<Migration[]> => {
    const directory = mkdtempSync(path.join(temp, "migrations-"));
    for (const [index, text] of files.entries()) {
      writeFileSync(path.join(directory, `000${index + 1}_step.sql`), text);
    }
    return readMigrations(directory);
  };
  const one = `
    -- spans; or so
    CREATE TABLE IF NOT EXISTS {{database}}.a {{on_cluster}} (
      at DateTime,
      text String DEFAULT 'a;b', -- it's a default
    ) ENGINE = {{engine:ReplacingMergeTree(at)}} ORDER BY text
    TTL at + INTERVAL {{retention_days}} DAY;
    CREATE TABLE IF NOT EXISTS {{database}}.b (n UInt8) ENGINE = {{engine}} ORDER BY n;`;
  const two = "ALTER TABLE {{database}}.b ADD COLUMN IF NOT EXISTS m UInt8 DEFAULT 1;";

  test("applies what is missing, in order, once", async () => {
    assert.deepEqual(await migrate(client, await folder(one), values), { from: 0, to: 1 });
    assert.deepEqual(await migrate(client, await folder(one), values), { from: 1, to: 1 });
    assert.deepEqual(await migrate(client, await folder(one, two), values), { from: 1, to: 2 });
    const rows = await client.query<{ version: number; name: string }>(
      sql`SELECT version, name FROM ${identifier("clew_schema")}.schema_migrations ORDER BY version`,
    );
    assert.deepEqual(rows, [
      { version: 1, name: "step" },
      { version: 2, name: "step" },
    ]);
    await client.command(sql`INSERT INTO clew_schema.b (n) VALUES (1)`);
    const b = await client.query(sql`SELECT * FROM clew_schema.b`);
    assert.deepEqual(b, [{ n: 1, m: 1 }]);
    const [a] = await client.query<{ engine_full: string }>(
      sql`SELECT engine_full FROM system.tables WHERE database = 'clew_schema' AND name = 'a'`,
    );
    assert.match(a!.engine_full, /^ReplacingMergeTree\(at\) .*TTL at \+ toIntervalDay\(7\)/);
  });

  test("refuses data that a newer Clew wrote", async () => {
    await assert.rejects(migrate(client, await folder(one), values), {
      name: "Fault",
      code: "unsupported",
      message:
        "the data was written by a newer Clew (schema 2; this one knows 1): update Clew, " +
        "or choose another data folder with --data",
    });
  });

  test("refuses data that another build wrote", async () => {
    await assert.rejects(migrate(client, await folder(one, `${two} -- changed`), values), {
      code: "unsupported",
      message: /^schema 2 \(step\) of the data is not the one this Clew has/,
    });
  });

  test("goes on where it died half-way", async () => {
    const broken = "CREATE TABLE IF NOT EXISTS {{database}}.c (n UInt8) ENGINE = Log; SELEC 1;";
    const other = { ...values, database: "clew half" };
    await assert.rejects(migrate(client, await folder(one, broken), other), { code: "62" });
    const mended = broken.replace("SELEC", "SELECT");
    assert.deepEqual(await migrate(client, await folder(one, mended), other), { from: 1, to: 2 });
  });
});
