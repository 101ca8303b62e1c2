import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { backoffMs, defaultEngineLimits } from "./engine.ts";
import { locateEngine } from "./locate.ts";

test("backoffMs doubles up to the longest wait", () => {
  const limits = { backoffFirstMs: 100, backoffLastMs: 10_000 };
  const waits = [0, 1, 2, 6, 7, 8, 2000].map((attempt) => backoffMs(attempt, limits));
  assert.deepEqual(waits, [100, 200, 400, 6_400, 10_000, 10_000, 10_000]);
});

test("defaultEngineLimits leaves most of the memory to others", () => {
  const { memoryBytes } = defaultEngineLimits();
  assert.ok(memoryBytes > 0 && memoryBytes <= 8 * 2 ** 30 && Number.isInteger(memoryBytes));
});

describe("locateEngine", () => {
  const temp = mkdtempSync(path.join(tmpdir(), "clew-locate-"));
  after(() => rmSync(temp, { recursive: true, force: true }));
  const folder = (name: string, mode: number): string => {
    const directory = path.join(temp, name);
    mkdirSync(directory);
    writeFileSync(path.join(directory, "clickhouse"), "#!/bin/sh\n");
    chmodSync(path.join(directory, "clickhouse"), mode);
    return directory;
  };
  const notExecutable = folder("plain", 0o644);
  const executable = folder("bin", 0o755);
  const searchPath = ["", ".", path.join(temp, "none"), notExecutable, executable].join(":");

  test("prefers the library of this platform", () => {
    const found = locateEngine({ platform: process.platform, arch: process.arch, searchPath });
    assert.equal(found.kind, "library");
    assert.equal(path.basename(found.path), "libchdb.so");
  });
  test("else takes the first executable on the search path", () => {
    assert.deepEqual(locateEngine({ platform: "freebsd", arch: "x64", searchPath }), {
      kind: "binary",
      path: path.join(executable, "clickhouse"),
    });
  });
  test("else says what to do", () => {
    const nowhere = { arch: "x64", searchPath: notExecutable };
    assert.throws(() => locateEngine({ ...nowhere, platform: "freebsd" }), {
      code: "unavailable",
      message:
        "no embedded ClickHouse exists for freebsd-x64: put a clickhouse binary on PATH " +
        "(https://clickhouse.com/docs/install), or set clickhouse.url to a server",
    });
    const other = process.platform === "darwin" ? "linux" : "darwin";
    assert.throws(() => locateEngine({ ...nowhere, platform: other }), {
      code: "unavailable",
      message:
        /^the embedded ClickHouse \(npm package @chdb\/lib-.*\) is not installed: run "npm ci"/,
    });
  });
});
