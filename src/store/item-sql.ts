import type { IntrinsicName } from "../traceql/intrinsics.ts";
import type { Value } from "../traceql/ast.ts";
import { type Sql, sql } from "./sql.ts";
import { typedTest, type ValueTest } from "./test-sql.ts";
import { type Condition, conjunction, disjunction, type Truth, unknown } from "./truth-sql.ts";

/** What SQL can say of a test on the events or links of a span: that there is one for which it holds. */
export function itemTruth(
  scope: "event" | "link" | "intrinsic",
  name: string,
  test: ValueTest,
): Truth {
  if (scope === "intrinsic") {
    const found = intrinsicOfItems(name as IntrinsicName, test);
    return found === undefined ? unknown : { may: found, must: found, isAboutItems: true };
  }
  const key = sql`${{ type: "String", value: name }}`;
  const maps = scope === "event" ? sql`event_attributes` : sql`link_attributes`;
  const exacts = scope === "event" ? sql`event_exact` : sql`link_exact`;
  const must = someItem(
    maps,
    conjunction([sql`mapContains(x, ${key})`, typedTest("string", sql`x[${key}]`, test)]),
  );
  const other = sql`arrayExists(x -> position(x, ${key}) > 0, ${exacts})`;
  return { may: disjunction([must, other]), must, isAboutItems: true };
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
