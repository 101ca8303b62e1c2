import assert from "node:assert/strict";
import { test } from "node:test";
import { amongPeers } from "./peers.ts";

const cells = { steps: [0, 0, 1], upperNano: [100, 1000, 10_000], calls: [90, 9, 1] };

test("amongPeers: the share that took no longer", () => {
  assert.deepEqual(amongPeers({ cells }, 990), { calls: 100, share: 0.99 });
  assert.deepEqual(amongPeers({ cells }, 1), { calls: 100, share: 0 });
  assert.deepEqual(amongPeers({ cells }, 1e9), { calls: 100, share: 1 });
});

test("amongPeers: no calls, no place", () => {
  assert.equal(amongPeers({ cells: { steps: [], upperNano: [], calls: [] } }, 1), undefined);
});
