/**
 * What SQL can say of a search about a whole trace, as expressions over the rows of one trace together:
 * one that is true for every trace that answers (`may`), one that is true for none but these (`must`).
 * Filters of a span become "there is a row for which"; how rows are related only the evaluator knows.
 *
 *     { A } && { B }          countIf(A) > 0 AND countIf(B) > 0
 *     { trace:duration > x }  max(end) - min(start) > x
 *     { A } >> { B }          may: as with &&; must: never
 */
import { unreachable } from "../../base/fault.ts";
import type {
  Comparison,
  FieldExpr,
  Intrinsic,
  Pipeline,
  ScalarFilter,
  SearchQuery,
  SpansetExpr,
  Stage,
} from "../../traceql/ast.ts";
import { filterTruth } from "../filter-sql.ts";
import type { SpansTable } from "../schema.ts";
import { type Sql, sql } from "../sql.ts";
import { typedTest } from "../test-sql.ts";
import { type Condition, conjunction, disjunction, negate } from "../truth-sql.ts";

/** See the top of this file. */
export interface TraceTruth {
  readonly may: Condition;
  readonly must: Condition;
}

/** Whether a trace answers the search. */
export function traceTruth({ pipeline }: SearchQuery, table: SpansTable): TraceTruth {
  return new Reader(table).pipeline(pipeline);
}

class Reader {
  readonly #table: SpansTable;

  constructor(table: SpansTable) {
    this.#table = table;
  }

  pipeline({ stages }: Pipeline): TraceTruth {
    const [first, ...others] = stages;
    const found = this.#spanset(first as SpansetExpr);
    return others.reduce((truth, stage, i) => this.#then(truth, stage, stages[i]!), found);
  }

  /** What a stage leaves of what the one before it found. */
  #then(truth: TraceTruth, stage: Stage, before: Stage): TraceTruth {
    switch (stage.kind) {
      case "select":
      case "coalesce":
        return truth;
      case "group":
        return { ...truth, must: false };
      case "scalarFilter":
        return { may: conjunction([truth.may, this.#count(stage, before)]), must: false };
      default:
        return { may: conjunction([truth.may, this.#spanset(stage).may]), must: false };
    }
  }

  /** Rows are at least as many as spans: a sender's retry leaves some behind. */
  #count({ left, op, right }: ScalarFilter, before: Stage): Condition {
    if (left.kind !== "aggregate" || left.fn !== "count" || right.kind !== "literal") return true;
    if (before.kind !== "filter" || (op !== ">" && op !== ">=" && op !== "=")) return true;
    const { may } = filterTruth(before.condition, this.#table);
    const rows = typeof may === "boolean" ? sql`count()` : sql`countIf(${may})`;
    const atLeast = op === "=" ? ">=" : op;
    return typedTest("int", rows, { kind: "compare", op: atLeast, value: right.value });
  }

  #spanset(expr: SpansetExpr): TraceTruth {
    switch (expr.kind) {
      case "filter":
        return this.#exists(expr.condition);
      case "pipeline":
        return this.pipeline(expr);
      case "spansetLogic": {
        const operands = expr.operands.map((operand) => this.#spanset(operand));
        return expr.op === "&&" ? all(operands) : some(operands);
      }
      case "structural": {
        const [left, right] = [this.#spanset(expr.left), this.#spanset(expr.right)];
        const may = expr.form === "negated" ? right.may : conjunction([left.may, right.may]);
        return { may, must: false };
      }
      case "unless": {
        const [left, right] = [this.#spanset(expr.left), this.#spanset(expr.right)];
        return {
          may: conjunction([left.may, negate(right.must)]),
          must: conjunction([left.must, negate(right.may)]),
        };
      }
      default:
        return unreachable(expr);
    }
  }

  /** Whether there is a span for which the condition holds. */
  #exists(condition: FieldExpr): TraceTruth {
    if (condition.kind === "logic") {
      const { op, operands } = condition;
      if (op === "||") return some(operands.map((operand) => this.#exists(operand)));
      const ofTrace = operands.map((operand) => ofTraceTruth(operand));
      const ofSpans = operands.filter((_, i) => ofTrace[i] === undefined);
      const known = ofTrace.filter((truth) => truth !== undefined);
      if (known.length > 0) {
        const [only = { ...condition, kind: "literal", value: { type: "bool", value: true } }] =
          ofSpans;
        const rest = ofSpans.length > 1 ? { ...condition, operands: ofSpans } : only;
        return all([...known, this.#exists(rest)]);
      }
    }
    const ofTrace = ofTraceTruth(condition);
    if (ofTrace !== undefined) return ofTrace;
    const { may, must } = filterTruth(condition, this.#table);
    return may === must ? same(anyRow(may)) : { may: anyRow(may), must: anyRow(must) };
  }
}

function anyRow(condition: Condition): Condition {
  return typeof condition === "boolean" ? condition : sql`countIf(${condition}) > 0`;
}

function same(condition: Condition): TraceTruth {
  return { may: condition, must: condition };
}

function all(parts: readonly TraceTruth[]): TraceTruth {
  const may = conjunction(parts.map((part) => part.may));
  const isExact = parts.every((part) => part.may === part.must);
  return { may, must: isExact ? may : conjunction(parts.map((part) => part.must)) };
}

function some(parts: readonly TraceTruth[]): TraceTruth {
  const may = disjunction(parts.map((part) => part.may));
  const isExact = parts.every((part) => part.may === part.must);
  return { may, must: isExact ? may : disjunction(parts.map((part) => part.must)) };
}

const startSql = sql`toInt64(min(start_unix_nano))`;
const endSql = sql`greatest(max(toInt64(start_unix_nano) + duration_nano), ${startSql})`;
const isRoot = sql`parent_span_id = toFixedString('', 8)`;

function ofRoot(value: Sql): Sql {
  return sql`argMinIf(${value}, (start_unix_nano, span_id), ${isRoot})`;
}

/** The condition if it is a comparison about the trace as a whole that SQL can make. */
function ofTraceTruth(condition: FieldExpr): TraceTruth | undefined {
  if (condition.kind !== "comparison") return undefined;
  const { left, right, op }: Comparison = condition;
  if (left.kind !== "intrinsic" || right.kind !== "literal") return undefined;
  const value = ofTraceSql(left.name);
  if (value === undefined) return undefined;
  const test = typedTest(value.type, value.sql, { kind: "compare", op, value: right.value });
  return same(value.isOfRoot ? conjunction([sql`countIf(${isRoot}) > 0`, test]) : test);
}

function ofTraceSql(
  name: Intrinsic["name"],
): { type: "int" | "string"; sql: Sql; isOfRoot: boolean } | undefined {
  switch (name) {
    case "trace:start":
      return { type: "int", sql: startSql, isOfRoot: false };
    case "trace:end":
      return { type: "int", sql: endSql, isOfRoot: false };
    case "trace:duration":
      return { type: "int", sql: sql`(${endSql} - ${startSql})`, isOfRoot: false };
    case "trace:rootName":
      return { type: "string", sql: ofRoot(sql`name`), isOfRoot: true };
    default:
      return undefined;
  }
}
