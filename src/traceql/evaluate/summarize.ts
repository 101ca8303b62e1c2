import { spanStatuses, type TraceSummary } from "../../model/trace.ts";
import { countErrors, firstRoot, traceEnd } from "./run.ts";
import type { TraceView } from "./trace-view.ts";
import { NONE } from "./tree.ts";

const ERROR = spanStatuses.indexOf("error");

/** What answers say of a trace as a whole. It has at least one span. */
export function summarizeTrace(trace: TraceView): TraceSummary {
  const services = trace.services();
  const counts = new Map<string, { spanCount: number; errorCount: number }>();
  for (let row = 0; row < trace.length; row++) {
    const name = services[row]!;
    let count = counts.get(name);
    if (count === undefined) counts.set(name, (count = { spanCount: 0, errorCount: 0 }));
    count.spanCount++;
    if (trace.status[row] === ERROR) count.errorCount++;
  }
  const root = firstRoot(trace);
  return {
    traceId: trace.traceId,
    rootService: root === NONE ? "" : services[root]!,
    rootName: root === NONE ? "" : trace.names()[root]!,
    startUnixNano: trace.startUnixNano[0]!.toString(),
    durationNano: Number(traceEnd(trace) - trace.startUnixNano[0]!),
    spanCount: trace.length,
    errorCount: countErrors(trace),
    services: [...counts]
      .map(([name, count]) => ({ name, ...count }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}
