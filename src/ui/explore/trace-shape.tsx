import type { TraceSummary } from "../../model/trace.ts";
import { shapeOf } from "./traces.ts";

/** The small shape of a trace: a line per service, from its first start to its last end. */
export function TraceShape({
  trace,
  colours,
}: {
  trace: TraceSummary;
  colours: ReadonlyMap<string, number>;
}) {
  return (
    <svg class="shape" viewBox="0 0 100 18" preserveAspectRatio="none" aria-hidden="true">
      {shapeOf(trace).map(({ service, left, width, top, height }) => (
        <rect
          key={service}
          x={left}
          width={width}
          y={top}
          height={height}
          fill={`var(--service-${colours.get(service) ?? 0})`}
        />
      ))}
    </svg>
  );
}
