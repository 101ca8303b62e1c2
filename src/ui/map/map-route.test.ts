import assert from "node:assert/strict";
import { test } from "node:test";
import { groupId } from "../../analysis/graph-groups.ts";
import { mapHref, type MapQuery, otherTime, readMapQuery } from "./map-route.ts";

const read = (href: string): MapQuery =>
  readMapQuery(new URL(href, "http://clew.test").searchParams);

test("mapHref: reads back as what it was made from", () => {
  const query: MapQuery = {
    time: { kind: "between", fromSeconds: 100, toSeconds: 200 },
    utc: true,
    node: "a & b/c",
    hops: 3,
    view: "table",
    against: "week",
    open: [groupId("service", "eu."), groupId("database", "pg/")],
    sorting: { key: "change", descending: true },
  };
  assert.deepEqual(read(mapHref(query)), query);
  assert.equal(mapHref(read("/map?hops=x&view=x&against=x&sort=x")), "/map");
  assert.equal(read("/map?hops=9").hops, 3);
});

test("otherTime: just before, or the same time of another day", () => {
  const hour = { kind: "between", fromSeconds: 1_000_000, toSeconds: 1_003_600 } as const;
  assert.deepEqual(otherTime(hour, "before", 0), {
    kind: "between",
    fromSeconds: 996_400,
    toSeconds: 1_000_000,
  });
  assert.deepEqual(otherTime({ kind: "since", seconds: 60 }, "day", 1_000_000), {
    kind: "between",
    fromSeconds: 1_000_000 - 60 - 86_400,
    toSeconds: 1_000_000 - 86_400,
  });
});
