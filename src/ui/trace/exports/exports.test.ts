import assert from "node:assert/strict";
import { test } from "node:test";
import { briefTable } from "../../../../test/support/brief-table.ts";
import { briefTrace, type BriefSpan } from "../../../../test/support/brief-trace.ts";
import { perfettoJson, speedscopeJson } from "./of-table.ts";
import { readTraceFile } from "../../../wire/trace-file/read-trace-file.ts";
import { jaegerJson, otlpJson, zipkinJson } from "./of-trace.ts";

const spans: BriefSpan[] = [
  { id: "a", name: "GET /", service: "edge", kind: "server", start: 0, duration: 9000 },
  {
    id: "b",
    of: "a",
    name: "load",
    service: "store",
    kind: "client",
    start: 2000,
    duration: 4000,
    status: "error",
    statusMessage: "gone",
    attributes: { n: 7n, ratio: 0.5, ok: true, big: 2n ** 60n, list: ["x", "y"] },
    resource: { "host.name": "h1" },
    scope: { name: "sdk", version: "1" },
    events: [{ name: "retry", at: 1000, attributes: { attempt: 2n } }],
    links: [{ trace: "ab", span: "cd" }],
  },
];
const [a, b] = ["0000000000000061", "0000000000000062"];

test("perfettoJson: a process a service, times in microseconds", () => {
  const { traceEvents } = JSON.parse(perfettoJson(briefTable(spans))) as {
    traceEvents: Record<string, unknown>[];
  };
  assert.deepEqual(
    traceEvents.filter(({ ph }) => ph === "M").map(({ args }) => args),
    [{ name: "edge" }, { name: "store" }],
  );
  const [first, second] = traceEvents.filter(({ ph }) => ph === "X");
  assert.deepEqual([first!["name"], first!["ts"], first!["dur"]], ["GET /", 0, 9]);
  assert.deepEqual([second!["ts"], second!["tid"], second!["cat"]], [2, 1, "client"]);
});

test("speedscopeJson: stacks with the time that is their own", () => {
  const file = JSON.parse(speedscopeJson(briefTable(spans))) as {
    shared: { frames: { name: string }[] };
    profiles: { samples: number[][]; weights: number[]; endValue: number }[];
  };
  const [{ samples, weights, endValue }] = file.profiles as [(typeof file.profiles)[0]];
  const named = samples.map((stack) => stack.map((frame) => file.shared.frames[frame]!.name));
  assert.deepEqual(named, [["edge: GET /"], ["edge: GET /", "store: load"]]);
  assert.deepEqual([weights, endValue], [[5000, 4000], 9000]);
});

test("jaegerJson: references, typed tags, logs, processes", () => {
  const file = JSON.parse(jaegerJson(briefTrace(spans))) as {
    data: [{ spans: Record<string, unknown>[]; processes: Record<string, unknown> }];
  };
  const [{ spans: all, processes }] = file.data;
  const load = all.find((span) => span["spanID"] === b)!;
  assert.deepEqual(load["references"], [
    { refType: "CHILD_OF", traceID: "00000000000000000000000000abc123", spanID: a },
    { refType: "FOLLOWS_FROM", traceID: "ab".padStart(32, "0"), spanID: "cd".padStart(16, "0") },
  ]);
  const tags = load["tags"] as { key: string; type: string; value: unknown }[];
  assert.deepEqual(
    tags.map(({ key, type, value }) => `${key} ${type} ${String(value)}`),
    [
      "otel.scope.name string sdk",
      "otel.scope.version string 1",
      "big string 1152921504606846976",
      'list string ["x", "y"]',
      "n int64 7",
      "ok bool true",
      "ratio float64 0.5",
      "span.kind string client",
      "otel.status_code string ERROR",
      "otel.status_description string gone",
      "error bool true",
    ],
  );
  assert.equal(load["startTime"], 1_700_000_000_000_002);
  assert.equal(load["duration"], 4);
  assert.deepEqual(processes["p2"], {
    serviceName: "store",
    tags: [{ key: "host.name", type: "string", value: "h1" }],
  });
});

test("zipkinJson: kinds, tags as text, annotations", () => {
  const all = JSON.parse(zipkinJson(briefTrace(spans))) as Record<string, unknown>[];
  const load = all.find((span) => span["id"] === b)!;
  assert.deepEqual([load["parentId"], load["kind"], load["duration"]], [a, "CLIENT", 4]);
  assert.deepEqual(load["localEndpoint"], { serviceName: "store" });
  const tags = load["tags"] as Record<string, string>;
  assert.deepEqual([tags["n"], tags["ok"], tags["error"]], ["7", "true", "gone"]);
  assert.deepEqual(load["annotations"], [{ timestamp: 1_700_000_000_000_003, value: "retry" }]);
});

test("otlpJson: read again, it is the same trace", () => {
  const trace = briefTrace(spans);
  assert.deepEqual(readTraceFile(otlpJson(trace)), [trace]);
});

test("jaegerJson: read again, it is the same but for what Jaeger has no words for", () => {
  const trace = briefTrace(spans);
  const [again] = readTraceFile(jaegerJson(trace));
  const plain = (value: object): unknown =>
    JSON.parse(
      JSON.stringify(value)
        .replace('{"intValue":"1152921504606846976"}', '{"stringValue":"1152921504606846976"}')
        .replace(/\{"arrayValue":.*?\]\}\}/, '{"stringValue":"[\\"x\\", \\"y\\"]"}'),
    );
  assert.deepEqual(plain(again!), plain(trace));
});

test("zipkinJson: read again, names, times, parents and failures are the same", () => {
  const trace = briefTrace(spans);
  const [again] = readTraceFile(zipkinJson(trace));
  const some = ({ spans: all, resources }: typeof trace): unknown =>
    all.map(({ spanId, parentSpanId, name, kind, startNano, durationNano, status, resource }) => {
      const { service } = resources[resource]!;
      return { spanId, parentSpanId, name, kind, startNano, durationNano, status, service };
    });
  assert.deepEqual(some(again!), some(trace));
  assert.equal(again!.spans[1]!.statusMessage, "gone");
});
