/** Parsing pipelines: expressions of what stands between braces, and the stages after the pipes. */
import type { Aggregate, Group, MetricsExpr, Pipeline, Place, Select, Stage } from "./ast.ts";
import { type Cursor, SyntaxStop, unexpectedToken } from "./cursor.ts";
import { levels, operatorLevels, parseField, parseFieldExpr } from "./parse-field.ts";
import { combineMetrics, isMetricsFunction, parseMetrics } from "./parse-metrics.ts";
import {
  combineScalars,
  isAggregate,
  isComparison,
  isNumberToken,
  parseAggregate,
  parseNumber,
} from "./parse-scalar.ts";
import { combineSpansets, parseFilter, structuralOperators } from "./parse-spanset.ts";
import type { Part } from "./parts.ts";
import { operatorOf, type Token, wordOf } from "./tokens.ts";

/** What stands in brackets, or is a whole query but for its end. */
export type Chain =
  /** One expression, without a pipe after it. */
  | { readonly kind: "part"; readonly part: Part }
  | { readonly kind: "pipeline"; readonly pipeline: Pipeline }
  /** A pipeline that ends in an aggregate; in brackets only. */
  | { readonly kind: "aggregate"; readonly pipeline: Pipeline; readonly aggregate: Aggregate }
  | { readonly kind: "metrics"; readonly metrics: MetricsExpr };

/** Parses an expression and the stages after it, as far as they are stages of a pipeline. */
export function parseChain(cursor: Cursor, inBrackets: boolean): Chain {
  const stages: Stage[] = [];
  if (cursor.isWord("by")) stages.push(parseGroup(cursor));
  else if (cursor.isWord("select")) stages.push(parseSelect(cursor));
  else {
    const part = parseExpression(cursor);
    if (!cursor.isOperator("|") || part.is === "metrics") return { kind: "part", part };
    stages.push(...firstStages(cursor, part));
  }
  while (cursor.isOperator("|") && !isOrder(cursor, inBrackets)) {
    cursor.next();
    const { token } = cursor;
    if (wordOf(token) === "by") stages.push(parseGroup(cursor));
    else if (wordOf(token) === "select") stages.push(parseSelect(cursor));
    else if (wordOf(token) === "coalesce") stages.push(parseCoalesce(cursor));
    else if (isMetricsFunction(token)) {
      return { kind: "metrics", metrics: parseMetrics(cursor, pipelineOf(cursor, stages)) };
    } else {
      const part = parseExpression(cursor);
      if (inBrackets && part.is === "scalar" && part.expr.kind === "aggregate") {
        const pipeline = pipelineOf(cursor, stages);
        return { kind: "aggregate", pipeline, aggregate: part.expr };
      }
      stages.push(laterStage(cursor, part, token));
    }
  }
  return { kind: "pipeline", pipeline: pipelineOf(cursor, stages) };
}

/** Whether the pipe here leads to `sort` or `limit`, which are not stages of every pipeline. */
function isOrder(cursor: Cursor, inBrackets: boolean): boolean {
  const word = wordOf(cursor.following);
  if (word !== "sort" && word !== "limit") return false;
  if (!inBrackets) return true;
  const message = `${word}() is about all traces found, so it cannot be within brackets`;
  throw new SyntaxStop(message, cursor.following);
}

/** The pipeline with these stages. */
export function pipelineOf(cursor: Cursor, stages: readonly Stage[]): Pipeline {
  const place = { from: stages[0]!.from, to: stages.at(-1)!.to };
  return cursor.made({ kind: "pipeline", stages, ...place }, stages);
}

/** The stages that an expression with a pipe after it comes to. */
function firstStages(cursor: Cursor, part: Part): readonly Stage[] {
  if (part.is === "filter" && !part.isOfPipelines) return [part.expr];
  if (part.is !== "spanset") return cursor.unexpected();
  if (part.hasPipeline) cursor.noteExtension(cursor.token);
  return part.expr.kind === "pipeline" ? part.expr.stages : [part.expr];
}

function laterStage(cursor: Cursor, part: Part, start: Token): Stage {
  if (part.is === "filter" && !part.isOfPipelines) return part.expr;
  if (part.is !== "spanset") return cursor.unexpected();
  return part.hasPipeline ? unexpectedToken(start) : part.expr;
}

function parseGroup(cursor: Cursor): Group {
  const { from } = cursor.next();
  cursor.expect("(");
  const by = parseFieldExpr(cursor);
  const { to } = cursor.close(")");
  return { kind: "group", by, from, to };
}

function parseCoalesce(cursor: Cursor): Stage {
  const { from } = cursor.next();
  cursor.expect("(");
  const { to } = cursor.expect(")");
  return { kind: "coalesce", from, to };
}

/** Parses `select(a, b)`; the word has to be here. */
export function parseSelect(cursor: Cursor): Select {
  const { from } = cursor.next();
  cursor.expect("(");
  const fields = [parseField(cursor)];
  while (cursor.skip(",")) fields.push(parseField(cursor));
  const { to } = cursor.isOperator(")") ? cursor.next() : cursor.unexpected(") or ,");
  return { kind: "select", fields, from, to };
}

function parseExpression(cursor: Cursor, level: number = levels.logic): Part {
  return cursor.nested(() => {
    let left = parseOperand(cursor);
    for (;;) {
      const operator = cursor.token;
      const own = levelAfter(left, operator);
      if (own === undefined || own < level) return left;
      cursor.next();
      const start = cursor.token;
      const isSpanset = cursor.isOperator("{") || cursor.isOperator("(");
      if (left.is === "spanset" && !isSpanset) return cursor.unexpected("{ or (");
      const right = parseExpression(cursor, own === levels.power ? own : own + 1);
      left = combine(cursor, left, operator, right) ?? misfit(cursor, right, start);
    }
  });
}

/** The level of the operator if it can come after such a part. */
function levelAfter(part: Part, operator: Token): number | undefined {
  const op = operatorOf(operator) ?? "";
  switch (part.is) {
    case "spanset":
      if (op === "&&" || op === "||" || wordOf(operator) === "unless") return levels.logic;
      return structuralOperators.has(op) ? levels.comparison : undefined;
    case "filter":
      return undefined;
    case "metrics":
      return /^[-+*/]$/.test(op) ? operatorLevels.get(op) : undefined;
    case "number":
    case "scalar":
    case "scalarPipe":
      return isComparison(operator) || /^[-+*/%^]$/.test(op) ? operatorLevels.get(op) : undefined;
  }
}

function combine(cursor: Cursor, left: Part, operator: Token, right: Part): Part | undefined {
  if (left.is === "spanset") {
    return right.is === "spanset" ? combineSpansets(cursor, left, operator, right) : undefined;
  }
  if (right.is === "spanset" || left.is === "filter" || right.is === "filter") return undefined;
  if (left.is === "metrics") {
    const fits = right.is === "metrics" || right.is === "number";
    return fits ? combineMetrics(cursor, left, operator, right) : undefined;
  }
  if (right.is !== "metrics") return combineScalars(cursor, left, operator, right);
  return left.is === "number" ? combineMetrics(cursor, left, operator, right) : undefined;
}

/** Reports a right side that does not go with the left: a number, by what should follow it. */
function misfit(cursor: Cursor, right: Part, start: Token): never {
  return right.is === "number" ? cursor.unexpected() : unexpectedToken(start);
}

function parseOperand(cursor: Cursor): Part {
  const { token } = cursor;
  if (cursor.isOperator("{")) {
    return { is: "spanset", expr: parseFilter(cursor), isWrapped: false, hasPipeline: false };
  }
  if (cursor.isOperator("(")) return parseBrackets(cursor);
  if (cursor.isOperator("-") || isNumberToken(token)) {
    return { is: "number", expr: parseNumber(cursor) };
  }
  if (isAggregate(token)) return { is: "scalar", expr: parseAggregate(cursor) };
  return cursor.unexpected();
}

function parseBrackets(cursor: Cursor): Part {
  cursor.expect("(");
  const chain = parseChain(cursor, true);
  const isPiped = chain.kind === "pipeline" || chain.kind === "metrics";
  if (isPiped && !cursor.isOperator(")")) return cursor.unexpected(") or |");
  const { to } = cursor.close(")");
  switch (chain.kind) {
    case "pipeline":
      return { is: "spanset", expr: chain.pipeline, isWrapped: true, hasPipeline: true };
    case "metrics":
      return { is: "metrics", expr: chain.metrics };
    case "aggregate": {
      const { pipeline, aggregate } = chain;
      const place: Place = { from: pipeline.from, to: aggregate.to };
      const scalar = { kind: "scalarPipeline", pipeline, aggregate, ...place } as const;
      return { is: "scalarPipe", expr: cursor.made(scalar, [pipeline]) };
    }
    case "part":
      return inBrackets(cursor, chain.part, to);
  }
}

function inBrackets(cursor: Cursor, part: Part, to: number): Part {
  if (part.is === "spanset") return { ...part, isWrapped: true };
  if (part.is !== "filter") return part;
  if (part.isOfPipelines) {
    throw new SyntaxStop("syntax error: unexpected )", { from: to - 1, to });
  }
  const expr = pipelineOf(cursor, [part.expr]);
  return { is: "spanset", expr, isWrapped: true, hasPipeline: true };
}
