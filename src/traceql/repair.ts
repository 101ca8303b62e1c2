/**
 * Half-typed queries, made whole: what is missing is filled with what leaves the rest as it is.
 *
 *   { span.http.status = 500 && name =            { span.http.status = 500 && true }
 *   { status = err && (kind = server              { true && (kind = server) }
 *   ({ .a = 1 && } || { span.                     ({ .a = 1 && true } || { true })
 */
import { bareIntrinsic, scopedIntrinsic } from "./intrinsics.ts";
import { keywords, literalWords, type Operator, operatorOf, type Token, wordOf } from "./tokens.ts";

/**
 * The tokens with brackets balanced and with `true` in the place of conditions that lack something.
 * Behind the first pipe only brackets are looked after.
 */
export function repairTokens(tokens: readonly Token[]): Token[] {
  const repair = new Repair();
  let at = 0;
  while (tokens[at]!.kind !== "end") at += repair.take(tokens, at);
  return repair.finish(tokens[at]!);
}

/** The tokens before the first pipe, whole. */
export function repairHead(tokens: readonly Token[]): Token[] {
  const repaired = repairTokens(tokens);
  const pipe = repaired.findIndex((token) => operatorOf(token) === "|");
  return pipe === -1 ? repaired : repairTokens([...repaired.slice(0, pipe), repaired.at(-1)!]);
}

class Repair {
  readonly #out: Token[] = [];
  readonly #open: ("{" | "(")[] = [];
  #braces = 0;
  #isPiped = false;

  /** Takes over what is at `at`; gives how many tokens that were. */
  take(tokens: readonly Token[], at: number): number {
    const token = tokens[at]!;
    if (this.#braces > 0 && !this.#isPiped) {
      const incomplete = incompleteLength(tokens, at);
      if (incomplete > 0) {
        this.#push("true", token);
        return incomplete;
      }
    }
    switch (operatorOf(token)) {
      case "{":
      case "(":
        this.#bracket(operatorOf(token) as "{" | "(", token);
        break;
      case "}":
      case ")":
        this.#close(operatorOf(token) === "}" ? "{" : "(", token);
        break;
      case "&&":
      case "||":
        this.#connect(token, tokens[at + 1]!);
        break;
      case "|":
        while (this.#braces > 0) this.#closeTop(token);
        this.#isPiped = true;
        this.#out.push(token);
        break;
      default:
        if (token.kind !== "error") this.#out.push(token);
    }
    return 1;
  }

  finish(end: Token): Token[] {
    while (this.#open.length > 0) this.#closeTop(end);
    return [...this.#out, end];
  }

  #push(text: "true" | "{" | "}" | ")", { from }: Token): void {
    const place = { from, to: from };
    if (text === "true") this.#out.push({ kind: "word", text, ...place });
    else this.#out.push({ kind: "operator", text, ...place });
  }

  #bracket(text: "{" | "(", token: Token): void {
    this.#open.push(text);
    if (text === "{") this.#braces++;
    this.#out.push(token);
  }

  /** Closes the innermost bracket. */
  #closeTop(before: Token): void {
    const top = this.#open.pop();
    if (top === "{") this.#braces--;
    this.#push(top === "{" ? "}" : ")", before);
  }

  /** A closing bracket: whatever is open within is closed first; if nothing is open, it is dropped. */
  #close(opening: "{" | "(", token: Token): void {
    // A brace encloses round brackets, never the other way round within a filter.
    const isOpen = opening === "{" ? this.#braces > 0 : this.#open.at(-1) === "(";
    if (!isOpen) return;
    while (this.#open.at(-1) !== opening) this.#closeTop(token);
    this.#open.pop();
    if (opening === "{") this.#braces--;
    this.#out.push(token);
  }

  /** `&&` or `||`, with something on both sides. */
  #connect(token: Token, next: Token): void {
    const before = this.#out.at(-1);
    const lacksLeft = before === undefined || /^(?:[{(]|&&|\|\|)$/.test(operatorOf(before) ?? "");
    const lacksRight = isEnd(next);
    if (this.#braces > 0) {
      if (lacksLeft) this.#push("true", token);
      this.#out.push(token);
      if (lacksRight) this.#push("true", next);
    } else if (!lacksLeft && !lacksRight) this.#out.push(token);
  }
}

/** Whether a condition cannot go on here. */
function isEnd(token: Token): boolean {
  return token.kind === "end" || /^(?:[)}|]|&&|\|\|)$/.test(operatorOf(token) ?? "");
}

const matchers: ReadonlySet<Operator> = new Set(["=", "!=", "<", "<=", ">", ">=", "=~", "!~"]);

/** How many tokens from `at` on are a condition that lacks something; 0 if there is none. */
function incompleteLength(tokens: readonly Token[], at: number): number {
  const field = fieldLength(tokens, at);
  if (field.length === 0) return 0;
  const after = at + field.length;
  const operator = operatorOf(tokenAt(tokens, after));
  if (operator !== undefined && matchers.has(operator)) {
    const value = tokenAt(tokens, after + 1);
    if (isEnd(value)) return field.length + 1;
    // `status = err`, `name = "ab`
    const isHalf = value.kind === "error" || isUnknown(value);
    const endsHalf = isHalf && isEnd(tokenAt(tokens, after + 2));
    return field.isHalf || endsHalf ? field.length + 2 : 0;
  }
  const word = wordOf(tokenAt(tokens, after));
  if (word === "in" || word === "not") {
    const list = listLength(tokens, after);
    return list.isWhole && !field.isHalf ? 0 : field.length + list.length;
  }
  if (!isEnd(tokenAt(tokens, after))) return 0;
  // No intrinsic is a condition by itself.
  const isLone = !field.isHalf && tokens[at]!.kind !== "attribute" && startsCondition(tokens, at);
  return field.isHalf || isLone ? field.length : 0;
}

/** The token at `at`; after the end, the end. */
function tokenAt(tokens: readonly Token[], at: number): Token {
  return tokens[Math.min(at, tokens.length - 1)]!;
}

function startsCondition(tokens: readonly Token[], at: number): boolean {
  const before = tokens[at - 1];
  return before !== undefined && /^(?:[{!]|&&|\|\|)$/.test(operatorOf(before) ?? "");
}

function isUnknown(token: Token): boolean {
  const word = wordOf(token);
  if (word === undefined || literalWords.has(word) || keywords.has(word)) return false;
  return bareIntrinsic(word) === undefined && word !== "minInt" && word !== "maxInt";
}

/** A name at `at`: how many tokens it has, and whether something of it is missing. */
function fieldLength(tokens: readonly Token[], at: number): { length: number; isHalf: boolean } {
  const token = tokens[at]!;
  switch (token.kind) {
    case "attribute":
      return { length: 1, isHalf: false };
    case "error":
      return { length: token.what === "attribute" ? 1 : 0, isHalf: true };
    case "colon": {
      const word = wordOf(tokenAt(tokens, at + 1));
      if (word === undefined) return { length: 1, isHalf: true };
      return { length: 2, isHalf: scopedIntrinsic(token.scope, word) === undefined };
    }
    case "word":
      if (isUnknown(token)) return { length: 1, isHalf: true };
      return { length: bareIntrinsic(token.text) === undefined ? 0 : 1, isHalf: false };
    default:
      return { length: 0, isHalf: false };
  }
}

/** `not in ("a", "b")` at `at`, as far as it goes. */
function listLength(tokens: readonly Token[], at: number): { length: number; isWhole: boolean } {
  let to = at;
  const isHere = (text: string): boolean =>
    wordOf(tokens[to]!) === text || operatorOf(tokens[to]!) === text;
  if (isHere("not")) to++;
  if (isHere("in")) to++;
  if (!isHere("(")) return { length: to - at, isWhole: false };
  let last = tokens[to++]!;
  while (!isEnd(tokens[to]!)) last = tokens[to++]!;
  const endsInValue = operatorOf(last) === undefined && last.kind !== "error";
  const isWhole = endsInValue && isHere(")");
  if (isHere(")")) to++;
  return { length: to - at, isWhole };
}
