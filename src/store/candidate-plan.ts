/**
 * Which spans a query may find, as conditions on rows. There are two: one on the row alone, and one that
 * also asks what else its trace has, which takes more reading to leave over less:
 *
 *     { A } >> { B }               B                 B, and the trace has an A
 *     { A } > { B }                B                 B, and its parent is an A
 *     { A } && { B }               A or B            and the trace has both
 *     { A } | count() > 2          A                 and the trace has more than two of them
 *     { trace:duration > 1s }      any row           and the trace lasts longer
 *
 * Both leave over more than the query finds, and never less.
 */
import { unreachable } from "../base/fault.ts";
import type {
  Pipeline,
  Relation,
  ScalarFilter,
  SpansetExpr,
  Stage,
  Structural,
} from "../traceql/ast.ts";
import type { KnownTable } from "./attribute-sql.ts";
import { filterTruth } from "./filter-sql.ts";
import { type Sql, sql } from "./sql.ts";
import { traceConditions } from "./trace-sql.ts";
import { type Condition, conjunction, disjunction } from "./truth-sql.ts";

/** Conditions on other rows of a row's trace, wherever they are looked for. */
export interface Others {
  /** The trace has rows that meet `row` and of which `together`, an aggregate, holds. */
  trace(row: Condition, together?: Sql): Condition;
  /** The trace has a row that meets `row` and whose `their` is this row's `own`. */
  linked(row: Condition, link: { readonly own: Sql; readonly their: Sql }): Condition;
}

/** What is known of the rows of spans that something finds. */
export interface CandidatePlan {
  readonly row: Condition;
  readonly narrowed: (others: Others) => Condition;
  /** Whether `narrowed` says more than `row`. */
  readonly isNarrower: boolean;
}

/** With more filters than these the conditions on other rows are as long as the query to some power. */
const MOST_NARROWED = 30;

/** The plan of a search. */
export function candidatePlan(pipeline: Pipeline, table: KnownTable): CandidatePlan {
  const planner = new Planner(table);
  const plan = planner.pipeline(pipeline);
  return planner.filters > MOST_NARROWED ? plain(plan.row) : plan;
}

function plain(row: Condition): CandidatePlan {
  return { row, narrowed: () => row, isNarrower: false };
}

class Planner {
  filters = 0;
  readonly #table: KnownTable;

  constructor(table: KnownTable) {
    this.#table = table;
  }

  /** Each stage finds some of the spans that the one before found. */
  pipeline({ stages }: Pipeline): CandidatePlan {
    return stages.reduce<CandidatePlan>((before, stage) => this.#stage(before, stage), plain(true));
  }

  #stage(before: CandidatePlan, stage: Stage): CandidatePlan {
    switch (stage.kind) {
      case "group":
      case "coalesce":
      case "select":
        return before;
      case "scalarFilter":
        return this.#scalarFilter(before, stage);
      default:
        return both(before, this.#spanset(stage));
    }
  }

  #spanset(expr: SpansetExpr): CandidatePlan {
    switch (expr.kind) {
      case "filter":
        return this.#filter(expr.condition);
      case "pipeline":
        return this.pipeline(expr);
      case "spansetLogic": {
        const parts = expr.operands.map((operand) => this.#spanset(operand));
        return expr.op === "&&" ? all(parts) : any(parts);
      }
      case "structural":
        return related(expr, this.#spanset(expr.left), this.#spanset(expr.right));
      case "unless":
        this.#spanset(expr.right);
        return this.#spanset(expr.left);
      default:
        return unreachable(expr);
    }
  }

  #filter(condition: Parameters<typeof filterTruth>[0]): CandidatePlan {
    this.filters++;
    const { may } = filterTruth(condition, this.#table);
    const ofTrace = traceConditions(condition);
    return {
      row: may,
      narrowed: (others) => conjunction([may, ...ofTrace.map((condition) => condition(others))]),
      isNarrower: ofTrace.length > 0,
    };
  }

  #scalarFilter(before: CandidatePlan, stage: ScalarFilter): CandidatePlan {
    const { op, left, right } = stage;
    if (left.kind !== "aggregate" || right.kind !== "literal") return before;
    const isAtLeast = op === ">" || op === ">=" || op === "=";
    if (left.fn === "count") {
      const least = Math.floor(Number(right.value.value)) + (op === ">" ? 1 : 0);
      if (!isAtLeast || least <= 1) return before;
      const together = sql`count() >= ${{ type: "Float64", value: least }}`;
      return {
        ...before,
        narrowed: (others) =>
          conjunction([before.narrowed(others), others.trace(before.row, together)]),
        isNarrower: true,
      };
    }
    const { argument } = left;
    const isOne = (left.fn === "min" || left.fn === "max") && op !== "!=";
    if (!isOne || argument === undefined) return before;
    // The smallest and the largest are those of some span.
    const { from, to } = stage;
    const { may } = filterTruth(
      { kind: "comparison", op, left: argument, right, from, to },
      this.#table,
    );
    return {
      ...before,
      narrowed: (others) =>
        conjunction([before.narrowed(others), others.trace(conjunction([before.row, may]))]),
      isNarrower: true,
    };
  }
}

function both(a: CandidatePlan, b: CandidatePlan): CandidatePlan {
  return {
    row: conjunction([a.row, b.row]),
    narrowed: (others) => conjunction([a.narrowed(others), b.narrowed(others)]),
    isNarrower: a.isNarrower || b.isNarrower,
  };
}

function any(parts: readonly CandidatePlan[]): CandidatePlan {
  return {
    row: disjunction(parts.map(({ row }) => row)),
    narrowed: (others) => disjunction(parts.map(({ narrowed }) => narrowed(others))),
    isNarrower: parts.some(({ isNarrower }) => isNarrower),
  };
}

/** The spans of all parts, if each part has some. */
function all(parts: readonly CandidatePlan[]): CandidatePlan {
  const together = any(parts);
  return {
    row: parts.some(({ row }) => row === false) ? false : together.row,
    narrowed: (others) =>
      conjunction([together.narrowed(others), ...parts.map(({ row }) => others.trace(row))]),
    isNarrower: true,
  };
}

function related({ relation, form }: Structural, left: CandidatePlan, right: CandidatePlan) {
  if (form === "negated") return right;
  const hasNone = left.row === false || right.row === false;
  const [ofRight, ofLeft] = [isRelated(relation), isRelated(opposite[relation])];
  const narrowedRight = (others: Others): Condition =>
    conjunction([right.narrowed(others), ofRight(others, left.row)]);
  if (form === "plain") {
    return { row: !hasNone && right.row, narrowed: narrowedRight, isNarrower: true };
  }
  return {
    row: !hasNone && disjunction([left.row, right.row]),
    narrowed: (others: Others): Condition =>
      disjunction([
        narrowedRight(others),
        conjunction([left.narrowed(others), ofLeft(others, right.row)]),
      ]),
    isNarrower: true,
  };
}

const opposite: Readonly<Record<Relation, Relation>> = {
  child: "parent",
  parent: "child",
  descendant: "ancestor",
  ancestor: "descendant",
  sibling: "sibling",
};

/** The row stands in a relation (it is a child, a parent …) to a row that meets the condition. */
function isRelated(relation: Relation): (others: Others, row: Condition) => Condition {
  const [id, parent] = [sql`span_id`, sql`parent_span_id`];
  switch (relation) {
    case "child":
      return (others, row) => others.linked(row, { own: parent, their: id });
    case "parent":
      return (others, row) => others.linked(row, { own: id, their: parent });
    case "sibling":
      return (others, row) => others.linked(row, { own: parent, their: parent });
    case "descendant":
    case "ancestor":
      return (others, row) => others.trace(row);
    default:
      return unreachable(relation);
  }
}
