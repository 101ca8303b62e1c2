import assert from "node:assert/strict";
import { test } from "node:test";
import { type BriefSpan, briefTrace } from "../../test/support/brief-trace.ts";
import { callSpansOf } from "../../test/support/call-spans-of.ts";
import { EdgeSums } from "../model/edge-sums.ts";
import { addServiceEdges } from "../model/service-edges.ts";
import { GraphMetrics, type SliceEdges } from "./graph-metrics.ts";
import { metricsText } from "./text.ts";

const SLICE = 1_800_000_000;

function sliceOf(spans: readonly BriefSpan[], rest: Partial<SliceEdges> = {}): SliceEdges {
  const read = callSpansOf([briefTrace(spans)]);
  const sums = new EdgeSums();
  for (const _ of addServiceEdges(read, sums));
  return { slice: SLICE, edges: sums.sums(), names: read.names, ...rest };
}

function lines(metrics: GraphMetrics, which: RegExp): string[] {
  const text = [...metricsText(metrics.families(), "text")].join("");
  return text.split("\n").filter((line) => which.test(line) && !line.startsWith("#"));
}

const server: BriefSpan = { id: "s", of: "c", kind: "server", service: "cart", duration: 150e6 };
const client: BriefSpan = { id: "c", of: "g", kind: "client", service: "shop", duration: 450e6 };
const database: BriefSpan = {
  id: "d",
  of: "s",
  kind: "client",
  service: "cart",
  duration: 90e6,
  status: "error",
  attributes: { "db.system": "redis" },
};

test("calls under Tempo's names, with its labels", () => {
  const metrics = new GraphMetrics(1000);
  metrics.add(
    sliceOf([
      { id: "g", kind: "server", service: "shop" },
      client,
      server,
      database,
      { id: "p", of: "s", kind: "producer", service: "cart" },
      { id: "x", of: "p", kind: "consumer", service: "mail" },
      {
        id: "e",
        of: "s",
        kind: "client",
        service: "cart",
        attributes: { "server.address": "pay.example" },
      },
    ]),
  );
  const edge = (client: string, type: string, server: string): string =>
    `{client="${client}",connection_type="${type}",server="${server}"}`;
  assert.deepEqual(lines(metrics, /_request_total/), [
    `traces_service_graph_request_total${edge("user", "virtual_node", "shop")} 1`,
    `traces_service_graph_request_total${edge("shop", "", "cart")} 1`,
    `traces_service_graph_request_total${edge("cart", "database", "redis")} 1`,
    `traces_service_graph_request_total${edge("cart", "messaging_system", "mail")} 1`,
    `traces_service_graph_request_total${edge("cart", "virtual_node", "pay.example")} 1`,
  ]);
  assert.deepEqual(lines(metrics, /_request_failed_total.* 1/), [
    `traces_service_graph_request_failed_total${edge("cart", "database", "redis")} 1`,
  ]);
  assert.deepEqual(lines(metrics, /_seconds_sum.* 0/), [
    `traces_service_graph_request_server_seconds_sum${edge("shop", "", "cart")} 0.15`,
    `traces_service_graph_request_server_seconds_sum${edge("cart", "database", "redis")} 0.09`,
    `traces_service_graph_request_client_seconds_sum${edge("shop", "", "cart")} 0.45`,
    `traces_service_graph_request_client_seconds_sum${edge("cart", "database", "redis")} 0.09`,
  ]);
  const buckets = lines(metrics, /client_seconds_bucket.*client="shop"/);
  assert.deepEqual(
    buckets.map((line) => line.replace(/.*le="(.*)"\} /, "$1: ")),
    ["0.1: 0", "0.2: 0", "0.4: 0", "0.8: 1", "1.6: 1", "3.2: 1", "6.4: 1", "12.8: 1", "+Inf: 1"],
  );
});

test("a slice that is computed again adds what is new, and takes nothing back", () => {
  const metrics = new GraphMetrics(1000);
  const labels = 'client="",connection_type="",server="cart"';
  const unpaired = `traces_service_graph_unpaired_spans_total{${labels}} 1`;
  metrics.add(sliceOf([server]));
  assert.deepEqual(lines(metrics, /./), [unpaired]);
  const call = /request_total.*server="cart"/;
  for (let i = 0; i < 2; i++) {
    metrics.add(sliceOf([client, server]));
    assert.match(lines(metrics, call).join("\n"), /^[^\n]*client="shop"[^\n]* 1$/);
    assert.deepEqual(lines(metrics, /unpaired.*cart/), [unpaired]);
  }
  metrics.add(sliceOf([client, server, { ...client, id: "e" }, { ...server, id: "t", of: "e" }]));
  assert.match(lines(metrics, call)[0]!, / 2$/);
  metrics.add(sliceOf([client, server], { slice: SLICE + 300 }));
  assert.match(lines(metrics, call)[0]!, / 3$/);
});

test("what there is no room for counts together", () => {
  const metrics = new GraphMetrics(24);
  assert.equal(metrics.add(sliceOf([server, client, database])), 1);
  assert.deepEqual(
    lines(metrics, /request_total|failed_total|server_seconds_sum/).map((line) =>
      line.replace("traces_service_graph_", ""),
    ),
    [
      'request_total{client="shop",connection_type="",server="cart"} 1',
      'request_total{metric_overflow="true"} 1',
      'request_failed_total{client="shop",connection_type="",server="cart"} 0',
      'request_failed_total{metric_overflow="true"} 1',
      'request_server_seconds_sum{client="shop",connection_type="",server="cart"} 0.15',
      'request_server_seconds_sum{metric_overflow="true"} 0.09',
    ],
  );
});
