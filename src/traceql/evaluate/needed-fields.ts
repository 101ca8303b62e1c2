import { unreachable } from "../../base/fault.ts";
import type {
  Field,
  FieldExpr,
  MetricsExpr,
  MetricsFunction,
  MetricsPipeline,
  NumberLiteral,
  Pipeline,
  Query,
  SpansetExpr,
  Stage,
} from "../ast.ts";
import { fieldText } from "../expression-text.ts";
import { ownerOf } from "./fields.ts";

/** A field that a query reads. */
export interface MentionedField {
  readonly field: Field;
  /** It takes part in what is found, grouped, calculated or sorted; else it is only shown. */
  readonly decides: boolean;
}

/** What a query reads of traces, so that nothing else need be fetched. Ids, parents, times, kinds and
 * statuses are always at hand. */
export interface NeededFields {
  /** All fields of the query, each once, in the order of its text. */
  readonly fields: readonly MentionedField[];
  /** Who is whose parent matters: structural operators, fields of parents, `nestedSet…`, child counts. */
  readonly usesTree: boolean;
  /** Whether a span is kept depends on nothing but the span, its resource and its scope. */
  readonly isPerSpan: boolean;
  readonly usesEvents: boolean;
  readonly usesLinks: boolean;
  /** Every attribute of the spans kept is read: compare(). */
  readonly usesAllAttributes: boolean;
}

/** What the query reads. */
export function neededFields(query: Query): NeededFields {
  const reader = new Reader();
  if (query.kind === "metrics") {
    for (const leaf of leavesOf(query.metrics)) reader.metrics(leaf);
  } else {
    reader.pipeline(query.pipeline);
    if (query.sort !== undefined) reader.expression(query.sort.by);
  }
  return reader.needed();
}

/** What one pipeline with a function reads. */
export function neededByLeaf(metrics: MetricsPipeline): NeededFields {
  const { from, to } = metrics;
  return neededFields({ kind: "metrics", metrics, hints: [], from, to });
}

/** The pipelines with a function that the expression is made of, from the left. */
export function leavesOf(expr: MetricsExpr | NumberLiteral): MetricsPipeline[] {
  switch (expr.kind) {
    case "literal":
      return [];
    case "metricsPipeline":
      return [expr];
    case "metricsMaths":
      return [...leavesOf(expr.left), ...leavesOf(expr.right)];
    default:
      return unreachable(expr);
  }
}

class Reader {
  readonly #fields = new Map<string, { field: Field; decides: boolean }>();
  #usesTree = false;
  #isPerSpan = true;
  #usesAllAttributes = false;

  needed(): NeededFields {
    const fields = [...this.#fields.values()];
    return {
      fields,
      usesTree: this.#usesTree || fields.some(({ field }) => isOfTree(field)),
      isPerSpan: this.#isPerSpan && !fields.some(({ field }) => isOfTrace(field)),
      usesEvents: fields.some(({ field }) => ownerOf(field) === "event"),
      usesLinks: fields.some(({ field }) => ownerOf(field) === "link"),
      usesAllAttributes: this.#usesAllAttributes,
    };
  }

  #field(field: Field, decides: boolean): void {
    // Labels differ wherever fields do.
    const label = fieldText(field);
    const known = this.#fields.get(label);
    if (known === undefined) this.#fields.set(label, { field, decides });
    else known.decides ||= decides;
  }

  metrics({ pipeline, fn }: MetricsPipeline): void {
    this.pipeline(pipeline);
    this.#metricsFunction(fn);
  }

  #metricsFunction(fn: MetricsFunction): void {
    if (fn.kind === "compareSpans") {
      this.#usesAllAttributes = true;
      this.#spanset(fn.selection);
      return;
    }
    if (fn.kind !== "countSpans") this.#field(fn.of, true);
    for (const field of fn.by) this.#field(field, true);
  }

  pipeline({ stages }: Pipeline): void {
    for (const stage of stages) this.#stage(stage);
  }

  #stage(stage: Stage): void {
    switch (stage.kind) {
      case "group":
        this.expression(stage.by);
        return;
      case "coalesce":
        return;
      case "select":
        for (const field of stage.fields) this.#field(field, false);
        return;
      case "scalarFilter":
        this.#isPerSpan = false;
        for (const side of [stage.left, stage.right]) {
          if (side.kind === "aggregate" && side.argument !== undefined) {
            this.expression(side.argument);
          }
        }
        return;
      default:
        this.#spanset(stage);
    }
  }

  #spanset(expr: SpansetExpr): void {
    switch (expr.kind) {
      case "filter":
        this.expression(expr.condition);
        return;
      case "pipeline":
        this.pipeline(expr);
        return;
      case "spansetLogic":
        if (expr.op === "&&") this.#isPerSpan = false;
        for (const operand of expr.operands) this.#spanset(operand);
        return;
      case "structural":
        this.#usesTree = true;
        this.#isPerSpan = false;
        this.#spanset(expr.left);
        this.#spanset(expr.right);
        return;
      case "unless":
        this.#isPerSpan = false;
        this.#spanset(expr.left);
        this.#spanset(expr.right);
        return;
      default:
        unreachable(expr);
    }
  }

  expression(expr: FieldExpr): void {
    switch (expr.kind) {
      case "attribute":
      case "intrinsic":
        this.#field(expr, true);
        return;
      case "literal":
        return;
      case "logic":
        for (const operand of expr.operands) this.expression(operand);
        return;
      case "comparison":
      case "match":
      case "arithmetic":
        this.expression(expr.left);
        this.expression(expr.right);
        return;
      default:
        this.expression(expr.operand);
    }
  }
}

function isOfTree(field: Field): boolean {
  if (field.ofParent) return true;
  return (
    field.kind === "intrinsic" &&
    (field.name.startsWith("nestedSet") || field.name === "span:childCount")
  );
}

/** Whether the value depends on other spans of the trace than its own. `trace:id` does not. */
export function isOfTrace(field: Field): boolean {
  if (isOfTree(field)) return true;
  return field.kind === "intrinsic" && /^trace:(?!id$)/.test(field.name);
}
