/** What is being typed at a place in a query, for an editor that wants to help. */
import type { AttributeScope, Field, Place } from "./ast.ts";
import type { LanguageOptions } from "./check.ts";
import { scopedIntrinsics } from "./intrinsics.ts";
import { lex } from "./lex.ts";
import { type Situation, situationOf, type ValueOf } from "./situation.ts";
import type { ColonScope, Token } from "./tokens.ts";
import * as words from "./typing-words.ts";

/** What can be inserted in the place of what is there already. */
interface Typed extends Place {
  /** What is there in front of the caret: what suggestions have to begin with. */
  readonly prefix: string;
  /** The words of the language that fit and begin with the prefix, in the order of their use. */
  readonly words: readonly string[];
}

/** What is being typed. */
export type Typing =
  /** The first word of a query or of a bracket: a spanset or a function. */
  | (Typed & { readonly kind: "start" })
  /** After a pipe. */
  | (Typed & { readonly kind: "stage" })
  /** After a spanset or a function: an operator or a pipe. */
  | (Typed & { readonly kind: "connector" })
  /** The start of a condition or of the argument of a function: a name or a literal. */
  | (Typed & { readonly kind: "operand" })
  /** After an operand: an operator. */
  | (Typed & { readonly kind: "operator"; readonly field?: Field })
  /** The name of an attribute, after its scope. */
  | (Typed & {
      readonly kind: "attribute";
      readonly scope: AttributeScope;
      readonly ofParent: boolean;
    })
  /** The word after `span:` and the like. */
  | (Typed & { readonly kind: "intrinsic"; readonly scope: ColonScope })
  /** A value to compare a field with; the prefix is without quotes, the place with them. */
  | (Typed & ValueOf & { readonly kind: "value"; readonly isQuoted: boolean })
  /** The name of a hint in `with (…)`. */
  | (Typed & { readonly kind: "hint" })
  /** Nothing that could be helped with: a comment, a number, text that makes no sense. */
  | { readonly kind: "none" };

/** What is being typed in `text` with the caret before the code unit at `caret`. Never throws. */
export function typingAt(text: string, caret: number, options: LanguageOptions = {}): Typing {
  const { tokens, comments } = lex(text);
  const isComment = comments.some(({ from, to }) => {
    const isOpen = text.startsWith("//", from) || !text.endsWith("*/", to);
    return from < caret && (caret < to || (isOpen && caret === to));
  });
  if (isComment) return { kind: "none" };
  const index = tokens.findIndex((token) => isTyped(token, caret, text));
  const before = tokens.filter((token) => token.to <= caret && token.kind !== "end");
  if (index !== -1 && before.at(-1) === tokens[index]) before.pop();
  const typed = tokens[index];
  if (typed === undefined) {
    const here = { from: caret, to: caret, prefix: "" };
    return fitting(situationOf(before), here, options);
  }
  return typedToken(text, caret, { typed, before, options });
}

/** Whether the caret is in the token, or at the end of one that could go on. */
function isTyped(token: Token, caret: number, text: string): boolean {
  if (token.from >= caret || token.to < caret || token.kind === "end") return false;
  if (caret < token.to) return token.kind !== "operator";
  if (token.kind === "string" || token.kind === "operator" || token.kind === "colon") return false;
  // A name that ends in its quote is complete.
  return token.kind !== "attribute" || text[caret - 1] !== '"';
}

interface TypedToken {
  readonly typed: Token;
  readonly before: readonly Token[];
  readonly options: LanguageOptions;
}

function typedToken(text: string, caret: number, { typed, before, options }: TypedToken): Typing {
  const { from } = typed;
  // What has no end takes what follows for its own.
  const to = typed.kind === "error" ? caret : typed.to;
  const prefix = text.slice(from, caret);
  const attribute = typed.kind === "error" ? typed.attribute : typed;
  if (attribute?.kind === "attribute" && caret >= attribute.nameFrom) {
    const { scope, ofParent, nameFrom } = attribute;
    const name = text.slice(nameFrom, caret).replaceAll(/\\(["\\])|"/g, "$1");
    return { kind: "attribute", scope, ofParent, from: nameFrom, to, prefix: name, words: [] };
  }
  const situation = situationOf(before);
  switch (typed.kind) {
    case "word":
      return fitting(situation, { from, to, prefix }, options);
    case "string":
      return quoted(situation, { from, to, prefix: prefix.slice(1) });
    case "error":
      if (typed.what !== "string") return { kind: "none" };
      return quoted(situation, { from, to, prefix: prefix.slice(1) });
    case "int":
    case "float":
    case "duration":
      return situation.is === "value"
        ? { kind: "value", ...situation.value, isQuoted: false, from, to, prefix, words: [] }
        : { kind: "none" };
    default:
      return { kind: "none" };
  }
}

function quoted(situation: Situation, typed: Omit<Typed, "words">): Typing {
  if (situation.is !== "value") return { kind: "none" };
  return { kind: "value", ...situation.value, isQuoted: true, ...typed, words: [] };
}

function fitting(
  situation: Situation,
  typed: Omit<Typed, "words">,
  options: LanguageOptions,
): Typing {
  const strict = options.strict === true;
  const fit = (all: readonly string[]): Typed => ({
    ...typed,
    words: all.filter((word) => word.startsWith(typed.prefix)),
  });
  switch (situation.is) {
    case "start":
      return { kind: "start", ...fit(words.starts) };
    case "stage": {
      const all = words.stages(situation.isOfSeries, situation.isFirstOrder, strict);
      return { kind: "stage", ...fit(all) };
    }
    case "connector":
      return { kind: "connector", ...fit(words.connectors(situation.after, strict)) };
    case "operand":
      return { kind: "operand", ...fit(words.operands(strict)) };
    case "name":
      return { kind: "operand", ...fit(words.names(strict)) };
    case "operator": {
      const { field, isCompared } = situation;
      const all = isCompared ? words.afterComparison : words.fieldOperators(field, strict);
      return { kind: "operator", ...fit(all), ...(field && { field }) };
    }
    case "value": {
      const { field, op } = situation.value;
      return { kind: "value", ...fit(words.values(field, op)), field, op, isQuoted: false };
    }
    case "intrinsic": {
      const { scope } = situation;
      const all = scopedIntrinsics(scope).filter((word) => words.isKnown(scope, word, strict));
      return { kind: "intrinsic", ...fit(all), scope };
    }
    case "hint":
      return { kind: "hint", ...fit(words.hints) };
    case "none":
      return { kind: "none" };
  }
}
