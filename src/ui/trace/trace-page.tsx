import { openEngine, warmEngine } from "./engine/open-engine.ts";
import { TraceAt } from "./trace-at.tsx";
import type { TraceQuery } from "./trace-query.ts";

// This code is also fetched before somebody opens a trace.
warmEngine();

/** The page of one trace: stored, or in a file that is open. */
export default function TracePage({ query }: { query: TraceQuery }) {
  return <TraceAt query={query} openEngine={openEngine} />;
}
