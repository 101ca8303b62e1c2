import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf, summaryOf, type SystemFacts } from "./findings.ts";
import { sampleOf } from "./sample.ts";

const GB = 1e9;
const sample = sampleOf([], 0);
const store: NonNullable<SystemFacts["store"]> = {
  version: "26.7",
  uptimeSeconds: 1,
  disks: [{ name: "default", path: "/data", freeBytes: 500 * GB, totalBytes: 1000 * GB }],
  tables: [{ name: "spans", rows: 1, bytes: 1, parts: 8, mostParts: 4 }],
  merges: { running: 0, bytes: 0 },
  statements: { running: 0, inserts: 0, longestSeconds: 0, memoryBytes: 0 },
};
const fine: SystemFacts = {
  trouble: [],
  newest: sample,
  hourAgo: sample,
  refusals: [],
  insertP95Seconds: 0.1,
  store,
  thinningProblem: undefined,
};
const disk = (freeBytes: number): SystemFacts["store"] => {
  return { ...store, disks: [{ ...store.disks[0]!, freeBytes }] };
};
const parts = (mostParts: number): SystemFacts["store"] => {
  return { ...store, tables: [{ ...store.tables[0]!, mostParts }] };
};

const cases: readonly [what: string, change: Partial<SystemFacts>, found: readonly string[]][] = [
  ["nothing", {}, []],
  ["a store that says nothing", { store: undefined }, []],
  ["trouble", { trouble: ["the log is full"] }, ["wrong: The log is full."]],
  [
    "little disk",
    { store: disk(50 * GB) },
    ["odd: 5.0 % of ClickHouse's disk is free: 50 GB of 1000 GB (default, /data)."],
  ],
  [
    "no disk",
    { store: disk(GB) },
    ["wrong: 0.1 % of ClickHouse's disk is free: 1.0 GB of 1000 GB (default, /data)."],
  ],
  [
    "many parts",
    { store: parts(301) },
    ["odd: The table spans has 301 parts in one partition: merges do not keep up."],
  ],
  [
    "spans and requests refused, the worst first",
    {
      refusals: [
        { what: "request", door: "otlp_http", reason: "exhausted", total: 2, lastHour: 2 },
        { what: "spans", door: "", reason: "invalid_trace_id", total: 1, lastHour: 1 },
        { what: "spans", door: "", reason: "invalid_span_id", total: 9, lastHour: 0 },
      ],
    },
    [
      "wrong: 1 span of the last hour was refused: a trace id is 16 bytes, not all zero.",
      "odd: 2 export requests of the last hour were refused: memory or the ingest log was full," +
        " and senders were told to come again.",
    ],
  ],
  [
    "a restart",
    { newest: { ...sample, engineRestarts: 1 } },
    ["wrong: ClickHouse ended by itself once in the last hour."],
  ],
  [
    "slow inserts",
    { insertP95Seconds: 7 },
    [
      "odd: ClickHouse takes long to store spans: one insert in twenty over 7.0 s in the last hour.",
    ],
  ],
  [
    "a bad policy file",
    { thinningProblem: "policies.yaml: no such file" },
    ["wrong: Days are not thinned: policies.yaml: no such file."],
  ],
];

for (const [what, change, found] of cases) {
  test(`what is wrong: ${what}`, () => {
    const findings = findingsOf({ ...fine, ...change });
    assert.deepEqual(
      findings.map(({ severity, sentence }) => `${severity}: ${sentence}`),
      found,
    );
  });
}

test("what goes on, as a sentence", () => {
  assert.equal(summaryOf(fine), "No span came in the last hour.");
  const newest = { ...sample, atMs: 600_000, receivedSpans: 1234 };
  const text = "1,234 spans came in the last 10 minutes, 95 % of inserts took at most 100 ms";
  assert.equal(summaryOf({ ...fine, newest }), `${text}; none refused.`);
});
