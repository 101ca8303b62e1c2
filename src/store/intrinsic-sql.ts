import { spanKinds, spanStatuses } from "../model/trace.ts";
import { isNumber } from "../traceql/arithmetic.ts";
import type { Value } from "../traceql/ast.ts";
import type { IntrinsicName } from "../traceql/intrinsics.ts";
import { itemTruth } from "./item-sql.ts";
import { type Sql, sql } from "./sql.ts";
import { typedTest, type ValueTest } from "./test-sql.ts";
import { conjunction, disjunction, exactly, negate, type Truth, unknown } from "./truth-sql.ts";

/** What SQL can say of a test on an intrinsic. */
export function intrinsicTruth(name: IntrinsicName, test: ValueTest): Truth {
  switch (name) {
    case "span:name":
      return exactly(typedTest("string", sql`name`, test));
    case "span:statusMessage":
      return exactly(typedTest("string", sql`status_message`, test));
    case "instrumentation:name":
      return exactly(typedTest("string", sql`scope_name`, test));
    case "instrumentation:version":
      return exactly(typedTest("string", sql`scope_version`, test));
    case "span:duration":
      return exactly(typedTest("int", sql`duration_nano`, test));
    case "span:start":
      return exactly(typedTest("int", sql`start_unix_nano`, test));
    case "span:end":
      return exactly(typedTest("int", sql`(toInt64(start_unix_nano) + duration_nano)`, test));
    case "span:status":
      return exactly(numberedTest(sql`status_code`, numbered(test, "status", spanStatuses)));
    case "span:kind":
      return exactly(numberedTest(sql`kind`, numbered(test, "kind", spanKinds)));
    case "span:id":
      return exactly(spanIdTest(sql`span_id`, test));
    case "span:parentID":
      return exactly(spanIdTest(sql`parent_span_id`, rootsToo(test)));
    case "trace:id":
      return exactly(traceIdTest(test));
    case "nestedSetParent":
      return nestedSetParentTruth(test);
    case "event:name":
    case "event:timeSinceStart":
    case "link:traceID":
    case "link:spanID":
      return itemTruth(name, test);
    default:
      return unknown;
  }
}

function numberedTest(value: Sql, test: ValueTest | false) {
  return test !== false && typedTest("int", value, test);
}

/** The test with numbers in place of words; false if it never holds. */
function numbered(
  test: ValueTest,
  type: "status" | "kind",
  words: readonly string[],
): ValueTest | false {
  const number = (value: Value): Value => ({
    type: "int",
    value: BigInt(words.indexOf(String(value.value))),
  });
  if (test.kind === "exists") return test;
  if (test.kind === "match") return false;
  if (test.kind === "compare") {
    const { op, value } = test;
    return value.type === type && (op === "=" || op === "!=") && { ...test, value: number(value) };
  }
  const fitting = test.values.filter((value) => value.type === type);
  if (test.isNegated && fitting.length < test.values.length) return false;
  return { ...test, values: fitting.map(number) };
}

const SPAN_ID_DIGITS = 16;
const TRACE_ID_DIGITS = 32;

/** A root's parent is "" as well. */
function rootsToo(test: ValueTest): ValueTest {
  const zeros: Value = { type: "string", value: "0" };
  const replaced = (value: Value): Value => (value.value === "" ? zeros : value);
  if (test.kind === "compare" && (test.op === "=" || test.op === "!=")) {
    return { ...test, value: replaced(test.value) };
  }
  return test.kind === "in" ? { ...test, values: test.values.map(replaced) } : test;
}

/** Ids are equal whether or not their zeros in front are written. */
function spanIdTest(column: Sql, test: ValueTest) {
  const padded = (value: Value): Value =>
    value.type === "string" && value.value !== ""
      ? { type: "string", value: value.value.padStart(SPAN_ID_DIGITS, "0") }
      : value;
  if (test.kind === "in") {
    return typedTest("string", sql`lower(hex(${column}))`, {
      ...test,
      values: test.values.map(padded),
    });
  }
  if (test.kind !== "compare" || (test.op !== "=" && test.op !== "!=")) {
    return typedTest("string", sql`lower(hex(${column}))`, test);
  }
  return idTest(column, { ...test, value: padded(test.value) }, SPAN_ID_DIGITS);
}

/** The bytes are compared: an index may know them. */
function idTest(column: Sql, test: Extract<ValueTest, { kind: "compare" }>, digits: number) {
  const { value, op } = test;
  if (value.type !== "string") return false;
  if (!/^[0-9a-f]+$/.test(value.value) || value.value.length !== digits) return op === "!=";
  const equal = sql`${column} = unhex(${{ type: "String", value: value.value }})`;
  return op === "=" ? equal : negate(equal);
}

/** A trace's id is without zeros in front, here as in the literals. */
function traceIdTest(test: ValueTest) {
  if (test.kind === "compare" && (test.op === "=" || test.op === "!=")) {
    const { value } = test;
    if (value.type !== "string") return false;
    if (value.value === "" || value.value.startsWith("0")) return test.op === "!=";
    const padded = { type: "string", value: value.value.padStart(TRACE_ID_DIGITS, "0") } as const;
    return idTest(sql`trace_id`, { ...test, value: padded }, TRACE_ID_DIGITS);
  }
  return typedTest("string", sql`trim(LEADING '0' FROM lower(hex(trace_id)))`, test);
}

/** -1 for roots, which SQL sees, and not negative for others. */
function nestedSetParentTruth(test: ValueTest): Truth {
  if (test.kind === "exists") return exactly(true);
  if (test.kind !== "compare" || !isNumber(test.value)) return unknown;
  const { op } = test;
  const limit = Number(test.value.value);
  const isRoot = sql`parent_span_id = toFixedString('', 8)`;
  const others = ofOthers(op, limit);
  if (others === undefined) return unknown;
  return exactly(
    disjunction([
      conjunction([isRoot, holds(-1, op, limit)]),
      conjunction([negate(isRoot), others]),
    ]),
  );
}

type Op = Extract<ValueTest, { kind: "compare" }>["op"];

function holds(value: number, op: Op, limit: number): boolean {
  switch (op) {
    case "=":
      return value === limit;
    case "!=":
      return value !== limit;
    case "<":
      return value < limit;
    case "<=":
      return value <= limit;
    case ">":
      return value > limit;
    case ">=":
      return value >= limit;
  }
}

/** What holds for every number from 0 on, if it is the same for all. */
function ofOthers(op: Op, limit: number): boolean | undefined {
  if (limit < 0) return op === "!=" || op === ">" || op === ">=";
  if (limit > 0) return undefined;
  if (op === "<") return false;
  return op === ">=" ? true : undefined;
}
