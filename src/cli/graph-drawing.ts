/** The service graph as a table. */
import { shareText } from "../analysis/graph-drawing.ts";
import type { GraphAnswer, GraphEdgeAnswer } from "../api/contract.ts";
import { type Column, drawTable } from "./table.ts";
import { safeText } from "../base/safe-text.ts";
import { durationText, type Looks, paint } from "./text.ts";

/** A table of edges, one a line; those with failures are red. */
export function drawEdges({ edges }: Pick<GraphAnswer, "edges">, looks: Looks): string {
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
