import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import type { GraphAnswer, GraphEdgeAnswer } from "../api/contract.ts";
import { dotOf, drawnGraph, mermaidOf } from "../analysis/graph-drawing.ts";
import { drawEdges } from "./graph-drawing.ts";
import { expectedEdges } from "./graph-expected.ts";

const side = { calls: 200, averageNano: 1e6, p50Nano: 1e6, p95Nano: 2_500_000, p99Nano: 3e6 };
const edge = (
  client: string,
  server: string,
  rest: Partial<GraphEdgeAnswer> = {},
): GraphEdgeAnswer => ({
  client,
  server,
  connection: "call",
  calls: 200,
  failed: 0,
  clientSide: null,
  serverSide: null,
  ...rest,
});

const ODD = 'a "quoted" \\ name\n<b>';
const graph: GraphAnswer = {
  fromSeconds: 0,
  toSeconds: 60,
  isComplete: true,
  nodes: [
    { name: ODD, kind: "peer" },
    { name: "cart", kind: "service" },
    { name: "kafka/orders", kind: "queue" },
    { name: "mail", kind: "service" },
    { name: "postgresql/carts", kind: "database" },
    { name: "user", kind: "caller" },
  ],
  edges: [
    edge("cart", ODD, { connection: "peer", failed: 200 }),
    edge("cart", "cart"),
    edge("cart", "kafka/orders", { connection: "send", clientSide: side }),
    edge("cart", "mail", { connection: "messaging", via: "kafka/orders" }),
    edge("cart", "postgresql/carts", { connection: "database", failed: 3, clientSide: side }),
    edge("kafka/orders", "mail", { connection: "receive", serverSide: side }),
    edge("user", "cart", { connection: "caller", calls: 2.6, serverSide: side }),
  ],
};
const looks = { colour: false, unicode: true };
const ms = (nanos: number): string => `${nanos / 1e6} ms`;

test("drawnGraph: messages once, through their queue; no call to oneself", () => {
  const ends = (withSelf: boolean): string[] =>
    drawnGraph(graph, withSelf).edges.map(({ client, server }) => `${client} ${server}`);
  assert.deepEqual(ends(false), [
    `cart ${ODD}`,
    "cart kafka/orders",
    "cart postgresql/carts",
    "kafka/orders mail",
    "user cart",
  ]);
  assert.equal(ends(true).length, 6);
});

test("drawEdges: a table", () => {
  const few = { ...graph, edges: graph.edges.slice(4) };
  assert.equal(
    drawEdges(few, looks),
    [
      "FROM          TO                BY        CALLS  FAILED  P95 SENT  P95 TAKEN",
      "cart          postgresql/carts  database    200   1.5 %   2.50 ms",
      "kafka/orders  mail              receive     200     0 %              2.50 ms",
      "user          cart              caller        3     0 %              2.50 ms",
      "",
    ].join("\n"),
  );
});

test("dotOf: what it draws is what it expects of the graph", () => {
  const drawn = drawnGraph(graph, false);
  const named = drawn.edges.filter(({ server }) => server !== ODD);
  const ends = named.map(({ client, server }) => ({ client, server }));
  assert.deepEqual(expectedEdges(dotOf({ ...drawn, edges: named }, ms), false), ends);
});

test("dotOf: Graphviz takes it", (t) => {
  const { error, status, stdout, stderr } = spawnSync("dot", ["-Tsvg"], {
    input: dotOf(graph, ms),
    encoding: "utf8",
  });
  if (error !== undefined) return t.skip("Graphviz is not installed");
  assert.equal(status, 0, stderr);
  assert.match(stdout, /a &quot;quoted&quot; \\ name\\n&lt;b&gt;/);
  assert.equal(stdout.match(/class="edge"/g)?.length, graph.edges.length);
});

test("mermaidOf: names are entities where they could be syntax", () => {
  assert.equal(
    mermaidOf({ nodes: graph.nodes.slice(0, 2), edges: graph.edges.slice(0, 1) }, ms),
    [
      "flowchart LR",
      '  n0["a #34;quoted#34; #92; name#92;n#60;b#62;"]',
      '  n1("cart")',
      '  n1 -->|"200, 100 % failed"| n0',
      "",
    ].join("\n"),
  );
});
