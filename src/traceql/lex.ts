/** From a query's text to its tokens. Nothing here fails: what is no token is an error token. */
import type { AttributeScope, Place } from "./ast.ts";
import { MAX_INT64, parseDuration } from "./duration.ts";
import { unescapeString } from "./strings.ts";
import {
  type AttributeToken,
  type ColonScope,
  colonScopes,
  dotScopes,
  operators,
  type Token,
} from "./tokens.ts";

/** A query cut into tokens. */
export interface Lexed {
  /** In the order of the text; the last one, and only that, is of kind "end". */
  readonly tokens: readonly Token[];
  readonly comments: readonly Place[];
}

/** What ends the name of an attribute that is not in quotes: white space as Unicode has it, and
 * characters that operators other than `+ - * / %` are made of. */
const nameEnd =
  "\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000{}()=~!<>&|^,";
const plainName = new RegExp(`[^${nameEnd}"]+`, "y");
const quotedName = /"[^"\\]*(?:\\["\\][^"\\]*)*"/y;
const closedName = /"[^"\\]*(?:\\[^][^"\\]*)*"/y;

const space = /[ \t\r\n]+/y;
const lineComment = /\/\/[^\n]*/y;
const word = /[\p{L}_][\p{L}\p{Nd}_]*/uy;
const number = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
/** What belongs to a duration, or makes a number no number. */
const numberTail = /[\p{L}\p{Nd}_.]+/uy;
const quoted = /"[^"\\\n]*(?:\\[^\n][^"\\\n]*)*"/y;

/** The tokens of `text`. */
export function lex(text: string): Lexed {
  const tokens: Token[] = [];
  const comments: Place[] = [];
  let at = 0;
  for (;;) {
    const blank = match(space, text, at) ?? match(lineComment, text, at);
    if (blank !== undefined) {
      if (blank.startsWith("//")) comments.push({ from: at, to: at + blank.length });
      at += blank.length;
    } else if (text.startsWith("/*", at)) {
      const end = text.indexOf("*/", at + 2);
      const to = end === -1 ? text.length : end + 2;
      comments.push({ from: at, to });
      if (end === -1) tokens.push(error("comment", "comment not terminated", { from: at, to }));
      at = to;
    } else if (at >= text.length) {
      tokens.push({ kind: "end", from: text.length, to: text.length });
      return { tokens, comments };
    } else {
      const token = tokenAt(text, at);
      tokens.push(token);
      at = token.to;
    }
  }
}

function tokenAt(text: string, at: number): Token {
  const char = text[at]!;
  if (char === '"') return quotedString(text, at);
  if (char === "`") return rawString(text, at);
  if (/\d/.test(char) || (char === "." && /\d/.test(text[at + 1] ?? ""))) return numeric(text, at);
  if (char === ".") return attribute(text, { from: at, name: at + 1, scope: "any", parent: false });
  const bare = match(word, text, at);
  if (bare !== undefined) return wordOrScope(text, at, bare);
  const operator = operators.find((operator) => text.startsWith(operator, at));
  if (operator !== undefined) {
    return { kind: "operator", text: operator, from: at, to: at + operator.length };
  }
  if (char === "'") return charLiteral(text, at);
  const to = at + (text.codePointAt(at)! > 0xffff ? 2 : 1);
  const message = `syntax error: unexpected ${JSON.stringify(text.slice(at, to))}`;
  return error("character", message, { from: at, to });
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function error(
  what: "string" | "number" | "comment" | "character",
  message: string,
  place: Place,
): Token {
  return { kind: "error", what, message, ...place };
}

function quotedString(text: string, from: number): Token {
  const literal = match(quoted, text, from);
  if (literal === undefined) return unterminated(text, from);
  const place = { from, to: from + literal.length };
  const value = unescapeString(literal.slice(1, -1));
  if (value === undefined) return error("string", "invalid char escape", place);
  return { kind: "string", value, ...place };
}

function rawString(text: string, from: number): Token {
  const end = text.indexOf("`", from + 1);
  if (end === -1) return error("string", "literal not terminated", { from, to: text.length });
  return { kind: "string", value: text.slice(from + 1, end), from, to: end + 1 };
}

/** A string that the end of its line came before the end of. */
function unterminated(text: string, from: number): Token {
  const line = text.indexOf("\n", from);
  const to = line === -1 ? text.length : line;
  return error("string", "literal not terminated", { from, to });
}

/** `'x'`, which is no string, though many believe so. */
function charLiteral(text: string, from: number): Token {
  const end = /'(?:[^'\\\n]|\\[^\n])*'/y;
  const literal = match(end, text, from) ?? "'";
  const message = `unknown identifier: ${literal}`;
  return error("character", message, { from, to: from + literal.length });
}

function numeric(text: string, from: number): Token {
  const digits = match(number, text, from)!;
  const tail = match(numberTail, text, from + digits.length) ?? "";
  const whole = digits + tail;
  const place = { from, to: from + whole.length };
  if (tail === "") {
    if (!/^\d+$/.test(digits)) {
      const value = Number(digits);
      if (Number.isFinite(value)) return { kind: "float", value, ...place };
      return error("number", `float out of range: ${whole}`, place);
    }
    const value = BigInt(digits);
    if (value <= MAX_INT64) return { kind: "int", value, ...place };
    return error("number", `int out of range: ${whole}`, place);
  }
  const nanos = parseDuration(whole);
  if (nanos !== undefined) return { kind: "duration", value: nanos, ...place };
  return error("number", `invalid number or duration: ${whole}`, place);
}

function wordOrScope(text: string, from: number, bare: string): Token {
  const after = from + bare.length;
  if (text[after] === ":" && (colonScopes as readonly string[]).includes(bare)) {
    return { kind: "colon", scope: bare as ColonScope, from, to: after + 1 };
  }
  if (text[after] !== "." || !(dotScopes as readonly string[]).includes(bare)) {
    return { kind: "word", text: bare, from, to: after };
  }
  const name = after + 1;
  if (bare !== "parent") {
    return attribute(text, { from, name, scope: bare as AttributeScope, parent: false });
  }
  const inner = (["span", "resource"] as const).find((scope) => text.startsWith(`${scope}.`, name));
  if (inner === undefined) return attribute(text, { from, name, scope: "any", parent: true });
  return attribute(text, { from, name: name + inner.length + 1, scope: inner, parent: true });
}

interface AttributeStart {
  readonly from: number;
  /** Where the name starts. */
  readonly name: number;
  readonly scope: AttributeScope;
  readonly parent: boolean;
}

function attribute(text: string, start: AttributeStart): Token {
  let name = "";
  let at = start.name;
  const attributeOf = (): AttributeToken => ({
    kind: "attribute",
    scope: start.scope,
    ofParent: start.parent,
    name,
    nameFrom: start.name,
  });
  const failure = (message: string, to: number): Token => ({
    kind: "error",
    what: "attribute",
    message,
    attribute: attributeOf(),
    from: start.from,
    to,
  });
  while (at < text.length) {
    const plain = match(plainName, text, at);
    const part = plain ?? match(quotedName, text, at);
    if (part === undefined) break;
    name += plain ?? part.slice(1, -1).replaceAll(/\\(["\\])/g, "$1");
    at += part.length;
  }
  if (text[at] === '"') {
    const isOpen = match(closedName, text, at) === undefined;
    name += text.slice(at + 1);
    const message = isOpen ? 'unexpected EOF, expecting "' : "invalid escape sequence";
    return failure(message, text.length);
  }
  if (at === start.name) {
    return failure("syntax error: unexpected END_ATTRIBUTE, expecting IDENTIFIER", at);
  }
  return { ...attributeOf(), from: start.from, to: at };
}
