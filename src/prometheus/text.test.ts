import assert from "node:assert/strict";
import { test } from "node:test";
import type { Family } from "./family.ts";
import { acceptedFormat, metricsText, type TextFormat } from "./text.ts";

const cases: [accept: string, format: TextFormat][] = [
  ["", "text"],
  ["*/*", "text"],
  ["text/plain", "text"],
  ["text/html", "text"],
  ["application/openmetrics-text", "openMetrics"],
  ["application/openmetrics-text; version=1.0.0; charset=utf-8", "openMetrics"],
  ["application/openmetrics-text; version=0.0.1", "text"],
  ["application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.6", "text"],
  ["application/openmetrics-text;version=1.0.0;q=0", "text"],
  ["text/plain;q=0.5, Application/OpenMetrics-Text;Q=0.5", "openMetrics"],
  // Prometheus 2.42 and 3.5.
  [
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75," +
      "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "openMetrics",
  ],
  [
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6," +
      "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
    "openMetrics",
  ],
];
for (const [accept, format] of cases) {
  test(`acceptedFormat: ${accept}`, () => assert.equal(acceptedFormat(accept), format));
}

const families: Family[] = [
  {
    kind: "counter",
    name: "calls",
    help: 'All "calls",\nby \\ name.',
    points: [
      { labels: [], value: 3 },
      { labels: [["name", 'a"\\\n']], value: 2.5 },
    ],
  },
  {
    kind: "histogram",
    name: "latency",
    help: "How long.",
    bounds: [0.5, 1],
    points: [
      {
        labels: [["name", "a"]],
        counts: [1, 0, 2],
        sum: 7.25,
        exemplars: [{ labels: [["traceID", "ab"]], value: 0.25, atMs: 1_234_567 }],
      },
    ],
  },
];

test("Prometheus text", () => {
  assert.equal(
    [...metricsText(families, "text")].join(""),
    String.raw`# HELP calls_total All "calls",\nby \\ name.
# TYPE calls_total counter
calls_total 3
calls_total{name="a\"\\\n"} 2.5
# HELP latency How long.
# TYPE latency histogram
latency_bucket{name="a",le="0.5"} 1
latency_bucket{name="a",le="1"} 1
latency_bucket{name="a",le="+Inf"} 3
latency_count{name="a"} 3
latency_sum{name="a"} 7.25
`,
  );
});

test("OpenMetrics", () => {
  assert.equal(
    [...metricsText(families, "openMetrics")].join(""),
    String.raw`# HELP calls All \"calls\",\nby \\ name.
# TYPE calls counter
calls_total 3
calls_total{name="a\"\\\n"} 2.5
# HELP latency How long.
# TYPE latency histogram
latency_bucket{name="a",le="0.5"} 1 # {traceID="ab"} 0.25 1234.567
latency_bucket{name="a",le="1.0"} 1
latency_bucket{name="a",le="+Inf"} 3
latency_count{name="a"} 3
latency_sum{name="a"} 7.25
# EOF
`,
  );
});
