/** The service graph as text: a table, Graphviz's DOT, Mermaid. */
import type { GraphAnswer, GraphEdgeAnswer, GraphNodeKind } from "../api/contract.ts";
import { type Column, drawTable } from "./table.ts";
import { durationText, type Looks, paint, safeText } from "./text.ts";

/** Nodes, and the edges between them that are drawn. */
export type DrawnGraph = Pick<GraphAnswer, "nodes" | "edges">;

/**
 * What a picture shows of a graph: a message is drawn through its queue, if there is one, and not once more
 * from service to service; calls of a service to itself only if asked for.
 */
export function drawnGraph({ nodes, edges }: DrawnGraph, withSelf: boolean): DrawnGraph {
  const drawn = edges.filter(
    ({ client, server, connection, via }) =>
      (withSelf || client !== server) && !(connection === "messaging" && via !== undefined),
  );
  const named = new Set(drawn.flatMap(({ client, server }) => [client, server]));
  return { nodes: nodes.filter(({ name }) => named.has(name)), edges: drawn };
}

/** A table of edges, one a line; those with failures are red. */
export function drawEdges({ edges }: DrawnGraph, looks: Looks): string {
  const side = (which: "clientSide" | "serverSide"): Column<GraphEdgeAnswer>["text"] => {
    return (edge, unicode) => {
      const nano = edge[which]?.p95Nano;
      return nano === undefined ? "" : durationText(nano, unicode);
    };
  };
  const columns: readonly Column<GraphEdgeAnswer>[] = [
    { title: "FROM", most: 40, text: ({ client }, unicode) => safeText(client, unicode) },
    { title: "TO", most: 40, text: ({ server }, unicode) => safeText(server, unicode) },
    { title: "BY", text: ({ connection }) => connection },
    { title: "CALLS", right: true, text: ({ calls }) => countOf(calls) },
    { title: "FAILED", right: true, text: shareText },
    { title: "P95 SENT", right: true, text: side("clientSide") },
    { title: "P95 TAKEN", right: true, text: side("serverSide") },
  ];
  const paintRow = (line: string, { failed }: GraphEdgeAnswer): string =>
    failed > 0 ? paint(line, "red", looks) : line;
  return drawTable(edges, columns, { ...looks, paintRow });
}

function countOf(calls: number): string {
  return String(Math.round(calls));
}

function shareText({ calls, failed }: GraphEdgeAnswer): string {
  if (failed === 0) return "0 %";
  const percent = (100 * failed) / calls;
  return percent < 0.1 ? "<0.1 %" : `${percent.toFixed(percent < 10 ? 1 : 0)} %`;
}

function labelOf(edge: GraphEdgeAnswer): string {
  const nano = (edge.serverSide ?? edge.clientSide)?.p95Nano;
  const failed = edge.failed === 0 ? "" : `, ${shareText(edge)} failed`;
  const p95 = nano === undefined ? "" : `, p95 ${durationText(nano, true)}`;
  return `${countOf(edge.calls)}${failed}${p95}`;
}

const dotShapes: Readonly<Record<GraphNodeKind, string>> = {
  service: "shape=box, style=rounded",
  database: "shape=cylinder",
  queue: "shape=cds",
  peer: "shape=box, style=dashed",
  caller: "shape=plaintext",
};

/** A graph for Graphviz. */
export function dotOf({ nodes, edges }: DrawnGraph): string {
  return [
    "digraph clew {",
    "  rankdir=LR;",
    '  node [fontname="sans-serif"];',
    '  edge [fontname="sans-serif", fontsize=10];',
    ...nodes.map(({ name, kind }) => `  ${dotText(name)} [${dotShapes[kind]}];`),
    ...edges.map((edge) => {
      const colour = edge.failed > 0 ? ", color=red" : "";
      const label = dotText(labelOf(edge));
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

const mermaidShapes: Readonly<Record<GraphNodeKind, readonly [open: string, close: string]>> = {
  service: ["(", ")"],
  database: ["[(", ")]"],
  queue: ["[[", "]]"],
  peer: ["[", "]"],
  caller: ["([", "])"],
};

/** A flowchart for Mermaid. */
export function mermaidOf({ nodes, edges }: DrawnGraph): string {
  const numbers = new Map(nodes.map(({ name }, i) => [name, `n${i}`]));
  return [
    "flowchart LR",
    ...nodes.map(({ name, kind }, i) => {
      const [open, close] = mermaidShapes[kind];
      return `  n${i}${open}${mermaidText(name)}${close}`;
    }),
    ...edges.map((edge) => {
      const [from, to] = [edge.client, edge.server].map((name) => numbers.get(name));
      return `  ${from} -->|${mermaidText(labelOf(edge))}| ${to}`;
    }),
    "",
  ].join("\n");
}

/** A quoted text of Mermaid, which knows entities and no escapes. */
function mermaidText(text: string): string {
  const entity = (character: string): string => `#${character.codePointAt(0)};`;
  return `"${safeText(text, true).replaceAll(/[#&"<>`\\]/g, entity)}"`;
}
