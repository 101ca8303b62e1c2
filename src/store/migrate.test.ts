import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { fillTemplate, readMigrations, splitStatements } from "./migrate.ts";

describe("splitStatements", () => {
  const cases: [name: string, text: string, want: string[]][] = [
    ["nothing", "", []],
    ["only comments", "-- a; b\n/* c; d */\n;", []],
    ["one without a semicolon", "SELECT 1", ["SELECT 1"]],
    ["two", "SELECT 1;\nSELECT 2;\n", ["SELECT 1", "SELECT 2"]],
    ["a semicolon in a text", "SELECT 'a;b';", ["SELECT 'a;b'"]],
    ["an escaped quote", String.raw`SELECT 'a\';b';`, [String.raw`SELECT 'a\';b'`]],
    ["an escaped backslash", String.raw`SELECT 'a\\';b`, [String.raw`SELECT 'a\\'`, "b"]],
    ["a doubled quote", "SELECT 'a'';b';", ["SELECT 'a'';b'"]],
    ["quoted names", 'SELECT `a;b`, "c;d";', ['SELECT `a;b`, "c;d"']],
    ["a comment at a line's end", "SELECT 1 -- it's; one\n, 2;", ["SELECT 1  \n, 2"]],
    ["a comment within", "SELECT /* ; ' */ 1;", ["SELECT   1"]],
    ["dashes in a text", "SELECT '--' ; SELECT 2", ["SELECT '--'", "SELECT 2"]],
    ["a minus and a division", "SELECT 4-2/1;", ["SELECT 4-2/1"]],
  ];
  for (const [name, text, want] of cases) {
    test(name, () => assert.deepEqual(splitStatements(text), want));
  }
  for (const [open, line] of [
    ["SELECT 1;\nSELECT 'x;", 2],
    ["SELECT `x", 1],
    ["\n\n/* x", 3],
  ] as const) {
    test(`refuses ${JSON.stringify(open)}`, () => {
      assert.throws(() => splitStatements(open), new RegExp(`in line ${line} is never closed`));
    });
  }
});

describe("fillTemplate", () => {
  const alone = { database: "clew", retentionDays: 14 };
  const cluster = {
    database: "clew",
    retentionDays: 14,
    cluster: "main",
    replication: { path: "/ch/{shard}/{table}", replica: "{replica}" },
  };
  const cases: [template: string, alone: string, cluster: string][] = [
    ["{{database}}.spans", "`clew`.spans", "`clew`.spans"],
    ["T {{on_cluster}} (", "T  (", "T ON CLUSTER `main` ("],
    ["DAY {{retention_days}}", "DAY 14", "DAY 14"],
    ["{{engine}}", "MergeTree", "ReplicatedMergeTree('/ch/{shard}/{table}', '{replica}')"],
    [
      "{{engine:SummingMergeTree((calls, errors))}}",
      "SummingMergeTree((calls, errors))",
      "ReplicatedSummingMergeTree('/ch/{shard}/{table}', '{replica}', (calls, errors))",
    ],
    ["map {'a': {b}}", "map {'a': {b}}", "map {'a': {b}}"],
  ];
  for (const [template, wantAlone, wantCluster] of cases) {
    test(template, () => {
      assert.equal(fillTemplate(template, alone), wantAlone);
      assert.equal(fillTemplate(template, cluster), wantCluster);
    });
  }
  test("quotes what the configuration says", () => {
    const values = { ...cluster, database: "a`b", replication: { path: "/it's\\", replica: "r" } };
    assert.equal(fillTemplate("{{database}}", values), "`a\\`b`");
    assert.equal(fillTemplate("{{engine}}", values), "ReplicatedMergeTree('/it\\'s\\\\', 'r')");
  });
  for (const template of ["{{datbase}}", "{{}}", "{{engine:Log}}", "{{database.x}}"]) {
    test(`refuses ${template}`, () => {
      assert.throws(() => fillTemplate(template, alone), /unknown template|not an engine/);
    });
  }
  for (const retentionDays of [0, -1, 1.5, Number.NaN]) {
    test(`refuses ${retentionDays} days`, () => {
      assert.throws(() => fillTemplate("{{retention_days}}", { ...alone, retentionDays }));
    });
  }
});

describe("readMigrations", () => {
  const temp = mkdtempSync(path.join(tmpdir(), "clew-migrations-"));
  after(() => rmSync(temp, { recursive: true, force: true }));
  const folder = (files: Record<string, string>): string => {
    const directory = mkdtempSync(path.join(temp, "m-"));
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(path.join(directory, name), text);
    }
    return directory;
  };

  test("gives them in order, with checksums that line endings do not change", async () => {
    const unix = await readMigrations(folder({ "0002_b.sql": "B", "0001_a.sql": "A;\nA;\n" }));
    const windows = await readMigrations(folder({ "0001_a.sql": "A;\r\nA;\r\n" }));
    assert.deepEqual(
      unix.map(({ version, name }) => [version, name]),
      [
        [1, "a"],
        [2, "b"],
      ],
    );
    assert.equal(unix[0]!.checksum, windows[0]!.checksum);
    assert.match(unix[0]!.checksum, /^[0-9a-f]{64}$/);
    assert.notEqual(unix[0]!.checksum, unix[1]!.checksum);
  });
  for (const [name, wrong] of [
    ["a gap", { "0001_a.sql": "", "0003_c.sql": "" }],
    ["a number twice", { "0001_a.sql": "", "0001_b.sql": "" }],
    ["a name that is none", { "spans.sql": "" }],
  ] as const) {
    test(`refuses ${name}`, async () => {
      await assert.rejects(readMigrations(folder({ ...wrong })), /migration/);
    });
  }
});
