import assert from "node:assert/strict";
import { test } from "node:test";
import { groupGraph, groupId } from "./graph-groups.ts";

const service = (name: string) => ({ name, kind: "service" as const });
const call = (client: string, server: string, calls = 1) => {
  return { client, server, connection: "call", calls };
};
const names = [
  "eu.cart",
  "eu.mail.in",
  "eu.mail.out",
  "us.cart",
  "us.pay",
  "front",
  "db/a",
  "db/b",
];
const graph = {
  nodes: names.map(service),
  edges: [
    call("front", "eu.cart", 5),
    call("front", "us.cart", 3),
    call("eu.cart", "eu.mail.in"),
    call("eu.mail.in", "eu.mail.out"),
    call("us.cart", "us.pay", 2),
    call("us.pay", "db/a"),
  ],
};
const shown = (most: number, ...open: string[]): string[] =>
  groupGraph(graph, most, new Set(open)).nodes.map(({ name, size }) =>
    size === 1 ? name : `${name} ${size}`,
  );

test("groupGraph: as few groups as are enough, by what names begin with", () => {
  assert.deepEqual(shown(8), names);
  assert.deepEqual(shown(7), [
    "eu.cart",
    "eu.mail.* 2",
    "us.cart",
    "us.pay",
    "front",
    "db/a",
    "db/b",
  ]);
  assert.deepEqual(shown(4), ["eu.* 3", "us.* 2", "front", "db/* 2"]);
});

test("groupGraph: an open group shows what is in it", () => {
  assert.deepEqual(shown(4, groupId("service", "us.")), [
    "eu.* 3",
    "us.cart",
    "us.pay",
    "front",
    "db/* 2",
  ]);
});

test("groupGraph: edges between groups are one, within a group none", () => {
  const { edges } = groupGraph(graph, 4, new Set());
  const eu = groupId("service", "eu.");
  assert.deepEqual(
    edges.map(({ client, server, parts }) => [client, server, parts.length]),
    [
      ["front", eu, 1],
      ["front", groupId("service", "us."), 1],
      [groupId("service", "us."), groupId("service", "db/"), 1],
    ],
  );
});

test("groupGraph: where names have nothing in common, the busiest are left", () => {
  const apart = { nodes: ["a", "b", "c"].map(service), edges: [call("a", "c", 9), call("b", "c")] };
  const { nodes, edges, hidden } = groupGraph(apart, 2, new Set());
  assert.deepEqual([nodes.map(({ name }) => name), edges.length, hidden], [["a", "c"], 1, 1]);
});
