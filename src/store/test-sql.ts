/** Tests of TraceQL on one value as SQL. */
import type { ComparisonOp, Value } from "../traceql/ast.ts";
import { isNumber } from "../traceql/arithmetic.ts";
import { type Glob, globsOf } from "../traceql/globs.ts";
import type { StoredType, StoredValue } from "./attribute-sql.ts";
import { type Param, type Sql, sql } from "./sql.ts";
import { type Condition, conjunction, disjunction, negate } from "./truth-sql.ts";

/** What is asked of a field's value. None holds where there is no value. */
export type ValueTest =
  | { readonly kind: "compare"; readonly op: ComparisonOp; readonly value: Value }
  | { readonly kind: "match"; readonly pattern: string; readonly isNegated: boolean }
  | { readonly kind: "in"; readonly values: readonly Value[]; readonly isNegated: boolean }
  | { readonly kind: "exists" };

/** The test on the values of one type that an attribute may have. */
export function storedTest(stored: StoredValue, test: ValueTest): Condition {
  const { type, value, present, map } = stored;
  if (test.kind === "exists") return present;
  const holds = typedTest(type, value, test);
  if (typeof holds === "boolean") return holds && present;
  if (map === undefined) return sql`ifNull(${holds}, 0)`;
  return isFalseForZero(test) ? holds : conjunction([present, holds]);
}

/** Whether what a map has for a missing key (an empty string, 0, false) fails the test. */
function isFalseForZero(test: ValueTest): boolean {
  const isZero = ({ value }: Value): boolean =>
    value === "" || value === 0n || value === 0 || value === false;
  if (test.kind === "compare") return test.op === "=" && !isZero(test.value);
  return test.kind === "in" && !test.isNegated && !test.values.some(isZero);
}

/** The test on a value of a type, which is there: NULL only if the value is. */
export function typedTest(type: StoredType, value: Sql, test: ValueTest): Condition {
  switch (test.kind) {
    case "exists":
      return true;
    case "compare":
      return compare(type, value, test);
    case "match":
      return type === "string" && matchTest(value, test);
    case "in":
      return membership(type, value, test);
  }
}

type Compare = Extract<ValueTest, { kind: "compare" }>;

function compare(type: StoredType, value: Sql, { op, value: literal }: Compare): Condition {
  const param = paramFor(type, literal);
  if (param === undefined) return false;
  const isEquality = op === "=" || op === "!=";
  if (type === "bool" && !isEquality) return false;
  // Equalities go into sets and indexes of one type: ClickHouse refuses others there.
  if (isEquality && type === "int" && param.type === "Float64") return op === "!=";
  return sql`${value} ${operators[op]} ${param}`;
}

const operators: Readonly<Record<ComparisonOp, Sql>> = {
  "=": sql`=`,
  "!=": sql`!=`,
  "<": sql`<`,
  "<=": sql`<=`,
  ">": sql`>`,
  ">=": sql`>=`,
};

/** The literal as a parameter that values of a type are compared with; undefined if they never are. */
function paramFor(type: StoredType, literal: Value): Param | undefined {
  switch (type) {
    case "string":
      return literal.type === "string" ? { type: "String", value: literal.value } : undefined;
    case "bool":
      return literal.type === "bool" ? { type: "Bool", value: literal.value } : undefined;
    default:
      return isNumber(literal) ? numberParam(type, literal.value) : undefined;
  }
}

/** The number in the column's own type if that has it; ClickHouse compares others by value, too. */
function numberParam(type: "int" | "float", value: bigint | number): Param {
  if (type === "int" && typeof value === "number" && Number.isSafeInteger(value)) {
    return { type: "Int64", value: BigInt(value) };
  }
  if (type === "float" && typeof value === "bigint" && BigInt(Number(value)) === value) {
    return { type: "Float64", value: Number(value) };
  }
  return { type: typeof value === "bigint" ? "Int64" : "Float64", value };
}

type Match = Extract<ValueTest, { kind: "match" }>;

function matchTest(value: Sql, { pattern, isNegated }: Match): Condition {
  const globs = globsOf(pattern);
  const matches =
    globs === undefined
      ? sql`match(${value}, ${{ type: "String", value: `\\A(?s:${pattern})\\z` }})`
      : disjunction(globs.map((glob) => globTest(value, glob)));
  return isNegated ? negate(matches) : matches;
}

/** Finding texts is what ClickHouse does faster than regular expressions. */
function globTest(value: Sql, { pieces, gaps }: Glob): Condition {
  const [only] = pieces;
  if (pieces.length === 1) return sql`${value} = ${{ type: "String", value: only! }}`;
  const like = pieces
    .map((piece, i) => {
      const gap = i === 0 ? "" : gaps[i - 1] === 0 ? "%" : "_%";
      return gap + piece.replaceAll(/[\\%_]/g, String.raw`\$&`);
    })
    .join("");
  return sql`${value} LIKE ${{ type: "String", value: like }}`;
}

type In = Extract<ValueTest, { kind: "in" }>;

function membership(type: StoredType, value: Sql, { values, isNegated }: In): Condition {
  const fitting = values.filter((literal) => paramFor(type, literal) !== undefined);
  // What is of another type than a literal is neither equal nor unequal to it.
  if (isNegated && fitting.length < values.length) return false;
  const isMember = oneOf(type, value, fitting);
  return isNegated ? negate(isMember) : isMember;
}

function oneOf(type: StoredType, value: Sql, literals: readonly Value[]): Condition {
  const listed = literals.map((literal) => literal.value);
  if (listed.length === 0) return false;
  if (type === "string") {
    return sql`${value} IN ${{ type: "Array(String)", value: listed }}`;
  }
  if (type === "int" && listed.every((literal) => typeof literal === "bigint")) {
    return sql`${value} IN ${{ type: "Array(Int64)", value: listed }}`;
  }
  return disjunction(
    literals.map((literal) => compare(type, value, { kind: "compare", op: "=", value: literal })),
  );
}
