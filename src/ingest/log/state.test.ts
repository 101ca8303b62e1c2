import assert from "node:assert/strict";
import { test } from "node:test";
import { type LogFacts, logState } from "./state.ts";

const hour = 3600;
const well: LogFacts = {
  unwritable: undefined,
  usedBytes: 0,
  totalBytes: 1000,
  ages: { waiting: undefined, stuck: undefined },
  maxAgeSeconds: 10 * hour,
};
const cases: [facts: Partial<LogFacts>, what: string | undefined, says?: RegExp][] = [
  [{}, undefined],
  [{ unwritable: "no space" }, "unwritable", /^no space$/],
  [{ usedBytes: 799, ages: { waiting: 7.9 * hour, stuck: 599 } }, undefined],
  [{ usedBytes: 800 }, "filling", /80 % full/],
  [{ usedBytes: 1000 }, "full", /full: 1000 of 1000 bytes/],
  [{ ages: { waiting: 8 * hour, stuck: undefined } }, "aging", /last 8 hours; .* at 10 hours/],
  [{ ages: { waiting: 10 * hour, stuck: 1 } }, "old", /none of the spans of the last 10 hours/],
  [{ ages: { waiting: 1, stuck: 50 * hour } }, "stuck", /came 2 days ago are not in ClickHouse/],
  [{ ages: { waiting: 10 * hour, stuck: 0 }, usedBytes: 1000 }, "full"],
  [{ unwritable: "read-only", usedBytes: 1000 }, "unwritable"],
];
for (const [facts, what, says] of cases) {
  test(`logState: ${JSON.stringify(facts)} is ${what}`, () => {
    const state = logState({ ...well, ...facts });
    assert.equal(state?.what, what);
    assert.equal(state?.refuses ?? false, ["unwritable", "full", "old"].includes(what ?? ""));
    if (says !== undefined) assert.match(state!.sentence, says);
  });
}
