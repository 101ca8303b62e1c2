/** Simple conditions of OTTL, the collector's language, as conditions of TraceQL: comparisons of an
 * attribute, of the name, the kind or the status with a value, in a chain of `and` or of `or`. */
import { fieldText } from "../traceql/expression-text.ts";
import { quoteString } from "../traceql/strings.ts";

/** What the condition is about. */
export type OttlContext = "span" | "event";

const value = String.raw`"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|nil|[A-Z][A-Z_]+`;
const path = String.raw`[a-z_.]+(?:\["(?:[^"\\]|\\.)*"\])?`;
const comparison = new RegExp(`^(${path})\\s*(==|!=|<=|>=|<|>)\\s*(${value})$`);
const isMatch = new RegExp(`^IsMatch\\(\\s*(${path})\\s*,\\s*("(?:[^"\\\\]|\\\\.)*")\\s*\\)$`);
const quotedOrOther = /("(?:[^"\\]|\\.)*")|\s(and|or)\s/g;

/** The condition in TraceQL, or the part of it that is not understood. */
export function ottlCondition(
  text: string,
  context: OttlContext,
): string | { readonly unknown: string } {
  const { parts, words } = split(text.trim());
  if (new Set(words).size > 1) return { unknown: text };
  const conditions = parts.map((part) => single(part.trim(), context));
  const unknown = conditions.findIndex((condition) => condition === undefined);
  if (unknown !== -1) return { unknown: parts[unknown]!.trim() };
  if (conditions.length === 1) return conditions[0]!;
  const operator = words[0] === "and" ? " && " : " || ";
  return conditions.map((condition) => `(${condition})`).join(operator);
}

/** At every `and` and `or` that is not within quotes. */
function split(text: string): { parts: string[]; words: string[] } {
  const cuts = [...text.matchAll(quotedOrOther)].filter(({ 2: word }) => word !== undefined);
  const starts = [0, ...cuts.map(({ 0: found, index }) => index + found.length)];
  const ends = [...cuts.map(({ index }) => index), text.length];
  return {
    parts: starts.map((start, i) => text.slice(start, ends[i])),
    words: cuts.map(({ 2: word }) => word!),
  };
}

function single(text: string, context: OttlContext): string | undefined {
  const matched = isMatch.exec(text);
  if (matched !== null) {
    const field = fieldOf(matched[1]!, context);
    const pattern = unquote(matched[2]!);
    if (field === undefined || pattern === undefined) return undefined;
    return `${field} =~ ${quoteString(anyPlace(pattern))}`;
  }
  const [, where = "", operator = "", right = ""] = comparison.exec(text) ?? [];
  const field = fieldOf(where, context);
  const literal = literalOf(field, right);
  if (field === undefined || literal === undefined) return undefined;
  if (literal === "nil")
    return ["==", "!="].includes(operator) ? equal(field, operator, "nil") : undefined;
  // What is not there is not equal either, in OTTL.
  const orAbsent = operator === "!=" && isAttribute(field) ? ` || ${field} = nil` : "";
  return equal(field, operator, literal) + orAbsent;
}

function equal(field: string, operator: string, literal: string): string {
  return `${field} ${operator === "==" ? "=" : operator} ${literal}`;
}

function isAttribute(field: string): boolean {
  return /^(span|resource|event|instrumentation)\./.test(field);
}

const intrinsicsOf: Readonly<Record<OttlContext, Readonly<Record<string, string>>>> = {
  span: {
    name: "name",
    kind: "kind",
    "kind.string": "kind",
    "status.code": "status",
    "status.message": "statusMessage",
  },
  event: { name: "event:name" },
};

function fieldOf(where: string, context: OttlContext): string | undefined {
  const bare = where.replace(/^(span|spanevent)\.(?=.)/, "");
  const intrinsics = intrinsicsOf[context];
  if (Object.hasOwn(intrinsics, bare)) return intrinsics[bare];
  const found = /^(resource\.|instrumentation_scope\.|scope\.)?attributes\[(".*")\]$/.exec(bare);
  const name = found?.[2] === undefined ? undefined : unquote(found[2]);
  if (name === undefined || name === "") return undefined;
  const owner = found![1];
  const scope =
    owner === undefined ? context : owner === "resource." ? "resource" : "instrumentation";
  return fieldText({ kind: "attribute", scope, name, ofParent: false, from: 0, to: 0 });
}

function literalOf(field: string | undefined, text: string): string | undefined {
  if (field === "kind") {
    const kinds = ["unspecified", "internal", "server", "client", "producer", "consumer"];
    const kind = /^SPAN_KIND_([A-Z]+)$/.exec(text)?.[1]?.toLowerCase() ?? kinds[Number(text)];
    return kind !== undefined && kinds.includes(kind) ? kind : undefined;
  }
  if (field === "status") {
    const codes = ["unset", "ok", "error"];
    const code = /^STATUS_CODE_([A-Z]+)$/.exec(text)?.[1]?.toLowerCase() ?? codes[Number(text)];
    return code !== undefined && codes.includes(code) ? code : undefined;
  }
  if (/^[A-Z]/.test(text)) return undefined;
  const string = text.startsWith('"') ? unquote(text) : undefined;
  return string === undefined ? text || undefined : quoteString(string);
}

function unquote(text: string): string | undefined {
  try {
    return JSON.parse(text) as string;
  } catch {
    return undefined;
  }
}

/** The collector's patterns match anywhere in the text, TraceQL's the whole of it. */
export function anyPlace(pattern: string): string {
  return `.*(?:${pattern}).*`;
}
