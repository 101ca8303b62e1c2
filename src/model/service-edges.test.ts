import assert from "node:assert/strict";
import { test } from "node:test";
import { callSpansOf } from "../../test/support/call-spans-of.ts";
import { graphCases } from "../../test/support/graph-cases.ts";
import { naiveCalls } from "../../test/support/naive-graph.ts";
import { EdgeSums } from "./edge-sums.ts";
import { addServiceEdges } from "./service-edges.ts";
import type { Trace } from "./trace.ts";

function edgesOf(traces: readonly Trace[]): string[] {
  const spans = callSpansOf(traces);
  const sums = new EdgeSums();
  for (const _ of addServiceEdges(spans, sums));
  const text = (number: number): string => spans.names.text(number);
  return sums.sums().map(({ client, server, connection, via, calls, failed }) => {
    const way = via === 0 ? "" : ` via ${text(via)}`;
    return `${text(client)} → ${text(server)}: ${connection} ${calls}/${failed}${way}`;
  });
}

/** By the simpler way. */
function naiveEdgesOf(traces: readonly Trace[]): string[] {
  const groups = Map.groupBy(
    naiveCalls(traces),
    ({ client, server, connection, via, minute }) =>
      `${client} → ${server}: ${connection}|${via}|${minute}`,
  );
  return [...groups].map(([key, calls]) => {
    const [edge, via] = key.split("|");
    const sum = calls.reduce((total, { weight }) => total + weight, 0);
    const failed = calls.reduce((total, call) => total + (call.isFailed ? call.weight : 0), 0);
    return `${edge} ${sum}/${failed}${via === "" ? "" : ` via ${via}`}`;
  });
}

for (const { name, traces, edges } of graphCases) {
  test(`service edges: ${name}`, () => {
    assert.deepEqual(edgesOf(traces).sort(), edges.toSorted());
    assert.deepEqual(naiveEdgesOf(traces).sort(), edges.toSorted());
  });
}
