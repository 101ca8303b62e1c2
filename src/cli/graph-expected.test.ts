import assert from "node:assert/strict";
import { test } from "node:test";
import { graphDifference } from "../analysis/graph-difference.ts";
import { expectedEdges } from "./graph-expected.ts";

const ends = (text: string): string =>
  expectedEdges(text, false)
    .map(({ client, server }) => `${client}>${server}`)
    .join(" ");

const cases: [text: string, want: string][] = [
  ["digraph { a -> b }", "a>b"],
  ["strict digraph shop { a -> b -> c; }", "a>b b>c"],
  ['digraph "my shop" { "a b" -> "c/d" [label="x -> y", color=red]; }', "a b>c/d"],
  ["digraph { node [shape=box]; rankdir=LR; edge [color=red] a; a -> b }", "a>b"],
  ["digraph { a -> { b c } }", "a>b a>c"],
  ["digraph { subgraph cluster_0 { label=x; a -> b } b -> c }", "a>b b>c"],
  ["digraph { a:out:e -> b:in }", "a>b"],
  ["digraph { // none -> of\n/* these -> are\n*/\n# edges -> \n a -> a; a -> b }", "a>b"],
  ["graph { a -- b }", "a>b"],
  ["digraph { größe -> 1.5 -> _x9 }", "größe>1.5 1.5>_x9"],
  ['digraph { "a \\"b\\" \\\\" -> c }', 'a "b" \\>c'],
  ["digraph {}", ""],
  [
    '{"nodes": [], "edges": [{"client": "a", "server": "b", "connection": "messaging", "via": "q"},' +
      ' {"client": "a", "server": "q", "connection": "send"}]}',
    "a>q",
  ],
];
for (const [text, want] of cases) {
  test(`expectedEdges: ${text}`, () => assert.equal(ends(text), want));
}

const mistakes: [text: string, message: RegExp][] = [
  ["", /it ends too early/],
  ["digraph { a -> }", /"}" is out of place/],
  ["digraph { a -> b", /it ends too early/],
  ["digraph { a [label=x }", /it ends too early/],
  ["digraph { a } b", /"b" is out of place/],
  ["digraph {\n a -> <b> }", /line 2 is not DOT: <b> }/],
  ['digraph { "a -> b }', /line 1 is not DOT: "a -> b }/],
  ['{"edges": 1}', /no graph/],
];
for (const [text, message] of mistakes) {
  test(`expectedEdges: mistake ${text}`, () => {
    assert.throws(() => ends(text), message);
  });
}

test("graphDifference: each edge once, sorted", () => {
  const edge = (client: string, server: string) => ({ client, server });
  assert.deepEqual(
    graphDifference(
      [edge("a", "b"), edge("x", "y"), edge("b", "c"), edge("x", "y")],
      [edge("a", "b"), edge("c", "d"), edge("b", "a")],
    ),
    {
      unexpected: [edge("b", "c"), edge("x", "y")],
      missing: [edge("b", "a"), edge("c", "d")],
    },
  );
});
