import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualScroll } from "./virtual-scroll.ts";

test("VirtualScroll: what fits an element is scrolled as it is", () => {
  const scroll = new VirtualScroll(24_000, 480);
  assert.deepEqual([scroll.extentPx, scroll.barOf(1000), scroll.clamp(-5)], [24_000, 1000, 0]);
  assert.equal(scroll.clamp(1e9), 24_000 - 480);
});

test("VirtualScroll: of a million rows, the bar's end is the last row", () => {
  const scroll = new VirtualScroll(24_000_000, 480);
  assert.equal(scroll.extentPx, 12_000_000);
  const end = scroll.clamp(Infinity);
  assert.equal(end, 24_000_000 - 480);
  assert.equal(Math.round(scroll.barOf(end)), 12_000_000 - 480);
});

test("VirtualScroll: what is lower than the frame does not scroll", () => {
  assert.equal(new VirtualScroll(100, 480).clamp(50), 0);
});
