import assert from "node:assert/strict";
import { test } from "node:test";
import { goodQuery } from "../../../test/support/found-spans.ts";
import { fieldText } from "../expression-text.ts";
import { neededFields } from "./needed-fields.ts";

/** Fields, those only shown in brackets; then what else is needed. */
function needs(query: string): string {
  const needed = neededFields(goodQuery(query));
  const fields = needed.fields.map(({ field, decides }) =>
    decides ? fieldText(field) : `(${fieldText(field)})`,
  );
  const flags = (["usesTree", "isPerSpan", "usesEvents", "usesLinks", "usesAllAttributes"] as const)
    .filter((flag) => needed[flag])
    .map((flag) => `+${flag}`);
  return [...fields, ...flags].join(" ");
}

const cases: [query: string, want: string][] = [
  [`{ }`, "+isPerSpan"],
  [`{ span.a = 1 && .b + -.c > 2 || !(name =~ "x") }`, "span.a .b .c name +isPerSpan"],
  [`{ span.a = 1 } | select(span.a, span.b, status)`, "span.a (span.b) (status) +isPerSpan"],
  [`{ } | select(span.b) | { span.b in (1, 2) }`, "span.b +isPerSpan"],
  [`{ .a } || { .b != nil }`, ".a .b +isPerSpan"],
  [`{ .a } && { .b }`, ".a .b"],
  [`{ .a } unless { .b }`, ".a .b"],
  [`{ .a } >> { .b }`, ".a .b +usesTree"],
  [`({ .a } | count() > 1) && ({ .b } | avg(.c) > 2)`, ".a .b .c"],
  [`{ .a } | by(resource.x) | sum(.y) > 1 | coalesce()`, ".a resource.x .y"],
  [`{ .a } | by(resource.x)`, ".a resource.x +isPerSpan"],
  [`{ .a } | sort(duration desc) | limit(3)`, ".a duration +isPerSpan"],
  [`{ parent.a = 1 }`, "parent.a +usesTree"],
  [`{ span:childCount > 1 } | select(nestedSetLeft)`, "span:childCount (nestedSetLeft) +usesTree"],
  [`{ rootName = "x" && trace:id = "1" }`, "rootName trace:id"],
  [`{ trace:id = "1" && span:start > 5 }`, "trace:id span:start +isPerSpan"],
  [`{ event.x = 1 && link:spanID != "" }`, "event.x link:spanID +isPerSpan +usesEvents +usesLinks"],
  [`{ .a } | rate() by (resource.x, name)`, ".a resource.x name +isPerSpan"],
  [`{ .a } | max_over_time(event.x)`, ".a event.x +isPerSpan +usesEvents"],
  [`{ .a } | quantile_over_time(duration, .5) by (kind)`, ".a duration kind +isPerSpan"],
  [`({ .a } | rate()) / ({ .b } >> { .c } | rate()) * 2`, ".a .b .c +usesTree"],
  [`{ .a } | compare({ .b })`, ".a .b +isPerSpan +usesAllAttributes"],
];
for (const [query, want] of cases) {
  test(`needed fields: ${query}`, () => assert.equal(needs(query), want));
}
