import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { briefTable } from "../../test/support/brief-table.ts";
import type { BriefSpan } from "../../test/support/brief-trace.ts";
import { anySpans } from "../../test/support/random-traces.ts";
import { correctSkew } from "./clock-skew.ts";

const call: BriefSpan = { id: "a", service: "s", start: 100, duration: 100 };
const there = (start: number, duration: number, more: Partial<BriefSpan> = {}): BriefSpan => {
  return { id: "b", of: "a", service: "t", kind: "server", start, duration, ...more };
};

const cases: [name: string, spans: BriefSpan[], want: string][] = [
  ["a call that lies within", [call, there(120, 60)], "a 0+100 b 20+60"],
  ["early: into the middle", [call, there(40, 60)], "a 0+100 b 20+60"],
  ["late: begins after its caller ended", [call, there(400, 60)], "a 0+100 b 20+60"],
  ["longer than the call, and early", [call, there(40, 160)], "a 0+100 b 0+160"],
  ["outlives the call: as sent", [call, there(120, 300)], "a 0+100 b 20+300"],
  ["one service has one clock", [call, there(40, 60, { service: "s" })], "b 0+60 a 60+100"],
  ["a consumer runs later", [call, there(400, 60, { kind: "consumer" })], "a 0+100 b 300+60"],
  [
    "what it did moves with it",
    [call, there(40, 60), { id: "c", of: "b", service: "t", start: 50, duration: 5 }],
    "a 0+100 b 20+60 c 30+5",
  ],
];
for (const [name, spans, want] of cases) {
  test(`correctSkew: ${name}`, () => {
    const { table } = correctSkew(briefTable(spans));
    const rows = Array.from({ length: table.length }, (_, row) => ({
      text: `${table.texts[table.name[row]!]} ${table.startNano[row]}+${table.spanNano[row]}`,
      at: table.startNano[row]!,
    }));
    const sorted = rows.toSorted((a, b) => a.at - b.at).map(({ text }) => text);
    assert.equal(sorted.join(" "), want);
  });
}

test("correctSkew: says which service's clock is off, and by how much", () => {
  const { table, skews } = correctSkew(briefTable([call, there(40, 60)]));
  assert.deepEqual(
    skews.map((skew) => ({ ...skew, service: table.texts[skew.service] })),
    [{ service: "t", spans: 1, byNano: 80 }],
  );
});

test("correctSkew: keeps durations, events at their place in spans, and the earliest start at 0", () => {
  const property = fc.property(anySpans(12), (spans) => {
    const before = briefTable(spans);
    const { table: after, byNano } = correctSkew(before);
    assert.deepEqual(after.spanNano, before.spanNano);
    if (after.length === 0) return;
    assert.equal(Math.min(...after.startNano), 0);
    const shift = after.startUnixNano - before.startUnixNano;
    after.startNano.forEach((start, row) => {
      assert.equal(start + Number(shift), before.startNano[row]! + byNano[row]!);
    });
    let event = 0;
    before.eventEnds.forEach((end, row) => {
      for (; event < end; event++) {
        const place = before.eventNano[event]! - before.startNano[row]!;
        assert.equal(after.eventNano[event]! - after.startNano[row]!, place);
      }
    });
  });
  fc.assert(property, { numRuns: 300 });
});
