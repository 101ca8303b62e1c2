import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { configReference, describeConfig } from "./describe-config.ts";
import { loadConfig } from "./load-config.ts";

const env = {
  CLEW_CLICKHOUSE_URL: "http://db:8123",
  CLEW_CLICKHOUSE_PASSWORD: "hunter2",
  CLEW_INGEST_MAX_BLOCK_BYTES: "1MiB",
};

test("describeConfig names each value's source and hides secrets", () => {
  const flags = [{ name: "--data", key: "data.dir", text: "/var/lib/a: b" }];
  const text = describeConfig(loadConfig({ env, flags }));
  const lines = text.split("\n");
  for (const line of [
    "data:",
    '  dir: "/var/lib/a: b" # --data',
    "otlp:",
    "  grpc:",
    "    port: 4317 # default",
    '    corsOrigins: [ "*" ] # default',
    "  maxBlockBytes: 1MiB # CLEW_INGEST_MAX_BLOCK_BYTES",
    "  # cluster: not set",
    "  # password: (hidden) # CLEW_CLICKHOUSE_PASSWORD",
  ]) {
    assert.ok(lines.includes(line), `${line}\nis not in\n${text}`);
  }
  assert.equal(lines.filter((line) => line === "otlp:").length, 1);
  assert.ok(!text.includes("hunter2"));
});

test("what describeConfig prints sets the same again", () => {
  const folder = mkdtempSync(join(tmpdir(), "clew-describe-"));
  try {
    const file = join(folder, "clew.yaml");
    const { CLEW_CLICKHOUSE_PASSWORD: _, ...open } = env;
    const first = loadConfig({ env: open, flags: [] });
    writeFileSync(file, describeConfig(first));
    assert.deepEqual(loadConfig({ file, env: {}, flags: [] }).config, first.config);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("docs/configuration.md follows from the schema", () => {
  const path = new URL("../../docs/configuration.md", import.meta.url);
  assert.equal(
    readFileSync(path, "utf8"),
    configReference(),
    'out of date: run "npx clew config --reference > docs/configuration.md"',
  );
});
