/** Conditions of TraceQL on one span as SQL over the spans table. The evaluator decides wherever SQL
 * cannot tell: arrays and other values in `exact`, arithmetic, what depends on other spans. */
import type { Attribute, Comparison, Exists, Field, FieldExpr, Value } from "../traceql/ast.ts";
import { withMemberships } from "../traceql/evaluate/condition-parts.ts";
import {
  anyPresent,
  type KnownTable,
  mayBeExact,
  storedValues,
  type StoredScope,
} from "./attribute-sql.ts";
import { intrinsicTruth } from "./intrinsic-sql.ts";
import { itemAttributeTruth } from "./item-sql.ts";
import { sql } from "./sql.ts";
import { storedTest, typedTest, type ValueTest } from "./test-sql.ts";
import {
  all,
  type Condition,
  conjunction,
  disjunction,
  exactly,
  isExact,
  negate,
  not,
  some,
  type Truth,
  unknown,
} from "./truth-sql.ts";

/** What SQL can say of a filter's condition for a row of the spans table. */
export function filterTruth(condition: FieldExpr, table: KnownTable): Truth {
  switch (condition.kind) {
    case "literal":
      return exactly(condition.value.value === true);
    case "logic": {
      const operands = withMemberships(condition).map((operand) => filterTruth(operand, table));
      return condition.op === "&&" ? all(operands) : some(operands);
    }
    case "not":
      return not(filterTruth(condition.operand, table));
    case "exists":
      return existsTruth(condition, table);
    default: {
      const asked = fieldTest(condition);
      if (asked !== undefined) return fieldTruth(asked.field, asked.test, table);
      return condition.kind === "comparison" ? calculatedTruth(condition, table) : unknown;
    }
  }
}

const flipped = { "=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<=" } as const;

/** The condition as a test on one field, if it is one. */
export function fieldTest(
  condition: FieldExpr,
): { readonly field: Field; readonly test: ValueTest } | undefined {
  switch (condition.kind) {
    case "attribute":
    case "intrinsic": {
      const isTrue: Value = { type: "bool", value: true };
      return { field: condition, test: { kind: "compare", op: "=", value: isTrue } };
    }
    case "comparison":
      return comparisonTest(condition);
    case "match": {
      const { op, left, right } = condition;
      if (!isField(left) || right.kind !== "literal" || right.value.type !== "string") break;
      const pattern = right.value.value;
      return { field: left, test: { kind: "match", pattern, isNegated: op === "!~" } };
    }
    case "in": {
      const { operand, negated } = condition;
      if (!isField(operand)) break;
      const values = condition.values.map(({ value }) => value);
      return { field: operand, test: { kind: "in", values, isNegated: negated } };
    }
    default:
      break;
  }
  return undefined;
}

function comparisonTest({ op, left, right }: Comparison): ReturnType<typeof fieldTest> {
  if (right.kind === "literal" && isField(left)) {
    return { field: left, test: { kind: "compare", op, value: right.value } };
  }
  if (left.kind === "literal" && isField(right)) {
    return { field: right, test: { kind: "compare", op: flipped[op], value: left.value } };
  }
  return undefined;
}

/** A comparison of what is calculated, or of two fields: none of the fields may be absent. */
function calculatedTruth({ left, right }: Comparison, table: KnownTable): Truth {
  const fields = [...operandsOf(left), ...operandsOf(right)];
  const exist = fields.map((field) => fieldTruth(field, { kind: "exists" }, table));
  return { ...all(exist), must: false };
}

/** The fields without which a calculation has no value. */
function operandsOf(expr: FieldExpr): Field[] {
  switch (expr.kind) {
    case "attribute":
    case "intrinsic":
      return [expr];
    case "arithmetic":
      return [...operandsOf(expr.left), ...operandsOf(expr.right)];
    case "negate":
      return operandsOf(expr.operand);
    default:
      return [];
  }
}

function existsTruth({ operand, negated }: Exists, table: KnownTable): Truth {
  if (!isField(operand)) return unknown;
  const exists = fieldTruth(operand, { kind: "exists" }, table);
  if (!negated) return exists;
  // Of events: one without the value, which is something else than none with it.
  return exists.isAboutItems ? { ...unknown, isAboutItems: true } : not(exists);
}

function isField(expr: FieldExpr): expr is Field {
  return expr.kind === "attribute" || expr.kind === "intrinsic";
}

function fieldTruth(field: Field, test: ValueTest, table: KnownTable): Truth {
  if (field.ofParent) return unknown;
  if (field.kind === "intrinsic") return intrinsicTruth(field.name, test);
  switch (field.scope) {
    case "event":
    case "link":
      return itemAttributeTruth(field.scope, { name: field.name, test, table });
    case "any":
      return anyScopeTruth(field, test, table);
    default:
      return ownerTruth(field.scope, field.name, { test, table });
  }
}

interface Asked {
  readonly test: ValueTest;
  readonly table: KnownTable;
}

/** The test on an attribute of the span, of its resource or of its scope. */
function ownerTruth(scope: StoredScope, key: string, { test, table }: Asked): Truth {
  const stored = storedValues(table, scope, key);
  const exact = mayBeExact(table, scope, key);
  const tests = stored.map((value) => storedTest(value, test));
  if (scope === "resource" && key === "service.name") {
    // Never absent, see trace-view.ts.
    const isAbsent = [negate(anyPresent(stored)), negate(exact)];
    tests.push(conjunction([...isAbsent, unknownServiceTest(test)]));
  }
  return withExact(disjunction(tests), exact);
}

/** What holds by the typed columns, where another value may be. */
function withExact(holds: Condition, exact: Condition): Truth {
  if (exact === false) return exactly(holds);
  return { may: disjunction([holds, exact]), must: holds, isAboutItems: false };
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
function anyScopeTruth({ name }: Attribute, test: ValueTest, table: KnownTable): Truth {
  const stored = storedValues(table, "span", name);
  const exact = mayBeExact(table, "span", name);
  const ofSpan = disjunction(stored.map((value) => storedTest(value, test)));
  const ofResource = ownerTruth("resource", name, { test, table });
  const lacks = negate(anyPresent(stored));
  const must = disjunction([ofSpan, conjunction([ofResource.must, lacks, negate(exact)])]);
  if (exact === false && isExact(ofResource)) return exactly(must);
  const may = disjunction([ofSpan, conjunction([ofResource.may, lacks]), exact]);
  return { may, must, isAboutItems: false };
}
