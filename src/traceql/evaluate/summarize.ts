import { spanStatuses, type TraceSummary } from "../../model/trace.ts";
import { countErrors, firstRoot, traceEnd } from "./run.ts";
import type { TraceView } from "./trace-view.ts";
import { NONE } from "./tree.ts";

const ERROR = spanStatuses.indexOf("error");

interface ServiceSums {
  spanCount: number;
  errorCount: number;
  readonly startNano: bigint;
  endNano: bigint;
}

/** What answers say of a trace as a whole. It has at least one span. */
export function summarizeTrace(trace: TraceView): TraceSummary {
  const services = trace.services();
  const start = trace.startUnixNano[0]!;
  const counts = new Map<string, ServiceSums>();
  for (let row = 0; row < trace.length; row++) {
    const name = services[row]!;
    // Rows are sorted by start.
    const startNano = trace.startUnixNano[row]! - start;
    let count = counts.get(name);
    if (count === undefined) {
      count = { spanCount: 0, errorCount: 0, startNano, endNano: startNano };
      counts.set(name, count);
    }
    count.spanCount++;
    if (trace.status[row] === ERROR) count.errorCount++;
    const endNano = startNano + trace.durationNano[row]!;
    if (endNano > count.endNano) count.endNano = endNano;
  }
  const root = firstRoot(trace);
  return {
    traceId: trace.traceId,
    rootService: root === NONE ? "" : services[root]!,
    rootName: root === NONE ? "" : trace.names()[root]!,
    startUnixNano: start.toString(),
    durationNano: Number(traceEnd(trace) - start),
    spanCount: trace.length,
    errorCount: countErrors(trace),
    services: [...counts]
      .map(([name, { startNano, endNano, ...count }]) => ({
        name,
        ...count,
        startNano: Number(startNano),
        durationNano: Number(endNano - startNano),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}
