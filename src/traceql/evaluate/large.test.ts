/** Large traces and large queries: an answer or a refusal, soon. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { briefTrace } from "../../../test/support/brief-trace.ts";
import { foundNames } from "../../../test/support/found-spans.ts";
import { readQuery } from "../check.ts";
import { compileSearch } from "./search.ts";
import { traceViewOf } from "./view-of-trace.ts";

/** 200,000 spans; a quadratic step would not end before the runner gives up. */
for (const [name, parentOf] of [
  ["chain", (i: number) => i - 1],
  ["star", (i: number) => Math.min(i - 1, 0)],
  ["cycle", (i: number) => (i === 0 ? 199_999 : i - 1)],
  ["binary tree", (i: number) => Math.floor((i - 1) / 2)],
] as const) {
  test(`a ${name} of 200,000 spans is related at once`, () => {
    const length = 200_000;
    const ids = new BigUint64Array(length);
    const parents = new BigUint64Array(length);
    for (let i = 0; i < length; i++) {
      ids[i] = BigInt(i + 1);
      parents[i] = BigInt(parentOf(i) + 1);
    }
    const small = traceViewOf(briefTrace([{ id: "a" }]));
    const view = {
      ...small,
      length,
      spanId: new Uint8Array(ids.buffer),
      parentSpanId: new Uint8Array(parents.buffer),
      kind: new Uint8Array(length),
      status: Uint8Array.from({ length }, (_, i) => i % 3),
      startUnixNano: new BigUint64Array(length),
      durationNano: new BigInt64Array(length),
    };
    const count = (query: string): number =>
      compileSearch(readQuery(query).query!).evaluate(view)[0]?.rows.length ?? 0;
    for (const sign of [">", ">>", "<", "<<", "~"]) {
      const [plain, negated, union] = ["", "!", "&"].map((form) =>
        count(`{ status = error } ${form}${sign} { status != error }`),
      );
      assert.equal(plain! + negated!, 133_334, sign);
      assert.ok(union! >= plain!, sign);
      if (name === "cycle") assert.equal(union, 0, sign);
    }
  });
}

const ALTERNATIVES = 8_000;

/** About as many alternatives as a query may have; where it can be helped none is tried by itself. */
const alternatives = (make: (i: number) => string, op: string): string =>
  Array.from({ length: ALTERNATIVES }, (_, i) => make(i)).join(op);

test("thousands of alternatives", () => {
  const spans = [
    { id: "a", attributes: { v: 7_999n } },
    { id: "b", attributes: { v: -1n } },
  ];
  const filters: [query: string, want: string][] = [
    [`{ ${alternatives((i) => `.v=${i}`, "||")} }`, "a"],
    [`{ ${alternatives((i) => `.v!=${i}`, "&&")} }`, "b"],
    [alternatives((i) => `{.v=${i}}`, "||"), "a"],
    [`{ .v != nil && (${alternatives((i) => `.v=${i}`, "||")}) }`, "a"],
    [alternatives((i) => `{.v>${i}}`, "||"), "a"],
    [`{ ${alternatives((i) => `event.x!=${i}`, "&&")} }`, ""],
  ];
  for (const [query, want] of filters) assert.equal(foundNames(query, spans), want);
});

test("what would take too long on one trace is refused", () => {
  const length = 200_000;
  const view = { ...traceViewOf(briefTrace([{ id: "a" }])), length };
  const wide = {
    ...view,
    spanId: new Uint8Array(BigUint64Array.from({ length }, (_, i) => BigInt(i + 1)).buffer),
    parentSpanId: new Uint8Array(8 * length),
    kind: new Uint8Array(length),
    status: new Uint8Array(length),
    startUnixNano: new BigUint64Array(length),
    durationNano: new BigInt64Array(length),
    events: () => ({
      ends: Uint32Array.from({ length }, (_, row) => 1000 * (row + 1)),
      timeUnixNano: new BigUint64Array(1),
      names: () => [],
      attribute: () => [],
    }),
  };
  const queries = [
    `{ ${alternatives((i) => `duration>${i}`, "||")} }`,
    alternatives((i) => `{.v>${i}}`, "||"),
    Array.from({ length: 1000 }, () => "({}~{})").join("&&"),
    `{ event.x = 1 }`,
  ];
  for (const query of queries) {
    assert.throws(() => compileSearch(readQuery(query).query!).evaluate(wide), {
      code: "tooLarge",
      message: /^the query takes more than 100000000 steps on trace 0+abc123 of 200000 spans$/,
    });
  }
});
