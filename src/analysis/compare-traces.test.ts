import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { briefTable } from "../../test/support/brief-table.ts";
import type { BriefSpan } from "../../test/support/brief-trace.ts";
import { printedSeed } from "../../test/support/oracle.ts";
import { anySpans } from "../../test/support/random-traces.ts";
import { compareTraces, differenceOf, type ComparedTraces } from "./compare-traces.ts";

function lines(compared: ComparedTraces): string[] {
  const { here, there, depth, texts, name } = compared;
  return Array.from({ length: compared.length }, (_, node) =>
    [
      `${"  ".repeat(depth[node]!)}${texts[name[node]!]}`,
      `${here.spans[node]}/${there.spans[node]}`,
      `${here.totalNano[node]! - there.totalNano[node]!}`,
      differenceOf(compared, node),
    ].join(" "),
  );
}

test("compareTraces: equal paths are one node, in the order of time", () => {
  const here: BriefSpan[] = [
    { id: "a", start: 0, duration: 100 },
    { id: "b1", of: "a", name: "b", start: 10, duration: 20 },
    { id: "b2", of: "a", name: "b", start: 40, duration: 20 },
    { id: "c", of: "a", start: 70, duration: 5 },
    { id: "x", of: "c", start: 71, duration: 1 },
  ];
  const there: BriefSpan[] = [
    { id: "a", start: 0, duration: 90 },
    { id: "b1", of: "a", name: "b", start: 10, duration: 60 },
    { id: "c", of: "a", start: 60, duration: 5 },
    { id: "d", of: "c", start: 60, duration: 4, service: "db" },
  ];
  assert.deepEqual(lines(compareTraces(briefTable(here), briefTable(there))), [
    "a 1/1 10 slower",
    "  b 2/1 -20 faster",
    "  c 1/1 0 same",
    "    d 0/1 -4 onlyThere",
    "    x 1/0 1 onlyHere",
  ]);
});

test("compareTraces: a trace does not differ from itself, and is counted whole", () => {
  const property = fc.property(anySpans(12), (spans) => {
    const table = briefTable(spans);
    const compared = compareTraces(table, table);
    for (let node = 0; node < compared.length; node++) {
      assert.equal(differenceOf(compared, node), "same");
    }
    assert.deepEqual(compared.here, compared.there);
    assert.equal(
      compared.here.spans.reduce((sum, count) => sum + count, 0),
      table.length,
    );
  });
  fc.assert(property, { seed: printedSeed("traces compared with themselves") });
});

test("compareTraces: the other way round it is the same, mirrored", () => {
  const mirrored = {
    onlyHere: "onlyThere",
    onlyThere: "onlyHere",
    slower: "faster",
    faster: "slower",
    same: "same",
  };
  const nodes = (compared: ComparedTraces, mirror: boolean): string[] =>
    Array.from({ length: compared.length }, (_, node) => {
      const difference = differenceOf(compared, node);
      const { texts, service, name, depth, here, there } = compared;
      const [one, other] = mirror ? [there, here] : [here, there];
      const sums = [one, other].map((side) => `${side.spans[node]} ${side.totalNano[node]}`);
      const path = `${depth[node]} ${texts[service[node]!]} ${texts[name[node]!]}`;
      return `${path} ${sums.join(" ")} ${mirror ? mirrored[difference] : difference}`;
    }).sort();
  const property = fc.property(anySpans(8), anySpans(8), (a, b) => {
    const [here, there] = [briefTable(a), briefTable(b)];
    assert.deepEqual(
      nodes(compareTraces(here, there), false),
      nodes(compareTraces(there, here), true),
    );
  });
  fc.assert(property, { seed: printedSeed("traces compared both ways") });
});
