/**
 * TraceQL as it is defined, without a thought of speed: a second opinion on the evaluator. Relations
 * are tried on every pair of spans, "there is an event" on every event and link, nothing is compiled.
 */
import { calculate, compareValues, isNumber, negate } from "../../src/traceql/arithmetic.ts";
import type {
  Aggregate,
  Field,
  FieldExpr,
  NumberValue,
  Pipeline,
  Relation,
  SpansetExpr,
  Stage,
  Value,
} from "../../src/traceql/ast.ts";
import { aggregateText, groupText } from "../../src/traceql/expression-text.ts";
import { compileEngine } from "../../src/traceql/regex.ts";
import type { ArrayValue, AttributeValue } from "../../src/traceql/evaluate/trace-view.ts";
import { searchableValue } from "../../src/traceql/evaluate/view-of-trace.ts";
import { Fault } from "../../src/base/fault.ts";
import type { KeyValue, Span, SpanEvent, SpanLink, Trace } from "../../src/model/trace.ts";

type Any = Value | ArrayValue | undefined;

/** A spanset: rows of the trace's spans and the values that stages gave it. */
export interface NaiveSet {
  readonly rows: readonly number[];
  readonly attributes: readonly (readonly [name: string, value: string])[];
}

/** What a pipeline gives for a trace. Throws Fault "invalid" as the evaluator does. */
export function naiveSearch(pipeline: Pipeline, trace: Trace): NaiveSet[] {
  const naive = new Naive(trace);
  const whole: NaiveSet = { rows: trace.spans.map((_, row) => row), attributes: [] };
  return naive.pipeline(pipeline, [whole]);
}

/** What a field or expression is for a span, outside of filters. */
export function naiveValue(expr: FieldExpr, trace: Trace, row: number): Any {
  return new Naive(trace).projected(expr, row);
}

/** Whether row `b` is the child (descendant …) of row `a`. */
export function naiveRelation(trace: Trace): (relation: Relation, a: number, b: number) => boolean {
  const naive = new Naive(trace);
  return (relation, a, b) => naive.related(relation, a, b);
}

interface Item {
  readonly event?: SpanEvent;
  readonly link?: SpanLink;
}

class Naive {
  readonly #trace: Trace;
  readonly #spans: readonly Span[];

  /** By row. */
  readonly #parents: readonly (number | undefined)[];
  readonly #paths: readonly (readonly number[] | undefined)[];

  constructor(trace: Trace) {
    this.#trace = trace;
    this.#spans = trace.spans;
    const rows = this.#spans.map((_, row) => row);
    const isTree = this.#spans.every(({ spanId }) => this.#rowsOf(spanId).length <= 2);
    this.#parents = rows.map((row) => (isTree ? this.#findParent(row) : undefined));
    this.#paths = rows.map((row) => (isTree ? this.#findPath(row) : undefined));
  }

  // ── The tree ─────────────────────────────────────────────────────────────────────────────────

  #rowsOf(id: string): number[] {
    return this.#spans.flatMap((span, row) => (span.spanId === id ? [row] : []));
  }

  #findParent(row: number): number | undefined {
    const { parentSpanId, kind } = this.#spans[row]!;
    if (parentSpanId === undefined) return undefined;
    const candidates = this.#rowsOf(parentSpanId);
    if (candidates.length < 2) return candidates[0];
    const wanted = kind === "server" ? "client" : "server";
    return candidates.find((other) => this.#spans[other]!.kind === wanted);
  }

  /** From the row to its root; undefined if that is not reached. */
  #findPath(row: number): number[] | undefined {
    const path = [row];
    while (path.length <= this.#spans.length) {
      const last = path.at(-1)!;
      if (this.#spans[last]!.parentSpanId === undefined) return path;
      const parent = this.#parents[last];
      if (parent === undefined) return undefined;
      path.push(parent);
    }
    return undefined;
  }

  related(relation: Relation, a: number, b: number): boolean {
    const [pathA, pathB] = [this.#paths[a], this.#paths[b]];
    if (pathA === undefined || pathB === undefined) return false;
    switch (relation) {
      case "child":
        return pathB[1] === a;
      case "descendant":
        return pathB.slice(1).includes(a);
      case "parent":
        return pathA[1] === b;
      case "ancestor":
        return pathA.slice(1).includes(b);
      case "sibling":
        return a !== b && pathA[1] === pathB[1];
    }
  }

  // ── Spansets ─────────────────────────────────────────────────────────────────────────────────

  pipeline({ stages }: Pipeline, sets: readonly NaiveSet[]): NaiveSet[] {
    return stages.reduce<NaiveSet[]>((current, stage) => this.#stage(stage, current), [...sets]);
  }

  #stage(stage: Stage, sets: readonly NaiveSet[]): NaiveSet[] {
    switch (stage.kind) {
      case "select":
        return [...sets];
      case "coalesce": {
        const rows = sorted(sets.flatMap((set) => set.rows));
        return rows.length === 0 ? [] : [{ rows, attributes: [] }];
      }
      case "group":
        return sets.flatMap((set) => {
          const groups = new Map<string, number[]>();
          for (const row of set.rows) {
            const key = text(this.projected(stage.by, row));
            groups.set(key, [...(groups.get(key) ?? []), row]);
          }
          return [...groups].map(([key, rows]) => ({
            rows,
            attributes: replaced(set, groupText(stage), key),
          }));
        });
      case "scalarFilter":
        return sets.flatMap((set) => {
          const value = this.#aggregate(stage.left as Aggregate, set.rows);
          const limit = stage.right.kind === "literal" ? stage.right.value : undefined;
          if (value === undefined || !compareValues(stage.op, value, limit!)) return [];
          const name = aggregateText(stage.left as Aggregate);
          return [{ ...set, attributes: replaced(set, name, text(value)) }];
        });
      default:
        return sets.flatMap((set) => this.#expression(stage, set));
    }
  }

  #expression(expr: SpansetExpr, set: NaiveSet): NaiveSet[] {
    const of = (rows: readonly number[]): NaiveSet[] =>
      rows.length === 0 ? [] : [{ rows: sorted(rows), attributes: set.attributes }];
    switch (expr.kind) {
      case "filter":
        return of(set.rows.filter((row) => this.#holds(expr.condition, row)));
      case "pipeline":
        return this.pipeline(expr, [set]);
      case "spansetLogic": {
        const sides: NaiveSet[][] = [];
        for (const operand of expr.operands) {
          sides.push(this.#expression(operand, set));
          if (expr.op === "&&" && sides.at(-1)!.length === 0) return [];
        }
        return of(sides.flat().flatMap((side) => side.rows));
      }
      case "unless": {
        const left = this.#expression(expr.left, set);
        return left.length > 0 && this.#expression(expr.right, set).length > 0 ? [] : left;
      }
      case "structural": {
        const left = this.#expression(expr.left, set);
        if (left.length === 0 && expr.form !== "negated") return [];
        const right = this.#expression(expr.right, set);
        if (right.length === 0) return [];
        if (left.length > 1 || right.length > 1) throw new Fault("invalid", "several spansets");
        const [as, bs] = [left[0]?.rows ?? [], right[0]!.rows];
        const related = (a: number, b: number): boolean => this.related(expr.relation, a, b);
        const found = bs.filter((b) => as.some((a) => related(a, b)) !== (expr.form === "negated"));
        if (expr.form !== "union") return of(found);
        return of([...found, ...as.filter((a) => bs.some((b) => related(a, b)))]);
      }
    }
  }

  #aggregate({ fn, argument }: Aggregate, rows: readonly number[]): NumberValue | undefined {
    if (argument === undefined) return { type: "int", value: BigInt(rows.length) };
    const numbers = rows
      .map((row) => this.projected(argument, row))
      .filter(
        (value): value is NumberValue => value?.type !== "array" && !!value && isNumber(value),
      );
    if (numbers.length === 0) return undefined;
    const best = (op: "<" | ">"): NumberValue =>
      numbers.reduce((a, b) => (compareValues(op, b, a) ? b : a));
    const types = new Set(numbers.map(({ type }) => type));
    const [type] = types;
    const total = numbers.reduce((sum, { value }) => sum + Number(value), 0);
    const isOne = types.size === 1;
    switch (fn) {
      case "min":
        return best("<");
      case "max":
        return best(">");
      case "sum":
        if (!isOne || type === "float") return { type: "float", value: total };
        return { type: type as "int", value: BigInt(total) };
      default:
        if (!isOne || type !== "duration") return { type: "float", value: total / numbers.length };
        return { type, value: BigInt(Math.trunc(total / numbers.length)) };
    }
  }

  // ── Conditions ───────────────────────────────────────────────────────────────────────────────

  /** There is an event and a link, or none, for which it is true. */
  #holds(expr: FieldExpr, row: number): boolean {
    const { events, links } = this.#spans[row]!;
    return [...events, undefined].some((event) =>
      [...links, undefined].some((link) => {
        const item = { ...(event && { event }), ...(link && { link }) };
        return isTrue(this.#value(expr, row, item));
      }),
    );
  }

  #value(expr: FieldExpr, row: number, item: Item): Any {
    if (isTest(expr)) {
      return { type: "bool", value: this.#test(expr, row, item) };
    }
    switch (expr.kind) {
      case "attribute":
      case "intrinsic":
        return this.#field(expr, row, item);
      case "literal":
        return expr.value;
      case "arithmetic": {
        const a = this.#value(expr.left, row, item);
        return arithmetic(expr.op, a, this.#value(expr.right, row, item));
      }
      case "negate": {
        const value = this.#value(expr.operand, row, item);
        if (value === undefined) return undefined;
        if (value.type === "array" || !isNumber(value)) throw new Fault("invalid", "no number");
        return negate(value);
      }
      default:
        return undefined;
    }
  }

  #test(expr: FieldExpr, row: number, item: Item): boolean {
    if (expr.kind === "not") return !this.#closed(expr.operand, row);
    const value = (operand: FieldExpr): Any => this.#value(operand, row, item);
    if (expr.kind === "logic") {
      const operands = expr.operands;
      const holds = (operand: FieldExpr): boolean => isTrue(value(operand));
      return expr.op === "&&" ? operands.every(holds) : operands.some(holds);
    }
    // A test that reads an event is false without one.
    if (reads(expr, "event") && item.event === undefined) return false;
    if (reads(expr, "link") && item.link === undefined) return false;
    switch (expr.kind) {
      case "comparison":
        return items(value(expr.left), value(expr.right), expr.op === "!=", (a, b) =>
          compareValues(
            expr.op,
            padded(a, expr.left, expr.right),
            padded(b, expr.right, expr.left),
          ),
        );
      case "match": {
        const pattern = expr.right.kind === "literal" ? String(expr.right.value.value) : "";
        const regex = compileEngine(pattern)!;
        const wanted = expr.op === "=~";
        const left = value(expr.left);
        const none: Value = { type: "bool", value: true };
        return items(left, none, !wanted, (a) => {
          return a.type === "string" && regex.matches(a.value) === wanted;
        });
      }
      case "exists":
        return (value(expr.operand) === undefined) === expr.negated;
      case "in": {
        const operand = value(expr.operand);
        const op = expr.negated ? "!=" : "=";
        const compare = (literal: Value): boolean =>
          items(operand, literal, expr.negated, (a, b) => compareValues(op, a, b));
        const values = expr.values.map((literal) => padded(literal.value, literal, expr.operand));
        return expr.negated ? values.every(compare) : values.some(compare);
      }
      default:
        return false;
    }
  }

  /** A condition of its own, whose value has to be a bool. */
  #closed(expr: FieldExpr, row: number): boolean {
    if (!isTest(expr)) {
      const { events, links } = this.#spans[row]!;
      const eventsOf = reads(expr, "event") ? events.toReversed() : [undefined];
      const linksOf = reads(expr, "link") ? links.toReversed() : [undefined];
      return eventsOf.some((event) =>
        linksOf.some((link) => {
          const item = { ...(event && { event }), ...(link && { link }) };
          const value = this.#value(expr, row, item);
          if (value !== undefined && value.type !== "bool") throw new Fault("invalid", "no bool");
          return isTrue(value);
        }),
      );
    }
    return this.#holds(expr, row);
  }

  /** Outside of filters a field of events has one value, that of the last event that has it. (What the
   * evaluator remembers of filters is not looked at here.) */
  projected(expr: FieldExpr, row: number): Any {
    if (expr.kind !== "attribute" && expr.kind !== "intrinsic") {
      if (isTest(expr)) return { type: "bool", value: this.#holds(expr, row) };
      if (expr.kind === "arithmetic") {
        const a = this.projected(expr.left, row);
        return arithmetic(expr.op, a, this.projected(expr.right, row));
      }
      return this.#value(expr, row, {});
    }
    const { events, links } = this.#spans[row]!;
    if (reads(expr, "event")) {
      return events.map((event) => this.#field(expr, row, { event })).findLast((value) => value);
    }
    if (reads(expr, "link")) {
      return links.map((link) => this.#field(expr, row, { link })).findLast((value) => value);
    }
    return this.#field(expr, row, {});
  }

  #field(field: Field, row: number, { event, link }: Item): Any {
    if (field.ofParent) {
      const parent = this.#parents[row];
      return parent === undefined
        ? undefined
        : this.#field({ ...field, ofParent: false }, parent, {});
    }
    const span = this.#spans[row]!;
    if (field.kind === "attribute") {
      const resource = this.#trace.resources[span.resource]!;
      const owners = {
        any: [span.attributes, resource.attributes],
        span: [span.attributes],
        resource: [resource.attributes],
        event: [event?.attributes ?? []],
        link: [link?.attributes ?? []],
        instrumentation: [this.#trace.scopes[span.scope]!.attributes],
      }[field.scope];
      const found = owners.map((list) => attributeOf(list, field.name)).find((value) => value);
      const isService = field.name === "service.name" && ["any", "resource"].includes(field.scope);
      return found ?? (isService ? { type: "string", value: resource.service } : undefined);
    }
    switch (field.name) {
      case "span:name":
        return { type: "string", value: span.name };
      case "span:duration":
        return { type: "duration", value: BigInt(span.durationNano) };
      case "span:status":
        return { type: "status", value: span.status };
      case "span:kind":
        return { type: "kind", value: span.kind };
      case "span:childCount": {
        const children = this.#parents.filter((parent) => parent === row);
        return { type: "int", value: BigInt(children.length) };
      }
      case "event:name":
        return event && { type: "string", value: event.name };
      case "link:spanID":
        return link && { type: "string", value: link.spanId };
      default:
        throw new Error(`the second opinion has none on ${field.name}`);
    }
  }
}

function replaced(set: NaiveSet, name: string, value: string): NaiveSet["attributes"] {
  return [...set.attributes.filter(([known]) => known !== name), [name, value]];
}

function attributeOf(attributes: readonly KeyValue[], key: string): AttributeValue | undefined {
  const found = attributes.find((attribute) => attribute.key === key);
  return found && searchableValue(found.value);
}

function isTest(expr: FieldExpr): boolean {
  return ["logic", "not", "comparison", "match", "exists", "in"].includes(expr.kind);
}

/** Whether it reads what belongs to events or links, outside of negations, which ask on their own. */
function reads(expr: FieldExpr, owner: "event" | "link"): boolean {
  switch (expr.kind) {
    case "attribute":
      return expr.scope === owner;
    case "intrinsic":
      return expr.name.startsWith(`${owner}:`);
    case "literal":
    case "not":
      return false;
    case "logic":
      return expr.operands.some((operand) => reads(operand, owner));
    case "comparison":
    case "match":
    case "arithmetic":
      return reads(expr.left, owner) || reads(expr.right, owner);
    default:
      return reads(expr.operand, owner);
  }
}

/** Whether it holds for every pair of items, or for any. Nil has none. */
function items(a: Any, b: Any, every: boolean, test: (a: Value, b: Value) => boolean): boolean {
  if (a === undefined || b === undefined) return false;
  const [as, bs] = [a, b].map((value) => (value.type === "array" ? [...value.values] : [value]));
  const pairs = as!.flatMap((x) => bs!.map((y) => [x, y] as const));
  return every ? pairs.every(([x, y]) => test(x, y)) : pairs.some(([x, y]) => test(x, y));
}

function padded(value: Value, own: FieldExpr, other: FieldExpr): Value {
  const isId = own.kind === "literal" && other.kind === "intrinsic" && other.name === "link:spanID";
  return isId && value.type === "string"
    ? { type: "string", value: value.value.padStart(16, "0") }
    : value;
}

function arithmetic(op: Parameters<typeof calculate>[0], a: Any, b: Any): Any {
  if (a?.type === "array" || b?.type === "array") throw new Fault("invalid", "array");
  if (a === undefined || b === undefined || !isNumber(a) || !isNumber(b)) return undefined;
  const result = calculate(op, a, b);
  if (typeof result === "string") throw new Fault("invalid", result);
  return result;
}

function isTrue(value: Any): boolean {
  return value?.type === "bool" && value.value;
}

function sorted(rows: readonly number[]): number[] {
  return [...new Set(rows)].sort((a, b) => a - b);
}

/** A value as text with its type, so that different ones are different. */
export function text(value: Any): string {
  if (value === undefined) return "nil";
  if (value.type === "array") return `[${value.values.map(text).join()}]`;
  return `${value.type} ${String(value.value)}`;
}
