import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { clampWindow, panWindow, sameWindow, windowAround, zoomWindow } from "./time-window.ts";

const bounds = { from: 0, to: 1000 };

test("zoomWindow: the moment under the pointer stays", () => {
  assert.deepEqual(zoomWindow({ from: 0, to: 1000 }, 0.5, 250, bounds), { from: 125, to: 625 });
  assert.deepEqual(zoomWindow({ from: 125, to: 625 }, 2, 250, bounds), { from: 0, to: 1000 });
});

test("zoomWindow: ends at ten nanoseconds and at the whole", () => {
  assert.deepEqual(zoomWindow({ from: 100, to: 120 }, 0.01, 110, bounds), { from: 105, to: 115 });
  assert.deepEqual(zoomWindow({ from: 100, to: 900 }, 50, 300, bounds), bounds);
});

test("panWindow: keeps its length at the ends", () => {
  assert.deepEqual(panWindow({ from: 100, to: 300 }, -500, bounds), { from: 0, to: 200 });
  assert.deepEqual(panWindow({ from: 100, to: 300 }, 5000, bounds), { from: 800, to: 1000 });
});

test("windowAround: a span without duration has room, too", () => {
  assert.deepEqual(windowAround(500, 500, bounds), { from: 490, to: 510 });
});

test("clampWindow: always within its bounds, and the same again", () => {
  const number = fc.double({ min: -1e4, max: 1e4, noNaN: true });
  const property = fc.property(number, number, (from, to) => {
    const window = clampWindow({ from, to }, bounds);
    assert.ok(window.from >= 0 && window.to <= 1000 && window.to - window.from >= 9.999, `${from}`);
    assert.ok(sameWindow(clampWindow(window, bounds), window));
  });
  fc.assert(property);
});
