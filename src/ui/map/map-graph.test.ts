import assert from "node:assert/strict";
import { test } from "node:test";
import type { GraphAnswer, GraphEdgeAnswer } from "../../api/contract.ts";
import { mapOf } from "./map-graph.ts";

const edge = (client: string, server: string, calls: number, failed = 0): GraphEdgeAnswer => ({
  client,
  server,
  connection: "call",
  calls,
  failed,
  clientSide: null,
  serverSide: { calls, averageNano: 1, p50Nano: 1, p95Nano: 5, p99Nano: 9 },
});
const graph = (edges: readonly GraphEdgeAnswer[]): GraphAnswer => ({
  fromSeconds: 0,
  toSeconds: 100,
  isComplete: true,
  nodes: [...new Set(edges.flatMap(({ client, server }) => [client, server]))]
    .sort()
    .map((name) => ({ name, kind: "service" })),
  edges,
});
const shop = graph([edge("a", "b", 100, 50), edge("b", "c", 20), edge("c", "d", 20)]);
const everything = { node: "", hops: 1, open: [] };

test("mapOf: rates and failures of nodes and edges, up to now", () => {
  const { nodes, edges } = mapOf({ now: shop, before: undefined }, everything, 50);
  assert.deepEqual(
    nodes.map(({ name, rate, failures }) => [name, rate, failures]),
    [
      ["a", 2, 0.5],
      ["b", 2, 0.5],
      ["c", 0.4, 0],
      ["d", 0.4, 0],
    ],
  );
  assert.deepEqual([edges[0]!.rate, edges[0]!.p95Nano, edges[0]!.change], [2, 5, undefined]);
});

test("mapOf: only what is near a node; names to choose are those of all", () => {
  const near = mapOf({ now: shop, before: undefined }, { ...everything, node: "a" }, 50);
  assert.deepEqual(
    near.nodes.map(({ name }) => name),
    ["a", "b"],
  );
  assert.deepEqual(near.names, ["a", "b", "c", "d"]);
  const two = mapOf({ now: shop, before: undefined }, { ...everything, node: "a", hops: 2 }, 50);
  assert.equal(two.nodes.length, 3);
});

test("mapOf: compared with another time, what is gone is there and counts for nothing", () => {
  const before = graph([edge("a", "b", 100, 50), edge("b", "x", 100), edge("c", "d", 20)]);
  const { nodes, edges } = mapOf({ now: shop, before }, everything, 1000);
  assert.deepEqual(
    edges.map(({ client, server, change }) => `${client}${server} ${change!.kind}`),
    ["ab same", "bc new", "cd same", "bx gone"],
  );
  assert.equal(nodes.find(({ name }) => name === "x")!.rate, 0);
});

test("mapOf: many nodes become groups, between which edges are one", () => {
  const many = Array.from({ length: 200 }, (_, i) => edge("front", `eu.svc-${i}`, 1));
  const { nodes, edges } = mapOf({ now: graph(many), before: undefined }, everything, 100);
  assert.deepEqual(
    nodes.map(({ name, size, rate }) => [name, size, rate]),
    [
      ["eu.svc-*", 200, 2],
      ["front", 1, 2],
    ],
  );
  assert.deepEqual([edges.length, edges[0]!.parts.length, edges[0]!.p95Nano], [1, 200, undefined]);
});
