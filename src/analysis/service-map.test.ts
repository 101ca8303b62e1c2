import assert from "node:assert/strict";
import { test } from "node:test";
import { briefTable } from "../../test/support/brief-table.ts";
import type { BriefSpan } from "../../test/support/brief-trace.ts";
import { serviceMap } from "./service-map.ts";

function draw(spans: readonly BriefSpan[]): { nodes: string[]; edges: string[] } {
  const table = briefTable(spans);
  const { nodes, edges } = serviceMap(table);
  const name = (service: number): string => table.texts[service]!;
  return {
    nodes: nodes.map((node) => `${name(node.service)} ${node.column}.${node.place} ×${node.spans}`),
    edges: edges.map((edge) => {
      return `${name(edge.from)}→${name(edge.to)} ×${edge.calls} ${edge.averageNano} ns`;
    }),
  };
}

test("serviceMap: callers on the left, calls counted", () => {
  const drawn = draw([
    { id: "a", service: "edge" },
    { id: "b", of: "a", service: "cart", duration: 10 },
    { id: "c", of: "a", service: "cart", duration: 20, status: "error" },
    { id: "d", of: "c", service: "db" },
    { id: "e", of: "c", service: "cart" },
    { id: "f", of: "a", service: "db" },
  ]);
  assert.deepEqual(drawn, {
    nodes: ["edge 0.0 ×1", "cart 1.0 ×3", "db 2.0 ×2"],
    edges: ["edge→cart ×2 15 ns", "cart→db ×1 1 ns", "edge→db ×1 1 ns"],
  });
});

test("serviceMap: calls in circles end", () => {
  const drawn = draw([
    { id: "a", service: "x" },
    { id: "b", of: "a", service: "y" },
    { id: "c", of: "b", service: "x" },
  ]);
  assert.deepEqual(drawn.edges, ["x→y ×1 1 ns", "y→x ×1 1 ns"]);
  assert.deepEqual(drawn.nodes, ["x 0.0 ×2", "y 1.0 ×1"]);
});
