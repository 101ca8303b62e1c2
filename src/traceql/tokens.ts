/** The words, marks and literals that a query is made of. */
import { spanKinds, spanStatuses } from "../model/trace.ts";
import type { AttributeScope, Place } from "./ast.ts";
import { bareIntrinsic } from "./intrinsics.ts";

const threeChars = ["!>>", "!<<", "&>>", "&<<"] as const;
const comparing = ["!=", "<=", ">=", "=~", "!~"] as const;
const combining = ["&&", "||", ">>", "<<", "!>", "!<", "&>", "&<", "&~"] as const;
const calculating = ["+", "-", "*", "/", "%", "^"] as const;
const brackets = ["(", ")", "{", "}", ","] as const;
const oneChar = ["=", "<", ">", "!", "|", "~", ...calculating, ...brackets] as const;

/** Operators and brackets, the longest first: where several fit, the longest is meant. */
export const operators = [...threeChars, ...comparing, ...combining, ...oneChar] as const;
/** One of `operators`. */
export type Operator = (typeof operators)[number];

/** Scopes that may stand before a dot, besides none at all. */
export const dotScopes = [
  "span",
  "resource",
  "event",
  "link",
  "instrumentation",
  "parent",
] as const;
/** Scopes that may stand before a colon; `parent:` is an extension of Clew. */
export const colonScopes = ["span", "trace", "event", "link", "instrumentation", "parent"] as const;
/** One of `colonScopes`. */
export type ColonScope = (typeof colonScopes)[number];

/** A part of a query's text. */
export type Token = Place &
  (
    | { readonly kind: "operator"; readonly text: Operator }
    /** A bare word, whether it means something or not. */
    | { readonly kind: "word"; readonly text: string }
    | AttributeToken
    /** `span:`; the word comes as a token of its own. */
    | { readonly kind: "colon"; readonly scope: ColonScope }
    | { readonly kind: "string"; readonly value: string }
    | { readonly kind: "int"; readonly value: bigint }
    | { readonly kind: "float"; readonly value: number }
    | { readonly kind: "duration"; readonly value: bigint }
    | ErrorToken
    | { readonly kind: "end" }
  );

/** `span.name`, with everything that belongs to it. */
export interface AttributeToken {
  readonly kind: "attribute";
  readonly scope: AttributeScope;
  readonly ofParent: boolean;
  /** Without quotes. */
  readonly name: string;
  /** Where the name starts in the text, quotes included. */
  readonly nameFrom: number;
}

/** Text that is no token. */
export interface ErrorToken {
  readonly kind: "error";
  readonly message: string;
  /** What it would have been. */
  readonly what: "string" | "number" | "comment" | "character" | "attribute";
  /** For what would have been an attribute: what there is of it. */
  readonly attribute?: AttributeToken;
}

/** Words with a meaning in the language of Tempo, literals and intrinsics aside. */
export const keywords: ReadonlySet<string> = new Set(
  (
    "count avg max min sum by coalesce select with rate count_over_time min_over_time " +
    "max_over_time avg_over_time sum_over_time histogram_over_time quantile_over_time " +
    "compare topk bottomk"
  ).split(" "),
);

/** How a message names a token: `unexpected …`. */
export function tokenName(token: Token): string {
  switch (token.kind) {
    case "operator":
      return token.text;
    case "word":
      return isKnownWord(token.text) ? token.text : "IDENTIFIER";
    case "attribute":
      return token.ofParent ? "parent." : token.scope === "any" ? "." : `${token.scope}.`;
    case "colon":
      return `${token.scope}:`;
    case "string":
      return "STRING";
    case "int":
      return "INTEGER";
    case "float":
      return "FLOAT";
    case "duration":
      return "DURATION";
    case "error":
      return "ERROR";
    case "end":
      return "$end";
  }
}

/** Words that are literals. */
export const literalWords: ReadonlySet<string> = new Set([
  "true",
  "false",
  "nil",
  ...spanStatuses,
  ...spanKinds,
]);

/** Whether a bare word means something in the language of Tempo. */
export function isKnownWord(word: string): boolean {
  return keywords.has(word) || literalWords.has(word) || bareIntrinsic(word) !== undefined;
}

/** The operator that a token is, if it is one. */
export function operatorOf(token: Token): Operator | undefined {
  return token.kind === "operator" ? token.text : undefined;
}

/** The bare word that a token is, if it is one. */
export function wordOf(token: Token): string | undefined {
  return token.kind === "word" ? token.text : undefined;
}
