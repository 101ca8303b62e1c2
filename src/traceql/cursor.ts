/** A walk along the tokens of a query, with what a parser of any part of it needs. */
import type { Place } from "./ast.ts";
import type { Problem } from "./problem.ts";
import { type Operator, operatorOf, type Token, tokenName, wordOf } from "./tokens.ts";

/** How deep a query may be nested, counted in brackets or in the height of its tree: walks of the
 * tree recurse, and a stack has place for some thousands of calls. */
const MAX_DEPTH = 256;

/** Ends parsing; `parseQuery` turns it into data. */
export class SyntaxStop extends Error {
  readonly problem: Problem;

  constructor(message: string, { from, to }: Place) {
    super(message);
    this.problem = { kind: "syntax", message, from, to };
  }
}

/** A position among the tokens of a query, and what has been noticed on the way there. */
export class Cursor {
  /** Uses of Clew's extensions, as Tempo's parser would report them. */
  readonly extensions: Problem[] = [];
  readonly #tokens: readonly Token[];
  /** Height of the trees made so far; of leaves it is 0 and not in here. */
  readonly #heights = new WeakMap<object, number>();
  #at = 0;
  #depth = 0;

  /** The last token has to be of kind "end". */
  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** The token here; at the end, the end. */
  get token(): Token {
    return this.#tokens[this.#at]!;
  }

  /** The token after the one here. */
  get following(): Token {
    return this.#tokens[Math.min(this.#at + 1, this.#tokens.length - 1)]!;
  }

  /** Steps over the token here and gives it. */
  next(): Token {
    const token = this.token;
    if (token.kind !== "end") this.#at++;
    return token;
  }

  isOperator(text: Operator): boolean {
    return operatorOf(this.token) === text;
  }

  isWord(text: string): boolean {
    return wordOf(this.token) === text;
  }

  /** Steps over the operator if it is here. */
  skip(text: Operator): boolean {
    const isHere = this.isOperator(text);
    if (isHere) this.#at++;
    return isHere;
  }

  /** Steps over the operator, which has to be here, and gives it. */
  expect(text: Operator): Token {
    return this.isOperator(text) ? this.next() : this.unexpected(text);
  }

  /** As `expect`, where an operator could have come as well, so that it is not said what was. */
  close(text: "}" | ")"): Token {
    return this.isOperator(text) ? this.next() : this.unexpected();
  }

  /** Reports the token here; `expected` is what could have been instead, if that can be said. */
  unexpected(expected?: string): never {
    return unexpectedToken(this.token, expected);
  }

  /** Notes that Tempo does not go further than this token. */
  noteExtension(token: Token): void {
    const message = `syntax error: unexpected ${tokenName(token)}`;
    this.extensions.push({ kind: "syntax", message, from: token.from, to: token.to });
  }

  /** What `parse` gives, one level deeper. */
  nested<T>(parse: () => T): T {
    if (this.#depth >= MAX_DEPTH) throw tooDeep(this.token);
    this.#depth++;
    const value = parse();
    this.#depth--;
    return value;
  }

  /** The node, whose children are these, if its tree is not too high. */
  made<T extends Place>(node: T, children: readonly object[]): T {
    let height = 0;
    for (const child of children) height = Math.max(height, (this.#heights.get(child) ?? 0) + 1);
    if (height > MAX_DEPTH) throw tooDeep(node);
    this.#heights.set(node, height);
    return node;
  }

  /** The node that is `chain` with `operand` appended: as high as the higher of them. */
  extended<T extends Place>(node: T, chain: object, operand: object, operandLevels: 0 | 1): T {
    const height = Math.max(
      this.#heights.get(chain) ?? 0,
      (this.#heights.get(operand) ?? 0) + operandLevels,
    );
    if (height > MAX_DEPTH) throw tooDeep(node);
    this.#heights.set(node, height);
    return node;
  }
}

/** Reports a token that cannot stand where it does. */
export function unexpectedToken(token: Token, expected?: string): never {
  if (token.kind === "error") throw new SyntaxStop(token.message, token);
  const expecting = expected === undefined ? "" : `, expecting ${expected}`;
  throw new SyntaxStop(`syntax error: unexpected ${tokenName(token)}${expecting}`, token);
}

function tooDeep(place: Place): SyntaxStop {
  return new SyntaxStop(`nested more than ${MAX_DEPTH} levels deep`, place);
}
