import { attributeTypes } from "../model/attribute-columns.ts";
import type { IntrinsicName } from "../traceql/intrinsics.ts";
import type { Value } from "../traceql/ast.ts";
import type { KnownTable } from "./attribute-sql.ts";
import { type Sql, sql } from "./sql.ts";
import { typedTest, type ValueTest } from "./test-sql.ts";
import { type Condition, conjunction, disjunction, type Truth, unknown } from "./truth-sql.ts";

/** What SQL can say of a test on an intrinsic of events or links: that there is one for which it holds. */
export function itemTruth(name: IntrinsicName, test: ValueTest): Truth {
  const found = intrinsicOfItems(name, test);
  return found === undefined ? unknown : { may: found, must: found, isAboutItems: true };
}

/** The same of their attributes. Strings are in maps, everything else is encoded. */
export function itemAttributeTruth(
  scope: "event" | "link",
  { name, test, table }: { readonly name: string; test: ValueTest; readonly table: KnownTable },
): Truth {
  const key = sql`${{ type: "String", value: name }}`;
  const maps = scope === "event" ? sql`event_attributes` : sql`link_attributes`;
  const exacts = scope === "event" ? sql`event_exact` : sql`link_exact`;
  const types = table.typesOf?.(scope, name);
  const hasTexts = types?.has(attributeTypes.string) !== false;
  const hasOthers = types?.has(attributeTypes.string) !== true || types.size > 1;
  const must =
    hasTexts &&
    someItem(
      maps,
      conjunction([sql`mapContains(x, ${key})`, typedTest("string", sql`x[${key}]`, test)]),
    );
  const other = hasOthers && sql`arrayExists(x -> position(x, ${key}) > 0, ${exacts})`;
  return { may: other === false ? must : disjunction([must, other]), must, isAboutItems: true };
}

function intrinsicOfItems(name: IntrinsicName, test: ValueTest): Condition | undefined {
  switch (name) {
    case "event:name":
      return someItem(sql`event_name`, typedTest("string", sql`x`, test));
    case "event:timeSinceStart":
      return someItem(
        sql`event_time_unix_nano`,
        typedTest("int", sql`(toInt64(x) - toInt64(start_unix_nano))`, test),
      );
    case "link:traceID":
      return someItem(sql`link_trace_id`, typedTest("string", sql`lower(hex(x))`, test));
    case "link:spanID":
      return someItem(sql`link_span_id`, typedTest("string", sql`lower(hex(x))`, padded(test)));
    default:
      return undefined;
  }
}

function someItem(items: Sql, holds: Condition): Condition {
  if (holds === false) return false;
  return holds === true ? sql`notEmpty(${items})` : sql`arrayExists(x -> ${holds}, ${items})`;
}

/** Ids are equal whether or not their zeros in front are written. */
function padded(test: ValueTest): ValueTest {
  const pad = (value: Value): Value =>
    value.type === "string" && value.value !== ""
      ? { type: "string", value: value.value.padStart(16, "0") }
      : value;
  if (test.kind === "compare" && (test.op === "=" || test.op === "!=")) {
    return { ...test, value: pad(test.value) };
  }
  return test.kind === "in" ? { ...test, values: test.values.map(pad) } : test;
}
