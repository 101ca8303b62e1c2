import assert from "node:assert/strict";
import { test } from "node:test";
import { assignColours, SERVICE_COLOURS } from "./colours.ts";

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `service-${i}`);

test("assignColours: differ within a trace, whatever the order and repetition", () => {
  const colours = assignColours(names(SERVICE_COLOURS));
  assert.equal(new Set(colours.values()).size, SERVICE_COLOURS);
  assert.deepEqual(assignColours([...names(20), ...names(20)].toReversed()), colours);
});

test("assignColours: a service keeps its colour when others that do not collide join", () => {
  const alone = assignColours(["gateway"]).get("gateway");
  const joined = ["auth", "cart", "payment"].map((other) =>
    assignColours(["gateway", other]).get("gateway"),
  );
  assert.deepEqual(joined, [alone, alone, alone]);
});

test("assignColours: 300 services use every colour equally", () => {
  const uses = new Map<number, number>();
  for (const colour of assignColours(names(300)).values()) {
    uses.set(colour, (uses.get(colour) ?? 0) + 1);
  }
  assert.deepEqual([...uses.values()], Array(SERVICE_COLOURS).fill(15));
});
