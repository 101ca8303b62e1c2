import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { diskUse, replacedParts, storedRows } from "./disk.ts";

const cases: [name: string, names: string[], replaced: string[]][] = [
  [
    "parts that a merge replaced",
    ["20261123_1_1_0", "20261123_2_2_0", "20261123_1_2_1"],
    ["20261123_1_1_0", "20261123_2_2_0"],
  ],
  ["another day's are not", ["20261123_1_1_0", "20261124_1_2_1"], []],
  ["a part beside is not", ["20261123_3_3_0", "20261123_1_2_1"], []],
  ["a mutation replaces", ["20261123_1_2_1", "20261123_1_2_1_5"], ["20261123_1_2_1"]],
  ["other names are not parts", ["tmp_merge_20261123_1_2_1", "detached", "a_b"], []],
];
for (const [name, names, replaced] of cases) {
  test(`replacedParts: ${name}`, () => {
    assert.deepEqual([...replacedParts(names)].toSorted(), replaced.toSorted());
  });
}

test("diskUse and storedRows: of a Clew's folder, without replaced parts", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "clew-disk-"));
  const write = (bytes: number, count: number, ...where: string[]): void => {
    const part = path.join(folder, "clickhouse", "data", "clew", "spans", ...where);
    mkdirSync(part, { recursive: true });
    writeFileSync(path.join(part, "data.bin"), Buffer.alloc(bytes, 1));
    writeFileSync(path.join(part, "count.txt"), String(count));
  };
  try {
    write(100_000, 10, "20261123_1_1_0");
    write(100_000, 20, "20261123_2_2_0");
    write(100_000, 30, "20261123_1_2_1");
    write(100_000, 7, "20261124_1_1_0");
    mkdirSync(path.join(folder, "ingest"));
    writeFileSync(path.join(folder, "ingest", "1.log"), Buffer.alloc(50_000, 1));
    const { storeBytes, otherBytes } = diskUse(folder);
    assert.ok(storeBytes >= 200_000 && storeBytes < 250_000, `${storeBytes}`);
    assert.ok(otherBytes >= 50_000 && otherBytes < 75_000, `${otherBytes}`);
    assert.equal(storedRows(folder), 37);
    assert.equal(storedRows(path.join(folder, "ingest")), undefined);
    assert.equal(diskUse(path.join(folder, "nowhere")).storeBytes, 0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
