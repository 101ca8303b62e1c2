/** What a filter says of the trace as a whole, as far as SQL can tell it beforehand. */
import { compareValues, isNumber } from "../traceql/arithmetic.ts";
import type { ComparisonOp, FieldExpr, Value } from "../traceql/ast.ts";
import type { IntrinsicName } from "../traceql/intrinsics.ts";
import { compileRegex } from "../traceql/regex.ts";
import { serviceSql } from "./attribute-sql.ts";
import type { Others } from "./candidate-plan.ts";
import { fieldTest } from "./filter-sql.ts";
import { type Sql, sql } from "./sql.ts";
import { typedTest, type ValueTest } from "./test-sql.ts";
import { type Condition, conjunction } from "./truth-sql.ts";

/** How long a trace's rows last together, in nanoseconds. */
export const traceDurationSql: Sql = sql`toInt64(
  max(start_unix_nano + toUInt64(greatest(duration_nano, 0))) - min(start_unix_nano))`;

type TraceCondition = (others: Others) => Condition;

/** Conditions that the trace of every span has to meet which the filter keeps. Rows that are stored twice
 * and rows that are not looked at later only make traces longer and larger: so there is no upper bound. */
export function traceConditions(condition: FieldExpr): TraceCondition[] {
  const operands =
    condition.kind === "logic" && condition.op === "&&" ? condition.operands : [condition];
  return operands.flatMap((operand) => {
    const asked = fieldTest(operand);
    if (asked?.field.kind !== "intrinsic" || asked.field.ofParent) return [];
    const found = traceCondition(asked.field.name, asked.test);
    return found === undefined ? [] : [found];
  });
}

function traceCondition(name: IntrinsicName, test: ValueTest): TraceCondition | undefined {
  switch (name) {
    case "trace:duration":
      return atLeast(traceDurationSql, true, test);
    case "trace:spanCount":
      return atLeast(sql`count()`, true, test);
    case "trace:errorCount":
      return atLeast(sql`count()`, sql`status_code = 2`, test);
    case "trace:rootName":
      return ofRoot(sql`name`, test);
    case "trace:rootService":
      return ofRoot(serviceSql, test);
    default:
      return undefined;
  }
}

const bounds: Readonly<Partial<Record<ComparisonOp, Sql>>> = {
  "=": sql`>=`,
  ">=": sql`>=`,
  ">": sql`>`,
};

function atLeast(aggregate: Sql, row: Condition, test: ValueTest): TraceCondition | undefined {
  if (test.kind !== "compare" || !isNumber(test.value)) return undefined;
  const { type, value } = test.value;
  const operator = bounds[test.op];
  // Who has none of the rows has no group either.
  if (operator === undefined || Number(value) < 1) return undefined;
  const bound = sql`${{ type: type === "float" ? "Float64" : "Int64", value }}`;
  return (others) => others.trace(row, sql`${aggregate} ${operator} ${bound}`);
}

/** Without a root its name is empty. */
function ofRoot(value: Sql, test: ValueTest): TraceCondition | undefined {
  if (holdsForEmpty(test)) return undefined;
  const isRoot = sql`parent_span_id = toFixedString('', 8)`;
  return (others) => others.trace(conjunction([isRoot, typedTest("string", value, test)]));
}

function holdsForEmpty(test: ValueTest): boolean {
  const empty: Value = { type: "string", value: "" };
  switch (test.kind) {
    case "exists":
      return true;
    case "compare":
      return compareValues(test.op, empty, test.value);
    case "match":
      return compileRegex(test.pattern)?.matches("") !== test.isNegated;
    case "in":
      return test.values.some(({ value }) => value === "") !== test.isNegated;
  }
}
