/** Pipelines as functions of the spansets of one trace. */
import { Fault, unreachable } from "../../base/fault.ts";
import { compareValues } from "../arithmetic.ts";
import type {
  FieldExpr,
  Group,
  Pipeline,
  ScalarFilter,
  SpansetExpr,
  SpansetLogic,
  Stage,
  Structural,
  Unless,
} from "../ast.ts";
import { aggregateText, groupText } from "../expression-text.ts";
import { compileAggregate } from "./aggregates.ts";
import { countTests, neverFails } from "./condition-parts.ts";
import { compileCondition, compileValue } from "./conditions.ts";
import { NO_ROWS, type Rows, unionRows } from "./rows.ts";
import type { Columns, Run } from "./run.ts";
import { relate } from "./structural.ts";
import { type GroupKey, groupKey, type RuntimeValue } from "./values.ts";

/** A value that a stage gave a spanset, as answers call it: `by(name)`, `count()`. */
export interface SpansetAttribute {
  readonly name: string;
  /** Undefined is nil, which only groups can be. */
  readonly value: RuntimeValue | undefined;
}

/** What flows through a pipeline. It is never empty. */
export interface Spanset {
  readonly rows: Rows;
  readonly attributes: readonly SpansetAttribute[];
}

/** What a pipeline makes of the spansets of a trace. */
export type Stages = (run: Run, sets: readonly Spanset[]) => readonly Spanset[];
/** What an expression makes of one spanset: nothing, one, or what a pipeline in brackets gives. */
type Expression = (run: Run, set: Spanset) => readonly Spanset[];

const NO_SETS: readonly Spanset[] = [];

/** The pipeline as a function. Throws Fault "invalid" for traces that it cannot be calculated for. */
export function compilePipeline({ stages }: Pipeline, columns: Columns): Stages {
  const steps = stages.map((stage) => compileStage(stage, columns));
  return (run, sets) => {
    let current = sets;
    for (const step of steps) {
      if (current.length === 0) return NO_SETS;
      current = step(run, current);
    }
    return current;
  };
}

function compileStage(stage: Stage, columns: Columns): Stages {
  switch (stage.kind) {
    case "group":
      return group(stage, columns);
    case "coalesce":
      return (_, sets) => [{ rows: rowsOf(sets), attributes: [] }];
    case "select":
      return (_, sets) => sets;
    case "scalarFilter":
      return scalarFilter(stage, columns);
    default: {
      const expression = compileExpression(stage, columns);
      return (run, sets) => {
        if (sets.length === 1) return expression(run, sets[0]!);
        return sets.flatMap((set) => expression(run, set));
      };
    }
  }
}

function compileExpression(expr: SpansetExpr, columns: Columns): Expression {
  switch (expr.kind) {
    case "filter":
      return filter(expr.condition, columns);
    case "pipeline": {
      const stages = compilePipeline(expr, columns);
      return (run, set) => stages(run, [set]);
    }
    case "spansetLogic":
      return logic(expr, columns);
    case "structural":
      return structural(expr, columns);
    case "unless":
      return unless(expr, columns);
    default:
      return unreachable(expr);
  }
}

function filter(condition: FieldExpr, columns: Columns): Expression {
  if (condition.kind === "literal" && condition.value.value === true) return (_, set) => [set];
  const holds = compileCondition(condition, columns);
  const tests = countTests(condition);
  return (run, set) => {
    run.spend(tests * set.rows.length);
    const rows: number[] = [];
    for (const row of set.rows) if (holds(run, row)) rows.push(row);
    return setOf(rows, set);
  };
}

/** The rows with the attributes of the set they are from. */
function setOf(rows: Rows, { attributes }: Spanset): readonly Spanset[] {
  return rows.length === 0 ? NO_SETS : [{ rows, attributes }];
}

function rowsOf(sets: readonly Spanset[]): Rows {
  return sets.reduce<Rows>((rows, set) => unionRows(rows, set.rows), NO_ROWS);
}

function logic({ op, operands }: SpansetLogic, columns: Columns): Expression {
  const sides = (op === "||" ? withFiltersJoined(operands) : operands).map((operand) =>
    compileExpression(operand, columns),
  );
  return (run, set) => {
    let rows = NO_ROWS;
    for (const side of sides) {
      const sets = side(run, set);
      if (op === "&&" && sets.length === 0) return NO_SETS;
      rows = unionRows(rows, rowsOf(sets));
      run.spend(rows.length);
    }
    return setOf(rows, set);
  };
}

/** `{ a } || { b }` side by side as `{ a || b }`, which is one pass, and the same where b cannot fail: the
 * latter does not look at it once a holds. */
function withFiltersJoined(operands: readonly SpansetExpr[]): readonly SpansetExpr[] {
  const joined: SpansetExpr[] = [];
  let conditions: FieldExpr[] = [];
  const end = (): void => {
    const [first] = conditions;
    if (first === undefined) return;
    const { from, to } = first;
    const condition: FieldExpr =
      conditions.length === 1 ? first : { kind: "logic", op: "||", operands: conditions, from, to };
    joined.push({ kind: "filter", condition, from, to });
    conditions = [];
  };
  for (const operand of operands) {
    if (operand.kind === "filter" && neverFails(operand.condition)) {
      conditions.push(operand.condition);
    } else {
      end();
      joined.push(operand);
    }
  }
  end();
  return joined;
}

/** What relating a span costs, in tests of a span: some passes over tree and rows. */
const RELATION_STEPS = 8;

const SEVERAL_SETS =
  "spanset operators are not supported for multiple spansets per trace. consider using coalesce()";

function structural(expr: Structural, columns: Columns): Expression {
  const left = compileExpression(expr.left, columns);
  const right = compileExpression(expr.right, columns);
  return (run, set) => {
    const lefts = left(run, set);
    if (lefts.length === 0 && expr.form !== "negated") return NO_SETS;
    const rights = right(run, set);
    if (rights.length === 0) return NO_SETS;
    if (lefts.length > 1 || rights.length > 1) throw new Fault("invalid", SEVERAL_SETS);
    run.spend(RELATION_STEPS * run.view.length);
    const rows = relate(run, expr, { left: lefts[0]?.rows ?? NO_ROWS, right: rights[0]!.rows });
    return setOf(rows, set);
  };
}

function unless({ left, right }: Unless, columns: Columns): Expression {
  const wanted = compileExpression(left, columns);
  const unwanted = compileExpression(right, columns);
  return (run, set) => {
    const sets = wanted(run, set);
    return sets.length === 0 || unwanted(run, set).length > 0 ? NO_SETS : sets;
  };
}

function group(stage: Group, columns: Columns): Stages {
  const value = compileValue(stage.by, columns);
  const name = groupText(stage);
  return (run, sets) =>
    sets.flatMap((set) => {
      const groups = new Map<GroupKey, { rows: number[]; value: RuntimeValue | undefined }>();
      for (const row of set.rows) {
        const of = value(run, row);
        const key = groupKey(of);
        const known = groups.get(key);
        if (known === undefined) groups.set(key, { rows: [row], value: of });
        else known.rows.push(row);
      }
      return Array.from(groups.values(), ({ rows, value: of }) => ({
        rows,
        attributes: withAttribute(set, { name, value: of }),
      }));
    });
}

/** The set's attributes and this one, which takes the place of one that has its name. */
function withAttribute(set: Spanset, added: SpansetAttribute): SpansetAttribute[] {
  return [...set.attributes.filter(({ name }) => name !== added.name), added];
}

function scalarFilter({ op, left, right }: ScalarFilter, columns: Columns): Stages {
  if (left.kind !== "aggregate" || right.kind !== "literal") {
    throw new Error("the checker lets pass an aggregate compared with a number only");
  }
  const aggregate = compileAggregate(left, columns);
  const name = aggregateText(left);
  return (run, sets) =>
    sets.flatMap((set) => {
      const value = aggregate(run, set.rows);
      if (value === undefined || !compareValues(op, value, right.value)) return [];
      return [{ rows: set.rows, attributes: withAttribute(set, { name, value }) }];
    });
}
