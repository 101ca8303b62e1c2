import assert from "node:assert/strict";
import { test } from "node:test";
import { problemsOf, type Report, reportJson, reportText } from "./report.ts";

const ms = { count: 120, p50: 1.23456, p95: 20.4, p99: 30.6, max: 99.9 };
const report: Report = {
  date: "2026-11-23T18:00:00.000Z",
  arguments: ["bench"],
  versions: { clew: "1.2.3", node: "v24.0.0", clickhouse: "26.7.2.1" },
  machine: { cpu: "CPU", cores: 2, memoryBytes: 8e9, kernel: "Linux 6", loadBefore: 0.1 },
  ingest: {
    options: {
      otlpUrl: "http://127.0.0.1:1",
      protocol: "grpc",
      connections: 4,
      spansPerRequest: 500,
      rate: 20_000,
      seed: 9,
      keys: 60,
      gzip: false,
    },
    traffic: {
      bytesPerSpan: 480.4,
      spanAttributes: 10.26,
      resourceAttributes: 12,
      spanKeys: 60,
      services: 120,
      traces: 1000,
    },
    result: {
      spansSent: 60_000,
      spansAcknowledged: 60_000,
      requestsAcknowledged: 120,
      seconds: 3,
      spansPerSecond: 20_000,
      latencyMs: ms,
      refusals: 2,
      unanswered: 0,
      spansRejected: 0,
      spansGivenUp: 0,
      stampMicrosPerSpan: 0.05,
      generatorMicrosPerSpan: 0.8,
      runStartedMs: 1,
    },
    cpu: {
      ingestMicrosPerSpan: 9.04,
      microsPerSpan: 11.26,
      processes: [{ name: "main.ts", microsPerSpan: 5.2 }],
      settleSeconds: 7,
      settled: true,
      othersShare: 0.12,
      stolenShare: 0.03,
    },
    verification: { inserted: 60_000, stored: 60_000, tracesRead: 50, problems: [] },
  },
  queries: [{ kind: "trace by id", ms, wrong: 0 }],
};

test("reportText: the figures", () => {
  const text = reportText(report);
  for (const line of [
    "OTLP/gRPC, 4 connections, 500 spans a request, 20,000 spans/s",
    "  spans acknowledged  60,000 in 3.0 s",
    "  acknowledged after  p50 1.2 ms, p95 20 ms, p99 31 ms, max 100 ms",
    "  CPU a span          11.3 µs after 7 s of background work; 9.0 µs before",
    "                      other programs took 12 % of the machine, its host 3 %",
    "  verified            every span once: 60,000 stored, 60,000 confirmed, 50 traces read",
    "  trace by id  p50 1.2 ms, p95 20 ms, p99 31 ms, max 100 ms (120 runs)",
  ]) {
    assert.ok(text.includes(`${line}\n`), `${line}\nis not in\n${text}`);
  }
});

test("reportJson: one line that reads back, without needless digits", () => {
  const line = reportJson(report);
  assert.equal(line.indexOf("\n"), line.length - 1);
  const { queries, ingest } = JSON.parse(line) as Report;
  assert.equal(queries![0]!.ms.p50, 1.235);
  assert.equal(ingest!.options.seed, 9);
});

test("problemsOf: lost, doubled and wrongly answered", () => {
  assert.deepEqual(problemsOf(report), []);
  const { ingest } = report;
  const bad: Report = {
    ...report,
    ingest: {
      ...ingest!,
      result: { ...ingest!.result, spansGivenUp: 500, spansRejected: 2 },
      verification: { ...ingest!.verification!, problems: ["1 is stored, not 2"] },
    },
    queries: [{ kind: "trace by id", ms, wrong: 3, firstProblem: "HTTP 500" }],
  };
  assert.deepEqual(problemsOf(bad), [
    "500 spans were given up",
    "2 spans were rejected",
    "1 is stored, not 2",
    "trace by id: 3 wrong answers: HTTP 500",
  ]);
});
