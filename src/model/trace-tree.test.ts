import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { SpanKind } from "./trace.ts";
import { type TreeSpan, treeSpan } from "../../test/support/tree-span.ts";
import { treeRows } from "./trace-tree.ts";

/** The tree as text: a dot per depth, `!` after an orphan, kind for shared ids. */
function draw(briefs: readonly TreeSpan[]): string[] {
  return treeRows(briefs.map(treeSpan)).map(({ span, depth, orphan }) => {
    const kind = span.kind === "internal" ? "" : ` ${span.kind}`;
    return ".".repeat(depth) + span.spanId + kind + (orphan ? "!" : "");
  });
}

const cases: [name: string, spans: TreeSpan[], want: string[]][] = [
  ["nothing", [], []],
  ["one span", [{ id: "a" }], ["a"]],
  [
    "siblings by start, in whatever order they come",
    [
      { id: "c", of: "a", start: 5 },
      { id: "b", of: "a", start: 2 },
      { id: "d", of: "b", start: 3 },
      { id: "a", start: 1 },
    ],
    ["a", ".b", "..d", ".c"],
  ],
  [
    "roots by start",
    [
      { id: "b", start: 2 },
      { id: "a", start: 1 },
    ],
    ["a", "b"],
  ],
  [
    "a child that starts before its parent",
    [
      { id: "b", of: "a" },
      { id: "a", start: 9 },
    ],
    ["a", ".b"],
  ],
  [
    "a missing parent",
    [{ id: "a" }, { id: "b", of: "x" }, { id: "c", of: "b" }],
    ["a", "b!", ".c"],
  ],
  [
    "its own parent",
    [
      { id: "a", of: "a" },
      { id: "b", of: "a" },
    ],
    ["a!", ".b"],
  ],
  [
    "a cycle is cut above its earliest span",
    [
      { id: "tail", of: "c", start: 0 },
      { id: "b", of: "a", start: 2 },
      { id: "a", of: "c", start: 1 },
      { id: "c", of: "b", start: 3 },
    ],
    ["a!", ".b", "..c", "...tail"],
  ],
  [
    "two cycles of two",
    [
      { id: "a", of: "b" },
      { id: "b", of: "a", start: 1 },
      { id: "c", of: "d", start: 2 },
      { id: "d", of: "c", start: 3 },
    ],
    ["a!", ".b", "c!", ".d"],
  ],
  [
    "Zipkin's shared id: the server goes under the client, its work under the server",
    [
      { id: "root", kind: "server", resource: 0 },
      { id: "s", of: "root", start: 1, kind: "client", resource: 0 },
      { id: "s", of: "root", start: 2, kind: "server", resource: 1 },
      { id: "work", of: "s", start: 3, resource: 1 },
      { id: "far", of: "s", start: 4, resource: 2 },
      { id: "dns", of: "s", start: 5, resource: 0 },
    ],
    ["root server", ".s client", "..s server", "...work", "...far", "..dns"],
  ],
  [
    "a shared id at the root",
    [
      { id: "s", kind: "server", resource: 1 },
      { id: "s", start: 1, kind: "client" },
    ],
    ["s client", ".s server"],
  ],
  [
    "the same span twice",
    [{ id: "a" }, { id: "a", start: 1 }, { id: "b", of: "a", start: 2 }],
    ["a", ".b", "a"],
  ],
];
for (const [name, spans, want] of cases) {
  test(`treeRows: ${name}`, () => assert.deepEqual(draw(spans), want));
}

test("treeRows: parent rows and subtree sizes", () => {
  const rows = treeRows(
    [{ id: "a" }, { id: "b", of: "a" }, { id: "c", of: "b" }, { id: "d", of: "a", start: 1 }].map(
      treeSpan,
    ),
  );
  assert.deepEqual(
    rows.map(({ parent, subtreeSize }) => [parent, subtreeSize]),
    [
      [-1, 4],
      [0, 2],
      [1, 1],
      [0, 1],
    ],
  );
});

test("treeRows: any spans make a forest in preorder with every span once", () => {
  const id = fc.constantFrom("a", "b", "c", "d", "e");
  const brief = fc.record(
    {
      id,
      of: id,
      start: fc.nat(5),
      kind: fc.constantFrom<SpanKind>("internal", "client", "server", "consumer"),
      resource: fc.nat(2),
    },
    { requiredKeys: ["id"] },
  );
  fc.assert(
    fc.property(fc.array(brief, { maxLength: 12 }), (briefs) => {
      const spans = briefs.map(treeSpan);
      const rows = treeRows(spans);
      assert.equal(new Set(rows.map((row) => row.span)).size, spans.length);
      rows.forEach((row, i) => {
        const parent = rows[row.parent];
        assert.equal(row.depth, parent === undefined ? 0 : parent.depth + 1);
        if (parent !== undefined) assert.ok(i < row.parent + parent.subtreeSize);
        const after = rows[i + row.subtreeSize];
        assert.ok(after === undefined || after.depth <= row.depth);
      });
    }),
  );
});
