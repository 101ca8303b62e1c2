import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { printedSeed } from "../../test/support/oracle.ts";
import type { Ends } from "./graph-difference.ts";
import { layoutGraph, type Place } from "./graph-layout.ts";

/** "a>b b>c" as edges. */
const edgesOf = (text: string): Ends[] =>
  text.split(" ").map((edge) => {
    const [client = "", server = ""] = edge.split(">");
    return { client, server };
  });
const namesOf = (edges: readonly Ends[]): string[] => [
  ...new Set(edges.flatMap(({ client, server }) => [client, server])),
];

const columns: [edges: string, want: Record<string, number>][] = [
  ["a>b b>c", { a: 0, b: 1, c: 2 }],
  ["a>b b>c a>c", { a: 0, b: 1, c: 2 }],
  // Who is called by nobody stands beside whom it calls.
  ["a>b b>c z>c", { a: 0, b: 1, c: 2, z: 1 }],
  // A circle that is entered somewhere.
  ["a>b b>c c>b c>d", { a: 0, b: 1, c: 2, d: 3 }],
  ["a>b b>a", { a: 0, b: 1 }],
  ["a>a a>b", { a: 0, b: 1 }],
];
for (const [text, want] of columns) {
  test(`layoutGraph: columns of ${text}`, () => {
    const edges = edgesOf(text);
    const places = layoutGraph(namesOf(edges), edges);
    const got = [...places].map(([name, { column }]) => [name, column]);
    assert.deepEqual(Object.fromEntries(got), want);
  });
}

test("layoutGraph: edges that need not cross do not, and a chain is straight", () => {
  const crossing = edgesOf("a>z b>y c>x");
  const places = layoutGraph(namesOf(crossing), crossing);
  for (const { client, server } of crossing) {
    assert.equal(places.get(client)!.row, places.get(server)!.row);
  }
  const star = edgesOf("a>b a>c a>d");
  const rows = ["b", "c", "d"].map((name) => layoutGraph(namesOf(star), star).get(name)!.row);
  assert.deepEqual([rows, layoutGraph(namesOf(star), star).get("a")!.row], [[0, 1, 2], 1]);
});

const someGraph = fc
  .array(fc.record({ client: fc.nat(25), server: fc.nat(25) }), { minLength: 1, maxLength: 60 })
  .map((list) =>
    list.map(({ client, server }) => ({ client: `n${client}`, server: `n${server}` })),
  );

function checkApart(places: ReadonlyMap<string, Place>): void {
  const list = [...places];
  for (const [i, [a, one]] of list.entries()) {
    assert.ok(one.row >= 0 && one.column >= 0, a);
    for (const [b, two] of list.slice(i + 1)) {
      const isApart = one.column !== two.column || Math.abs(one.row - two.row) >= 1;
      assert.ok(isApart, `${a} and ${b} at ${JSON.stringify([one, two])}`);
    }
  }
}

test("layoutGraph: everybody has a place of their own, whatever the order of nodes and edges", () => {
  fc.assert(
    fc.property(someGraph, (edges) => {
      const names = namesOf(edges);
      const places = layoutGraph(names, edges);
      assert.deepEqual([...places.keys()].sort(), names.toSorted());
      checkApart(places);
      assert.deepEqual(layoutGraph(names.toReversed(), edges.toReversed()), places);
    }),
    { seed: printedSeed("graph layout"), numRuns: 300 },
  );
});

test("layoutGraph: who had a place keeps it, also when others come and go", () => {
  fc.assert(
    fc.property(someGraph, fc.array(fc.nat(30), { maxLength: 4 }), (edges, more) => {
      const before = layoutGraph(namesOf(edges), edges);
      const next = [...edges.slice(1), ...more.map((i) => ({ client: "n1", server: `m${i}` }))];
      if (next.length === 0) return;
      const names = namesOf(next);
      const places = layoutGraph(names, next, before);
      checkApart(places);
      const kept = names.filter((name) => before.has(name));
      if (kept.length < 0.7 * names.length) return;
      for (const name of kept) assert.deepEqual(places.get(name), before.get(name));
    }),
    { seed: printedSeed("graph layout again"), numRuns: 300 },
  );
});

test("layoutGraph: a thousand nodes", () => {
  const edges = Array.from({ length: 5000 }, (_, i) => ({
    client: `n${(i * 7) % 1000}`,
    server: `n${(i * i * 13 + 5) % 1000}`,
  }));
  assert.equal(layoutGraph(namesOf(edges), edges).size, namesOf(edges).length);
});
