/**
 * Searches as Tempo had them before TraceQL: tags, `service.name=cart http.method="GET"`, that some span
 * of the trace has each of, and limits of the trace's duration. They become queries like any other.
 */
import { Fault } from "../../base/fault.ts";
import { spanStatuses } from "../../model/trace.ts";
import type {
  Comparison,
  ComparisonOp,
  Field,
  FieldExpr,
  Filter,
  SearchQuery,
  SpansetExpr,
  Value,
} from "../../traceql/ast.ts";
import type { IntrinsicName } from "../../traceql/intrinsics.ts";

const MAX_TAGS = 100;

/** The tags of logfmt, `k=v k2="v 2"`. Throws Fault "invalid" with the place, as Tempo words it. */
export function parseTags(text: string): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  let at = 0;
  while (at < text.length) {
    if (text[at]! <= " ") {
      at++;
      continue;
    }
    const key = takeWord(text, at);
    at += key.length;
    let value = "";
    if (text[at] === "=") {
      const taken = takeValue(text, at + 1);
      value = taken.value;
      at = taken.end;
    }
    if (tags.has(key)) throw new Fault("invalid", `invalid tags: tag ${key} has been set twice`);
    if (tags.size === MAX_TAGS) throw new Fault("invalid", `invalid tags: more than ${MAX_TAGS}`);
    tags.set(key, value);
  }
  return tags;
}

/** What stands at `at` up to a space, `=` or quote; there is something. */
function takeWord(text: string, at: number): string {
  const word = /[^\p{Cc} ="]*/uy;
  word.lastIndex = at;
  const [taken] = word.exec(text)!;
  const next = text[at + taken.length];
  if (taken === "" || next === '"') throw unexpected(next, at + taken.length);
  return taken;
}

function takeValue(text: string, at: number): { readonly value: string; readonly end: number } {
  if (text[at] !== '"') {
    const next = text[at] ?? " ";
    const value = next <= " " ? "" : takeWord(text, at);
    const end = at + value.length;
    if (text[end] === "=") throw unexpected("=", end);
    return { value, end };
  }
  const quoted = /"(?:[^"\\]|\\[^])*"/y;
  quoted.lastIndex = at;
  const found = quoted.exec(text);
  if (found === null) {
    throw new Fault("invalid", `invalid tags: unterminated quoted value at pos ${text.length + 1}`);
  }
  const end = at + found[0].length;
  try {
    return { value: JSON.parse(found[0]) as string, end };
  } catch (error) {
    const message = `invalid tags: invalid quoted value at pos ${end}`;
    throw new Fault("invalid", message, { cause: error });
  }
}

function unexpected(character: string | undefined, at: number): Fault {
  return new Fault("invalid", `invalid tags: unexpected '${character}' at pos ${at + 1}`);
}

/** What such a search asks for. */
export interface TagsSearch {
  readonly tags: ReadonlyMap<string, string>;
  readonly minDurationNano?: bigint | undefined;
  readonly maxDurationNano?: bigint | undefined;
}

const nowhere = { from: 0, to: 0 };

/** The search as a query. */
export function tagsQuery({ tags, minDurationNano, maxDurationNano }: TagsSearch): SearchQuery {
  const conditions = Array.from(tags, ([key, value]) => tagCondition(key, value));
  const limits = [
    [">=", minDurationNano],
    ["<=", maxDurationNano],
  ] as const;
  for (const [op, nanos] of limits) {
    if (nanos === undefined || nanos <= 0n) continue;
    conditions.push(compare(intrinsic("trace:duration"), op, { type: "duration", value: nanos }));
  }
  if (conditions.length === 0) conditions.push(literal({ type: "bool", value: true }));
  const filters = conditions.map((condition): Filter => ({
    kind: "filter",
    condition,
    ...nowhere,
  }));
  const expr: SpansetExpr =
    filters.length === 1
      ? filters[0]!
      : { kind: "spansetLogic", op: "&&", operands: filters, ...nowhere };
  const pipeline = { kind: "pipeline", stages: [expr], ...nowhere } as const;
  return { kind: "search", pipeline, hints: [], ...nowhere };
}

/** Names that are no attributes. */
const intrinsicTags: ReadonlyMap<string, IntrinsicName> = new Map([
  ["name", "span:name"],
  ["root.name", "trace:rootName"],
  ["root.service.name", "trace:rootService"],
]);

function tagCondition(key: string, value: string): FieldExpr {
  const intrinsicName = intrinsicTags.get(key);
  if (intrinsicName !== undefined) {
    return compare(intrinsic(intrinsicName), "=", { type: "string", value });
  }
  if (key === "error") {
    const op = value === "true" ? "=" : "!=";
    return compare(intrinsic("span:status"), op, { type: "status", value: "error" });
  }
  if (key === "status.code") {
    const status = spanStatuses.find((name, i) => value === name || value === String(i));
    const never = literal({ type: "bool", value: false });
    return status === undefined
      ? never
      : compare(intrinsic("span:status"), "=", { type: "status", value: status });
  }
  const field: Field = { kind: "attribute", scope: "any", name: key, ofParent: false, ...nowhere };
  const meanings = meaningsOf(value).map((meaning) => compare(field, "=", meaning));
  if (meanings.length === 1) return meanings[0]!;
  return { kind: "logic", op: "||", operands: meanings, ...nowhere };
}

/** A tag's text may be a string, or a value of another type that is written so. */
function meaningsOf(text: string): Value[] {
  const string: Value = { type: "string", value: text };
  if (text === "true" || text === "false")
    return [string, { type: "bool", value: text === "true" }];
  if (/^-?\d{1,18}$/.test(text)) return [string, { type: "int", value: BigInt(text) }];
  if (/^-?\d{1,18}\.\d{1,18}$/.test(text)) return [string, { type: "float", value: Number(text) }];
  return [string];
}

function intrinsic(name: IntrinsicName): Field {
  return { kind: "intrinsic", name, ofParent: false, ...nowhere };
}

function literal(value: Value): FieldExpr {
  return { kind: "literal", value, ...nowhere };
}

function compare(left: FieldExpr, op: ComparisonOp, right: Value): Comparison {
  return { kind: "comparison", op, left, right: literal(right), ...nowhere };
}
