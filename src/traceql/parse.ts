/** From the text of a query to its tree. */
import type { Field, Hint, Limit, MetricsExpr, Pipeline, Query, Sort } from "./ast.ts";
import { Cursor, SyntaxStop } from "./cursor.ts";
import { lex } from "./lex.ts";
import { parseField, parseFieldExpr, parseLiteral } from "./parse-field.ts";
import { parseInteger, withSecondStages } from "./parse-metrics.ts";
import { parseChain, parseSelect, pipelineOf } from "./parse-pipeline.ts";
import type { Problem } from "./problem.ts";
import { isKnownWord, type Token, wordOf } from "./tokens.ts";

/** The longest query, in bytes of UTF-8. How deep it may be nested is said in cursor.ts. */
export const MAX_QUERY_BYTES = 131_072;

/** A query as a tree, or why it is none. */
export type Parsed =
  | {
      readonly query: Query;
      readonly problems: readonly [];
      /** Uses of what Clew adds to the language, worded as Tempo's parser would refuse them. */
      readonly extensions: readonly Problem[];
    }
  | { readonly query?: undefined; readonly problems: readonly [Problem] };

/** Parses a whole query. Never throws. What it gives has still to be checked (check.ts). */
export function parseQuery(text: string): Parsed {
  if (isTooLong(text)) {
    const message = `a query can have ${MAX_QUERY_BYTES} bytes, and this is longer`;
    return { problems: [{ kind: "syntax", message, from: 0, to: text.length }] };
  }
  return parseTokens(lex(text).tokens);
}

/** As `parseQuery`, from tokens. */
export function parseTokens(tokens: readonly Token[]): Parsed {
  const cursor = new Cursor(tokens);
  try {
    const query = parseWhole(cursor);
    return { query, problems: [], extensions: cursor.extensions };
  } catch (error) {
    if (!(error instanceof SyntaxStop)) throw error;
    return { problems: [error.problem] };
  }
}

/** The attribute or intrinsic that the text is the name of, or why it is none. Never throws. */
export function parseFieldName(
  text: string,
): { readonly field: Field } | { readonly field?: undefined; readonly problem: Problem } {
  const cursor = new Cursor(lex(text).tokens);
  try {
    const field = parseField(cursor);
    return cursor.token.kind === "end" ? { field } : cursor.unexpected();
  } catch (error) {
    if (!(error instanceof SyntaxStop)) throw error;
    return { problem: error.problem };
  }
}

function isTooLong(text: string): boolean {
  // A code unit is one to three bytes.
  if (text.length * 3 <= MAX_QUERY_BYTES) return false;
  return text.length > MAX_QUERY_BYTES || new TextEncoder().encode(text).length > MAX_QUERY_BYTES;
}

function parseWhole(cursor: Cursor): Query {
  const chain = parseChain(cursor, false);
  if (chain.kind === "metrics") return endMetrics(cursor, chain.metrics);
  if (chain.kind === "pipeline") return endSearch(cursor, chain.pipeline);
  // Within brackets only.
  if (chain.kind === "aggregate") return cursor.unexpected();
  const { part } = chain;
  switch (part.is) {
    case "metrics":
      return endMetrics(cursor, withSecondStages(cursor, part.expr));
    case "spanset":
    case "filter": {
      const { expr } = part;
      return endSearch(cursor, expr.kind === "pipeline" ? expr : pipelineOf(cursor, [expr]));
    }
    case "number":
    case "scalar":
    case "scalarPipe":
      return cursor.unexpected();
  }
}

function endMetrics(cursor: Cursor, metrics: MetricsExpr): Query {
  const { hints, to } = parseHints(cursor, metrics.to);
  return { kind: "metrics", metrics, hints, from: metrics.from, to };
}

function endSearch(cursor: Cursor, before: Pipeline): Query {
  const stages = [...before.stages];
  let sort: Sort | undefined;
  let limit: Limit | undefined;
  let end = before.to;
  while (cursor.skip("|")) {
    const { token } = cursor;
    const word = wordOf(token);
    if (word === "sort" && sort === undefined && limit === undefined) {
      end = (sort = parseSort(cursor)).to;
    } else if (word === "limit" && limit === undefined) end = (limit = parseLimit(cursor)).to;
    else if (word === "select") {
      // It drops nothing, so it may as well come before.
      const select = parseSelect(cursor);
      stages.push(select);
      end = select.to;
    } else throw new SyntaxStop(misplaced(word), token);
  }
  const pipeline = sort || limit ? { ...before, stages } : before;
  const { hints, to } = parseHints(cursor, end);
  return {
    kind: "search",
    pipeline,
    ...(sort && { sort }),
    ...(limit && { limit }),
    hints,
    from: before.from,
    to,
  };
}

function misplaced(word: string | undefined): string {
  if (word === "sort") return "there can be one sort(), before limit()";
  if (word === "limit") return "there can be one limit()";
  return "after sort() and limit() there can be select() only";
}

function parseSort(cursor: Cursor): Sort {
  cursor.noteExtension(cursor.token);
  const { from } = cursor.next();
  cursor.expect("(");
  const by = parseFieldExpr(cursor);
  const word = wordOf(cursor.token);
  const direction = word === "desc" ? "desc" : "asc";
  if (word === "asc" || word === "desc") cursor.next();
  const { to } = cursor.close(")");
  return { kind: "sort", by, direction, from, to };
}

function parseLimit(cursor: Cursor): Limit {
  cursor.noteExtension(cursor.token);
  const { from } = cursor.next();
  cursor.expect("(");
  const count = Number(parseInteger(cursor));
  const { to } = cursor.expect(")");
  return { kind: "limit", count, from, to };
}

/** Parses the `with (…)` at the end, and makes sure that it is the end. */
function parseHints(cursor: Cursor, end: number): { hints: readonly Hint[]; to: number } {
  let hints: Hint[] = [];
  let to = end;
  while (cursor.isWord("with")) {
    cursor.next();
    cursor.expect("(");
    hints = [];
    do {
      hints.push(parseHint(cursor));
    } while (cursor.skip(","));
    ({ to } = cursor.expect(")"));
  }
  return cursor.token.kind === "end" ? { hints, to } : cursor.unexpected();
}

function parseHint(cursor: Cursor): Hint {
  const { token } = cursor;
  const name = wordOf(token);
  if (name === undefined || isKnownWord(name)) return cursor.unexpected("IDENTIFIER");
  cursor.next();
  cursor.expect("=");
  const value = parseLiteral(cursor) ?? cursor.unexpected();
  return { kind: "hint", name, value, from: token.from, to: value.to };
}
