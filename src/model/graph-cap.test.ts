import assert from "node:assert/strict";
import { test } from "node:test";
import { Names } from "../base/names.ts";
import { type Connection, type EdgeSum, EdgeSums } from "./edge-sums.ts";
import { capInferred } from "./graph-cap.ts";

const names = new Names();

function edgesOf(
  ...calls: readonly (readonly [client: string, how: Connection, server: string, weight: number])[]
): EdgeSum[] {
  const sums = new EdgeSums();
  for (const [client, connection, server, weight] of calls) {
    sums.add(0, 60, {
      client: names.number(client),
      server: names.number(server),
      connection,
      via: 0,
      isFailed: false,
      weight,
      clientNano: 1000,
      serverNano: undefined,
    });
  }
  return sums.sums();
}

function shown(edges: readonly EdgeSum[]): string[] {
  return edges.map((edge) => {
    const { client, connection, server, calls } = edge;
    return `${names.text(client)} ${connection} ${names.text(server)} ${calls}`;
  });
}

test("those of most calls keep their names, the others count together", () => {
  const edges = edgesOf(
    ["shop", "peer", "10.0.0.1", 5],
    ["shop", "peer", "10.0.0.2", 1],
    ["shop", "peer", "10.0.0.3", 7],
    ["shop", "peer", "10.0.0.4", 1],
    ["shop", "database", "redis", 1],
    ["cart", "peer", "10.0.0.2", 1],
    ["user", "caller", "shop", 9],
    ["10.1.0.1", "caller", "shop", 1],
    ["10.1.0.2", "caller", "shop", 8],
    ["shop", "call", "cart", 1],
  );
  assert.deepEqual(shown(capInferred(edges, names, 2)), [
    "shop peer 10.0.0.1 5",
    "shop peer other peers 1",
    "shop peer 10.0.0.3 7",
    "shop peer other peers 1",
    "shop database redis 1",
    "cart peer 10.0.0.2 1",
    "user caller shop 9",
    "other callers caller shop 1",
    "10.1.0.2 caller shop 8",
    "shop call cart 1",
  ]);
});

test("few are left as they are", () => {
  const edges = edgesOf(["shop", "peer", "10.0.0.1", 5]);
  assert.equal(capInferred(edges, names), edges);
});
