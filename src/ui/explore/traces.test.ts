import assert from "node:assert/strict";
import { test } from "node:test";
import type { RedSeriesAnswer } from "../../api/contract.ts";
import type { TraceSummary } from "../../model/trace.ts";
import { sortFigures } from "./figure-sorting.ts";
import { groupKey, groupSorting, queryOfGroup } from "./groups.ts";
import { fullBarNano, shapeOf, sortTraces } from "./traces.ts";

const trace = (traceId: string, more: Partial<TraceSummary>): TraceSummary => ({
  traceId,
  rootService: "",
  rootName: "",
  startUnixNano: "0",
  durationNano: 0,
  spanCount: 1,
  errorCount: 0,
  services: [],
  ...more,
});

test("sortTraces: by each column, both ways; newest first by a column it has not", () => {
  const a = trace("a", { startUnixNano: "10", durationNano: 3, rootName: "y" });
  const b = trace("b", { startUnixNano: "9", durationNano: 5, rootName: "x" });
  const order = (key: "start" | "duration" | "name" | "p95", descending: boolean): string =>
    sortTraces([{ summary: b }, { summary: a }], { key, descending })
      .map(({ summary }) => summary.traceId)
      .join("");
  assert.equal(order("start", true), "ab");
  assert.equal(order("start", false), "ba");
  assert.equal(order("duration", true), "ba");
  assert.equal(order("name", false), "ba");
  assert.equal(order("p95", false), "ab");
});

test("shapeOf: first to start on top, all within the box, however odd the times are", () => {
  const service = (name: string, startNano: number, durationNano: number) => {
    return { name, spanCount: 1, errorCount: 0, startNano, durationNano };
  };
  const services = [service("b", 50, 50), service("a", 0, 100), service("late", 1e15, 5)];
  const lines = shapeOf(trace("t", { durationNano: 100, services }));
  assert.deepEqual(
    lines.map(({ service, left, width }) => [service, left, width]),
    [
      ["a", 0, 100],
      ["b", 50, 50],
      ["late", 99, 1],
    ],
  );
  const many = Array.from({ length: 40 }, (_, i) => service(`s${i}`, -5, i));
  const all = shapeOf(trace("t", { durationNano: 0, services: many }));
  assert.equal(all.length, 6);
  for (const { left, width, top, height } of all) {
    assert.ok(left >= 0 && left + width <= 100 && top >= 0 && top + height <= 18);
  }
  const bare = [{ name: "x", spanCount: 1, errorCount: 0 }];
  assert.deepEqual(shapeOf(trace("t", { services: bare })), []);
});

test("fullBarNano: one endless trace does not flatten all the others", () => {
  assert.equal(fullBarNano([]), 0);
  assert.equal(fullBarNano([5, 9, 7]), 9);
  assert.equal(fullBarNano([...Array.from({ length: 20 }, () => 10), 1e9]), 30);
});

test("groups: the query of one, and their order", () => {
  const group = (name: string, calls: number, errors: number): RedSeriesAnswer => ({
    service: "shop",
    name,
    kind: "server",
    total: { calls, errors, averageNano: 1, p50Nano: 1, p95Nano: 1, p99Nano: null },
    calls: [],
    errors: [],
    p50Nano: [],
    p95Nano: [],
    p99Nano: [],
  });
  assert.equal(
    queryOfGroup('{ resource.service.name = "x" && .a = 1 }', group("GET", 1, 0)),
    '{ .a = 1 && resource.service.name = "shop" && name = "GET" && kind = server }',
  );
  const names = (key: "errors" | "start"): string[] =>
    sortFigures(
      [group("a", 10, 5), group("b", 100, 10)],
      groupSorting({ key, descending: true }),
      groupKey,
    ).map(({ name = "" }) => name);
  assert.deepEqual(names("errors"), ["a", "b"]);
  assert.deepEqual(names("start"), ["b", "a"]);
});
