/** Conditions of TraceQL on one span as SQL over the spans table. The evaluator decides wherever SQL
 * cannot tell: arrays and other values in `exact`, arithmetic, what depends on other spans. */
import type {
  Attribute,
  Comparison,
  Exists,
  Field,
  FieldExpr,
  In,
  Literal,
  Match,
  Value,
} from "../traceql/ast.ts";
import { anyPresent, mayBeExact, storedValues, type StoredScope } from "./attribute-sql.ts";
import { intrinsicTruth } from "./intrinsic-sql.ts";
import { itemTruth } from "./item-sql.ts";
import type { SpansTable } from "./schema.ts";
import { sql } from "./sql.ts";
import { storedTest, typedTest, type ValueTest } from "./test-sql.ts";
import {
  all,
  type Condition,
  conjunction,
  disjunction,
  exactly,
  negate,
  not,
  some,
  type Truth,
  unknown,
} from "./truth-sql.ts";

/** What SQL can say of a filter's condition for a row of the spans table. */
export function filterTruth(condition: FieldExpr, table: SpansTable): Truth {
  switch (condition.kind) {
    case "literal":
      return exactly(condition.value.value === true);
    case "logic": {
      const operands = condition.operands.map((operand) => filterTruth(operand, table));
      return condition.op === "&&" ? all(operands) : some(operands);
    }
    case "not":
      return not(filterTruth(condition.operand, table));
    case "comparison":
      return comparisonTruth(condition, table);
    case "match":
      return matchTruth(condition, table);
    case "exists":
      return existsTruth(condition, table);
    case "in":
      return inTruth(condition, table);
    case "attribute":
    case "intrinsic": {
      const isTrue: Value = { type: "bool", value: true };
      return fieldTruth(condition, { kind: "compare", op: "=", value: isTrue }, table);
    }
    default:
      return unknown;
  }
}

const flipped = { "=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<=" } as const;

function comparisonTruth({ op, left, right }: Comparison, table: SpansTable): Truth {
  if (right.kind === "literal" && isField(left)) {
    return fieldTruth(left, { kind: "compare", op, value: right.value }, table);
  }
  if (left.kind === "literal" && isField(right)) {
    return fieldTruth(right, { kind: "compare", op: flipped[op], value: left.value }, table);
  }
  return unknown;
}

function matchTruth({ op, left, right }: Match, table: SpansTable): Truth {
  if (!isField(left) || right.kind !== "literal" || right.value.type !== "string") return unknown;
  const test: ValueTest = { kind: "match", pattern: right.value.value, isNegated: op === "!~" };
  return fieldTruth(left, test, table);
}

function existsTruth({ operand, negated }: Exists, table: SpansTable): Truth {
  if (!isField(operand)) return unknown;
  const exists = fieldTruth(operand, { kind: "exists" }, table);
  if (!negated) return exists;
  // Of events: one without the value, which is something else than none with it.
  return exists.isAboutItems ? { ...unknown, isAboutItems: true } : not(exists);
}

function inTruth({ operand, values, negated }: In, table: SpansTable): Truth {
  if (!isField(operand)) return unknown;
  const test: ValueTest = { kind: "in", values: values.map(valueOf), isNegated: negated };
  return fieldTruth(operand, test, table);
}

function valueOf({ value }: Literal): Value {
  return value;
}

function isField(expr: FieldExpr): expr is Field {
  return expr.kind === "attribute" || expr.kind === "intrinsic";
}

function fieldTruth(field: Field, test: ValueTest, table: SpansTable): Truth {
  if (field.ofParent) return unknown;
  if (field.kind === "intrinsic") return intrinsicTruth(field.name, test);
  switch (field.scope) {
    case "event":
    case "link":
      return itemTruth(field.scope, field.name, test);
    case "any":
      return anyScopeTruth(field, test, table);
    default:
      return ownerTruth(field.scope, field.name, { test, table });
  }
}

interface Asked {
  readonly test: ValueTest;
  readonly table: SpansTable;
}

/** The test on an attribute of the span, of its resource or of its scope. */
function ownerTruth(scope: StoredScope, key: string, { test, table }: Asked): Truth {
  const stored = storedValues(table, scope, key);
  const tests = stored.map((value) => storedTest(value, test));
  if (scope === "resource" && key === "service.name") {
    // Never absent, see trace-view.ts.
    tests.push(conjunction([negate(anyPresent(stored)), unknownServiceTest(test)]));
  }
  const must = disjunction(tests);
  return { may: disjunction([must, mayBeExact(key)]), must, isAboutItems: false };
}

/** The test on the service of spans whose sender left it out. */
function unknownServiceTest(test: ValueTest): Condition {
  if (test.kind === "exists") return true;
  const isEqual = (value: Value): boolean => value.value === "unknown_service";
  if (test.kind === "compare" && test.op === "=") return isEqual(test.value);
  if (test.kind === "in" && !test.isNegated) return test.values.some(isEqual);
  return typedTest("string", sql`'unknown_service'`, test);
}

/** `.name` is the resource's only if the span has none. */
function anyScopeTruth({ name }: Attribute, test: ValueTest, table: SpansTable): Truth {
  const asked = { test, table };
  const [ofSpan, ofResource] = [
    ownerTruth("span", name, asked),
    ownerTruth("resource", name, asked),
  ];
  const spanHas = anyPresent(storedValues(table, "span", name));
  const exact = mayBeExact(name);
  return {
    may: disjunction([ofSpan.must, conjunction([ofResource.must, negate(spanHas)]), exact]),
    must: disjunction([
      ofSpan.must,
      conjunction([ofResource.must, negate(spanHas), negate(exact)]),
    ]),
    isAboutItems: false,
  };
}
