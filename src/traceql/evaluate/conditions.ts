/**
 * Conditions of filters as functions of a span, made once a query.
 *
 * A test on an event holds if there is an event for which it does, and tests joined by `&&` must hold
 * for the same one. So a condition says "there is an event e and a link l for which …", and the
 * quantifier is moved inwards as far as it goes:
 *
 *     A(e) || B(e)            each alternative with an event of its own
 *     A && B(e) && C(e)       A first, then one event for B and C together
 *     !A(e)                   a condition of its own: there is no e for which A
 *
 * A test that reads an event is false where there is none.
 */
import { Fault } from "../../base/fault.ts";
import { calculate, isNumber, negate } from "../arithmetic.ts";
import type { Arithmetic, FieldExpr, Literal, Match, Negate, Not } from "../ast.ts";
import { expressionText } from "../expression-text.ts";
import { compileRegex } from "../regex.ts";
import { partsOf, type Variables, variablesOf, withMemberships } from "./condition-parts.ts";
import { compileComparison, compileMembership } from "./comparisons.ts";
import { fieldGetter, type Getter, type Predicate, projectionGetter } from "./fields.ts";
import type { Columns } from "./run.ts";
import { NONE } from "./tree.ts";
import { anyOrEvery, FALSE, type RuntimeValue, TRUE, typeName } from "./values.ts";

/** Gives the spans for which a filter's condition is true. Throws Fault "invalid" at spans for which it
 * cannot be calculated (a division by zero, `!` of what is no bool). */
export function compileCondition(condition: FieldExpr, columns: Columns): Predicate {
  const holds = closed(condition, { columns, isWitnessed: true });
  const { event, link } = variablesOf(condition);
  if (!event && !link) return holds;
  return (run, row) => {
    run.foundEvent = run.foundLink = NONE;
    if (!holds(run, row)) return false;
    run.witness(row, { event: run.foundEvent, link: run.foundLink });
    return true;
  };
}

/** The value of an expression for a span where it is no filter's condition: in by, aggregates, sort. A
 * field of events has one value there, see `projectionGetter`; tests ask for any event. */
export function compileValue(expr: FieldExpr, columns: Columns): Getter {
  switch (expr.kind) {
    case "attribute":
    case "intrinsic":
      return projectionGetter(expr, columns);
    case "literal":
      return constant(expr);
    case "arithmetic":
      return arithmetic(expr, (operand) => compileValue(operand, columns));
    case "negate":
      return negation(expr, (operand) => compileValue(operand, columns));
    default:
      return truthValue(closed(expr, { columns, isWitnessed: false }));
  }
}

interface Context {
  readonly columns: Columns;
  /** Whether it is remembered because of which event a span is kept. */
  readonly isWitnessed: boolean;
}

/** The condition with all its quantifiers. */
function closed(expr: FieldExpr, context: Context): Predicate {
  if (expr.kind === "not") return negated(expr, context);
  if (expr.kind !== "logic") {
    return quantified(test(expr, context), variablesOf(expr), { context, orNone: false });
  }
  const operands = withMemberships(expr);
  if (expr.op === "||") return anyOf(operands.map((operand) => closed(operand, context)));
  const parts = partsOf(operands).map(({ operands, variables }) => {
    if (operands.length === 1) return closed(operands[0]!, context);
    const all = allOf(operands.map((operand) => open(operand, context)));
    return quantified(all, variables, { context, orNone: true });
  });
  return allOf(parts);
}

/** The condition for the event and link looked at now. */
function open(expr: FieldExpr, context: Context): Predicate {
  const variables = variablesOf(expr);
  if (!variables.event && !variables.link) return closed(expr, context);
  if (expr.kind === "logic") {
    const operands = withMemberships(expr).map((operand) => open(operand, context));
    return expr.op === "&&" ? allOf(operands) : anyOf(operands);
  }
  const holds = test(expr, context);
  return (run, row) =>
    (!variables.event || run.event !== NONE) &&
    (!variables.link || run.link !== NONE) &&
    holds(run, row);
}

interface Quantifier {
  readonly context: Context;
  /** Where there is no event, ask once without one: some alternatives may need none. */
  readonly orNone: boolean;
}

/** Whether there is an event and a link for which it holds; the last one is found. */
function quantified(holds: Predicate, { event, link }: Variables, how: Quantifier): Predicate {
  const found = how.context.isWitnessed ? remembered(holds) : holds;
  if (event && link) return someEvent(someLink(found, how.orNone), how.orNone);
  if (event) return someEvent(found, how.orNone);
  return link ? someLink(found, how.orNone) : holds;
}

/** Notes the event and link looked at when it holds. */
function remembered(holds: Predicate): Predicate {
  return (run, row) => {
    if (!holds(run, row)) return false;
    if (run.event !== NONE) run.foundEvent = run.event;
    if (run.link !== NONE) run.foundLink = run.link;
    return true;
  };
}

function someEvent(holds: Predicate, orNone: boolean): Predicate {
  return (run, row) => {
    const { ends } = run.events;
    const first = row === 0 ? 0 : ends[row - 1]!;
    const outer = run.event;
    run.spend(ends[row]! - first);
    let isFound = false;
    for (let event = ends[row]! - 1; !isFound && event >= first; event--) {
      run.event = event;
      isFound = holds(run, row);
    }
    if (orNone && ends[row] === first) {
      run.event = NONE;
      isFound = holds(run, row);
    }
    run.event = outer;
    return isFound;
  };
}

function someLink(holds: Predicate, orNone: boolean): Predicate {
  return (run, row) => {
    const { ends } = run.links;
    const first = row === 0 ? 0 : ends[row - 1]!;
    const outer = run.link;
    run.spend(ends[row]! - first);
    let isFound = false;
    for (let link = ends[row]! - 1; !isFound && link >= first; link--) {
      run.link = link;
      isFound = holds(run, row);
    }
    if (orNone && ends[row] === first) {
      run.link = NONE;
      isFound = holds(run, row);
    }
    run.link = outer;
    return isFound;
  };
}

function allOf(predicates: readonly Predicate[]): Predicate {
  const [a, b] = predicates;
  if (predicates.length === 1) return a!;
  if (predicates.length === 2) return (run, row) => a!(run, row) && b!(run, row);
  return (run, row) => {
    for (const predicate of predicates) if (!predicate(run, row)) return false;
    return true;
  };
}

function anyOf(predicates: readonly Predicate[]): Predicate {
  const [a, b] = predicates;
  if (predicates.length === 1) return a!;
  if (predicates.length === 2) return (run, row) => a!(run, row) || b!(run, row);
  return (run, row) => {
    for (const predicate of predicates) if (predicate(run, row)) return true;
    return false;
  };
}

/** `!operand`: nil counts as false, and what is neither that nor a bool is an error. */
function negated(expr: Not, { columns }: Context): Predicate {
  const context = { columns, isWitnessed: false };
  const { operand } = expr;
  if (isTest(operand)) {
    const holds = closed(operand, context);
    return (run, row) => !holds(run, row);
  }
  const value = valueOf(operand, context);
  const holds: Predicate = (run, row) => {
    const result = value(run, row);
    if (result === undefined) return false;
    if (result.type !== "bool") throw wrongOperand(expr, "a boolean", result);
    return result.value;
  };
  const isTrue = quantified(holds, variablesOf(operand), { context, orNone: false });
  return (run, row) => !isTrue(run, row);
}

function isTest(expr: FieldExpr): boolean {
  return ["logic", "not", "comparison", "match", "exists", "in"].includes(expr.kind);
}

function wrongOperand(expr: Not | Negate, wanted: string, got: RuntimeValue): Fault {
  const text = `expression (${expressionText(expr)}) expected ${wanted}, but got ${typeName(got)}`;
  return new Fault("invalid", text);
}

/** A condition that is neither logic nor negation, for the event and link looked at now. */
function test(expr: FieldExpr, context: Context): Predicate {
  const value = (operand: FieldExpr): Getter => valueOf(operand, context);
  switch (expr.kind) {
    case "comparison":
      return compileComparison(expr, value);
    case "match":
      return match(expr, value);
    case "in":
      return compileMembership(expr, value);
    case "exists": {
      const operand = value(expr.operand);
      if (expr.negated) return (run, row) => operand(run, row) === undefined;
      return (run, row) => operand(run, row) !== undefined;
    }
    case "literal": {
      const isTrue = expr.value.value === true;
      return () => isTrue;
    }
    default: {
      const operand = value(expr);
      return (run, row) => {
        const result = operand(run, row);
        return result !== undefined && result.type === "bool" && result.value;
      };
    }
  }
}

type ValueOf = (operand: FieldExpr) => Getter;

function match({ op, left, right }: Match, value: ValueOf): Predicate {
  const pattern = right.kind === "literal" ? right.value.value : undefined;
  const regex = typeof pattern === "string" ? compileRegex(pattern) : undefined;
  if (regex === undefined) throw new Fault("invalid", `invalid regex: \`${String(pattern)}\``);
  const text = value(left);
  const wanted = op === "=~";
  const matches = (item: RuntimeValue): boolean =>
    item.type === "string" && regex.matches(item.value) === wanted;
  return (run, row) => {
    const result = text(run, row);
    if (result === undefined) return false;
    return result.type === "array" ? anyOrEvery(!wanted, result, matches) : matches(result);
  };
}

/** A value within a condition, for the event and link looked at now. */
function valueOf(expr: FieldExpr, context: Context): Getter {
  const value = (operand: FieldExpr): Getter => valueOf(operand, context);
  switch (expr.kind) {
    case "attribute":
    case "intrinsic":
      return fieldGetter(expr, context.columns);
    case "literal":
      return constant(expr);
    case "arithmetic":
      return arithmetic(expr, value);
    case "negate":
      return negation(expr, value);
    default:
      return truthValue(open(expr, context));
  }
}

function constant({ value }: Literal): Getter {
  return () => value;
}

function truthValue(holds: Predicate): Getter {
  return (run, row) => (holds(run, row) ? TRUE : FALSE);
}

/** Nil, and what is no number, make the result nil. */
function arithmetic({ op, left, right }: Arithmetic, value: ValueOf): Getter {
  const [leftOf, rightOf] = [value(left), value(right)];
  return (run, row) => {
    const [a, b] = [leftOf(run, row), rightOf(run, row)];
    if (a?.type === "array" || b?.type === "array") {
      throw new Fault("invalid", "unsupported operation");
    }
    if (a === undefined || b === undefined || !isNumber(a) || !isNumber(b)) return undefined;
    const result = calculate(op, a, b);
    if (typeof result === "string") throw new Fault("invalid", result);
    return result;
  };
}

function negation(expr: Negate, value: ValueOf): Getter {
  const operand = value(expr.operand);
  return (run, row) => {
    const result = operand(run, row);
    if (result === undefined) return undefined;
    if (result.type === "array" || !isNumber(result)) throw wrongOperand(expr, "a numeric", result);
    return negate(result);
  };
}
