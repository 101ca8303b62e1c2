/** The service graph as text that draws it: Graphviz's DOT, and Mermaid. */
import { safeText } from "../base/safe-text.ts";
import type { NodeKind } from "../model/graph-node.ts";

/** A node that can be drawn. */
export interface DrawnNode {
  readonly name: string;
  readonly kind: NodeKind;
}

/** An edge that can be drawn. */
export interface DrawnEdge {
  readonly client: string;
  readonly server: string;
  readonly connection: string;
  /** The queue of a message, if its sender names one. */
  readonly via?: string;
  readonly calls: number;
  readonly failed: number;
  /** How long calls took, as either side saw it. */
  readonly clientSide: { readonly p95Nano: number } | null;
  readonly serverSide: { readonly p95Nano: number } | null;
}

/** A graph that can be drawn. */
export interface DrawnGraph<Edge = DrawnEdge> {
  readonly nodes: readonly DrawnNode[];
  readonly edges: readonly Edge[];
}

/** How a duration in nanoseconds is written. */
export type DurationText = (nanos: number) => string;

/**
 * What a picture shows of a graph: a message is drawn through its queue, if there is one, and not once more
 * from service to service; calls of a service to itself only if asked for.
 */
export function drawnGraph<
  Edge extends Pick<DrawnEdge, "client" | "server" | "connection" | "via">,
>({ nodes, edges }: DrawnGraph<Edge>, withSelf: boolean): DrawnGraph<Edge> {
  const drawn = edges.filter(
    ({ client, server, connection, via }) =>
      (withSelf || client !== server) && !(connection === "messaging" && via !== undefined),
  );
  const named = new Set(drawn.flatMap(({ client, server }) => [client, server]));
  return { nodes: nodes.filter(({ name }) => named.has(name)), edges: drawn };
}

function countOf(calls: number): string {
  return String(Math.round(calls));
}

/** The share of calls that failed: "1.5 %". */
export function shareText({ calls, failed }: Pick<DrawnEdge, "calls" | "failed">): string {
  if (failed === 0) return "0 %";
  const percent = (100 * failed) / calls;
  return percent < 0.1 ? "<0.1 %" : `${percent.toFixed(percent < 10 ? 1 : 0)} %`;
}

function labelOf(edge: DrawnEdge, durationText: DurationText): string {
  const nano = (edge.serverSide ?? edge.clientSide)?.p95Nano;
  const failed = edge.failed === 0 ? "" : `, ${shareText(edge)} failed`;
  const p95 = nano === undefined ? "" : `, p95 ${durationText(nano)}`;
  return `${countOf(edge.calls)}${failed}${p95}`;
}

const dotShapes: Readonly<Record<NodeKind, string>> = {
  service: "shape=box, style=rounded",
  database: "shape=cylinder",
  queue: "shape=cds",
  peer: "shape=box, style=dashed",
  caller: "shape=plaintext",
};

/** A graph for Graphviz. */
export function dotOf({ nodes, edges }: DrawnGraph, durationText: DurationText): string {
  return [
    "digraph clew {",
    "  rankdir=LR;",
    '  node [fontname="sans-serif"];',
    '  edge [fontname="sans-serif", fontsize=10];',
    ...nodes.map(({ name, kind }) => `  ${dotText(name)} [${dotShapes[kind]}];`),
    ...edges.map((edge) => {
      const colour = edge.failed > 0 ? ", color=red" : "";
      const label = dotText(labelOf(edge, durationText));
      return `  ${dotText(edge.client)} -> ${dotText(edge.server)} [label=${label}${colour}];`;
    }),
    "}",
    "",
  ].join("\n");
}

/** A quoted text of DOT. A backslash would begin one of its escapes. */
function dotText(text: string): string {
  return `"${safeText(text, true).replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

const mermaidShapes: Readonly<Record<NodeKind, readonly [open: string, close: string]>> = {
  service: ["(", ")"],
  database: ["[(", ")]"],
  queue: ["[[", "]]"],
  peer: ["[", "]"],
  caller: ["([", "])"],
};

/** A flowchart for Mermaid. */
export function mermaidOf({ nodes, edges }: DrawnGraph, durationText: DurationText): string {
  const numbers = new Map(nodes.map(({ name }, i) => [name, `n${i}`]));
  return [
    "flowchart LR",
    ...nodes.map(({ name, kind }, i) => {
      const [open, close] = mermaidShapes[kind];
      return `  n${i}${open}${mermaidText(name)}${close}`;
    }),
    ...edges.map((edge) => {
      const [from, to] = [edge.client, edge.server].map((name) => numbers.get(name));
      return `  ${from} -->|${mermaidText(labelOf(edge, durationText))}| ${to}`;
    }),
    "",
  ].join("\n");
}

/** A quoted text of Mermaid, which knows entities and no escapes. */
function mermaidText(text: string): string {
  const entity = (character: string): string => `#${character.codePointAt(0)};`;
  return `"${safeText(text, true).replaceAll(/[#&"<>`\\]/g, entity)}"`;
}
