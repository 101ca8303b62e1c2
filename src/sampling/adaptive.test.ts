import assert from "node:assert/strict";
import { test } from "node:test";
import { nextShares } from "./adaptive.ts";

const options = { spansPerSecond: 2 };
const steps: [name: string, now: number, came: number | undefined, share: number, next: number][] =
  [
    ["as many as wanted: as it is", 0.1, 2.5, 0.1, 0.1],
    ["too many: less at once", 0.1, 20, 0.1, 0.01],
    ["too few: twice as many at most", 0.1, 0.1, 0.1, 0.2],
    ["too few, a little", 0.1, 1.25, 0.1, 0.16],
    ["came by a share that is no more: the estimate counts", 0.01, 20, 0.1, 0.01],
    ["never less than a hundred thousandth", 1e-5, 1000, 1e-5, 1e-5],
    ["never more than all", 0.8, 0.5, 0.8, 1],
    ["nothing came: more", 0.1, undefined, 0.1, 0.2],
  ];
for (const [name, now, came, share, want] of steps) {
  test(`nextShares: ${name}`, () => {
    const traffic = came === undefined ? [] : [["op", { spansPerSecond: came, share }] as const];
    const next = nextShares(new Map([["op", now]]), new Map(traffic), options);
    assert.ok(Math.abs(next.get("op")! / want - 1) < 1e-9, `${next.get("op")}`);
  });
}
