import assert from "node:assert/strict";
import { test } from "node:test";
import { createMetrics } from "../base/metrics.ts";
import { type MetricsJson, sumOf, withoutGauges } from "./metrics-sum.ts";

async function counted(spans: number, insertSeconds: number): Promise<MetricsJson> {
  const metrics = createMetrics();
  metrics.spansReceived.inc(spans);
  metrics.requests.inc({ door: "otlp_http", outcome: "ok" }, 1);
  metrics.queueSpans.set(spans);
  metrics.insertSeconds.observe(insertSeconds);
  // As it comes over from another process.
  return JSON.parse(JSON.stringify(await metrics.registry.getMetricsAsJSON())) as MetricsJson;
}

async function linesOf(parts: readonly MetricsJson[]): Promise<string[]> {
  return (await sumOf(parts).metrics()).split("\n");
}

test("metrics of processes add up, line by line", async () => {
  const lines = await linesOf([await counted(5, 0.02), await counted(7, 0.2)]);
  for (const line of [
    "clew_spans_received_total 12",
    'clew_receive_requests_total{door="otlp_http",outcome="ok"} 2',
    "clew_queue_spans 12",
    'clew_insert_duration_seconds_bucket{le="0.025"} 1',
    'clew_insert_duration_seconds_bucket{le="+Inf"} 2',
    "clew_insert_duration_seconds_count 2",
  ]) {
    assert.ok(lines.includes(line), `${line}\nis not in\n${lines.join("\n")}`);
  }
});

test("of a process that has ended the counters remain, and can be added up again", async () => {
  const ended = await sumOf([[], withoutGauges(await counted(5, 0.02))]).getMetricsAsJSON();
  const again = await sumOf([ended, withoutGauges(await counted(1, 0.02))]).getMetricsAsJSON();
  const lines = await linesOf([await counted(7, 0.02), again]);
  for (const line of [
    "clew_spans_received_total 13",
    "clew_queue_spans 7",
    "clew_insert_duration_seconds_count 3",
  ]) {
    assert.ok(lines.includes(line), `${line}\nis not in\n${lines.join("\n")}`);
  }
});
