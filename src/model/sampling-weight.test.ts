import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { printedSeed } from "../../test/support/oracle.ts";
import { samplingWeight } from "./sampling-weight.ts";

function weightOf(traceState: string): number {
  const bytes = Buffer.from(`<${traceState}>`); // neighbours that are not part of it
  return samplingWeight(bytes, 1, bytes.length - 1);
}

const cases: [traceState: string, weight: number][] = [
  ["", 1],
  ["ot=th:0", 1],
  ["ot=th:8", 2],
  ["ot=th:c", 4],
  ["ot=th:c0", 4],
  ["ot=th:fd70a3d70a3d7", 2 ** 56 / (2 ** 56 - 0xfd70a3d70a3d70)],
  ["ot=th:ffffffffffffff", 2 ** 56],
  ["ot=rv:9b8233f7e3a151;th:8", 2],
  ["ot=th:8;rv:9b8233f7e3a151", 2],
  ["congo=t61rcWkgMzE,ot=th:c,rojo=00f067aa0ba902b7", 4],
  ["congo=th:8 , \tot=th:c ,x=1", 4],
  ["ot=", 1],
  ["ot=th:", 1],
  ["ot=th:8,ot=th:c", 2], // invalid by W3C; the first counts
  ["ot=th:123456789abcdef", 1], // 15 digits
  ["ot=th:C", 1],
  ["ot=th:8x", 1],
  ["ot=xth:8", 1],
  ["not=th:8", 1],
  ["ot=p:8;r:62", 1], // as it was before OTEP 235
];
for (const [traceState, weight] of cases) {
  test(`samplingWeight: ${traceState}`, () => assert.equal(weightOf(traceState), weight));
}

test("samplingWeight is that of exact arithmetic", () => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.constantFrom(...Array.from("0123456789abcdef")),
        minLength: 1,
        maxLength: 14,
      }),
      (digits) => {
        const threshold = BigInt(`0x${digits.padEnd(14, "0")}`);
        const exact = Number((2n ** 56n * 2n ** 60n) / (2n ** 56n - threshold)) / 2 ** 60;
        const weight = weightOf(`a=b,ot=rv:00000000000000;th:${digits}`);
        assert.ok(Math.abs(weight / exact - 1) < 1e-12, `${digits}: ${weight}, exact ${exact}`);
      },
    ),
    { seed: printedSeed("weights"), numRuns: 1000 },
  );
});

test("samplingWeight is at least 1 whatever stands there", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...Array.from("ot=h:;, rv8cf0")), maxLength: 30 }),
      (text) => {
        const weight = weightOf(text);
        assert.ok(weight >= 1 && weight <= 2 ** 56, `${text}: ${weight}`);
      },
    ),
    { seed: printedSeed("any tracestate"), numRuns: 3000 },
  );
});
