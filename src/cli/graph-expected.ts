/** Which edges a graph is expected to have: from a file in DOT, or a graph that was saved as JSON. */
import { Fault } from "../base/fault.ts";
import type { GraphAnswer } from "../api/contract.ts";
import { drawnGraph } from "../analysis/graph-drawing.ts";
import type { Ends } from "../analysis/graph-difference.ts";

/** The edges in the text of a file. Throws Fault "invalid" if it is neither. */
export function expectedEdges(text: string, withSelf: boolean): Ends[] {
  if (text.trimStart().startsWith("{")) return savedEdges(text, withSelf);
  return dotEdges(text).filter(({ client, server }) => withSelf || client !== server);
}

function savedEdges(text: string, withSelf: boolean): Ends[] {
  try {
    const { nodes, edges } = JSON.parse(text) as GraphAnswer;
    return [...drawnGraph({ nodes, edges }, withSelf).edges];
  } catch (error) {
    throw new Fault("invalid", "it is no graph of clew graph --format json", { cause: error });
  }
}

/** One of DOT's tokens. Source: graphviz.org/doc/info/lang.html. Text in HTML is not taken. */
const token = new RegExp(
  [
    /\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/|^#[^\n]*/,
    /"(?<quoted>(?:[^"\\]|\\[\s\S])*)"/,
    /(?<word>-?(?:\.\d+|\d+(?:\.\d*)?)|[A-Za-z_\u0080-\u{10ffff}][\w\u0080-\u{10ffff}]*)/u,
    /(?<sign>->|--|[[\]{};,=:])/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "gmuy",
);

type Token = { readonly kind: "name" | "word" | "sign"; readonly text: string };

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let end = 0;
  for (const { 0: found, index, groups = {} } of text.matchAll(token)) {
    end = index + found.length;
    const { quoted, word, sign } = groups;
    if (quoted !== undefined) {
      // A backslash before the end of a line joins it with the next.
      const name = quoted.replaceAll(/\\(\r?\n|["\\])/g, (_, escaped: string) => escaped.trim());
      tokens.push({ kind: "name", text: name });
    } else if (word !== undefined) tokens.push({ kind: "word", text: word });
    else if (sign !== undefined) tokens.push({ kind: "sign", text: sign });
  }
  if (end === text.length) return tokens;
  const line = text.slice(0, end).split("\n").length;
  throw new Fault("invalid", `line ${line} is not DOT: ${text.slice(end, end + 20).trim()}`);
}

/** The edges of a graph in DOT: chains, and sets of nodes in braces, too. */
function dotEdges(text: string): Ends[] {
  const parser = new DotParser(tokensOf(text));
  parser.graph();
  return parser.edges;
}

const notNodes = new Set(["node", "edge", "graph"]);

class DotParser {
  readonly edges: Ends[] = [];
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  graph(): void {
    while (this.#at < this.#tokens.length && !this.#is("{")) this.#at++;
    this.#expect("{");
    this.#statements();
    this.#expect("}");
    if (this.#at < this.#tokens.length) throw this.#wrong();
  }

  /** Up to the closing brace; gives the nodes. */
  #statements(): string[] {
    const nodes: string[] = [];
    while (this.#at < this.#tokens.length && !this.#is("}")) {
      if (this.#take(";") || this.#take(",")) continue;
      nodes.push(...this.#chain());
    }
    return nodes;
  }

  #chain(): string[] {
    let from = this.#ends();
    const nodes = [...from];
    while (this.#take("->") || this.#take("--")) {
      const to = this.#ends();
      this.edges.push(...from.flatMap((client) => to.map((server) => ({ client, server }))));
      nodes.push(...to);
      from = to;
    }
    while (this.#take("[")) {
      while (this.#at < this.#tokens.length && !this.#is("]")) this.#at++;
      this.#expect("]");
    }
    return nodes;
  }

  /** One end of an edge: a node, or those in braces. */
  #ends(): string[] {
    const first = this.#tokens[this.#at];
    if (first?.kind === "word" && first.text === "subgraph") {
      this.#at++;
      if (!this.#is("{")) this.#at++;
    }
    if (this.#take("{")) {
      const nodes = this.#statements();
      this.#expect("}");
      return nodes;
    }
    const node = this.#tokens[this.#at];
    if (node === undefined || node.kind === "sign") throw this.#wrong();
    this.#at++;
    if (this.#take("=")) {
      this.#at++;
      return [];
    }
    while (this.#take(":")) this.#at++;
    return node.kind === "word" && notNodes.has(node.text) ? [] : [node.text];
  }

  #is(sign: string): boolean {
    const token = this.#tokens[this.#at];
    return token?.kind === "sign" && token.text === sign;
  }

  #take(sign: string): boolean {
    if (!this.#is(sign)) return false;
    this.#at++;
    return true;
  }

  #expect(sign: string): void {
    if (!this.#take(sign)) throw this.#wrong();
  }

  #wrong(): Fault {
    const token = this.#tokens[this.#at];
    const what = token === undefined ? "it ends too early" : `"${token.text}" is out of place`;
    return new Fault("invalid", `it is not DOT: ${what}`);
  }
}
