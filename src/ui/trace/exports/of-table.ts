/** A trace in the formats of tools that draw profiles: what they show needs no attributes. */
import { boxesByTime, mergedBoxes } from "../../../analysis/flame.ts";
import type { SpanTable } from "../../../analysis/span-table.ts";
import { spanIdOf } from "../../../analysis/span-table.ts";
import { spanKinds, spanStatuses } from "../../../model/trace.ts";

const NANO_PER_MICRO = 1000;

/**
 * Chrome's Trace Event Format, which ui.perfetto.dev opens: a process for each service, a thread for each
 * lane in which no two spans overlap.
 */
export function perfettoJson(table: SpanTable): string {
  const { texts, service, name, startNano, spanNano, kind, status } = table;
  const events: object[] = Array.from(new Set(service), (number) => ({
    ph: "M",
    name: "process_name",
    pid: number,
    args: { name: texts[number] },
  }));
  const boxes = boxesByTime(table, 0, table.length);
  for (let lane = 0, box = 0; lane < boxes.lanes; lane++) {
    for (; box < boxes.laneEnds[lane]!; box++) {
      const row = boxes.row[box]!;
      events.push({
        ph: "X",
        name: texts[name[row]!],
        cat: spanKinds[kind[row]!],
        pid: service[row],
        tid: lane,
        ts: startNano[row]! / NANO_PER_MICRO,
        dur: Math.max(spanNano[row]!, 0) / NANO_PER_MICRO,
        args: { spanId: spanIdOf(table, row), status: spanStatuses[status[row]!] },
      });
    }
  }
  return JSON.stringify({ traceEvents: events, displayTimeUnit: "ns" });
}

/** speedscope's file format: equal paths of calls, each with the time that is its own. */
export function speedscopeJson(table: SpanTable): string {
  const { texts, service, name, parent } = table;
  const frames = new Map<string, number>();
  const frameOf = (row: number): number => {
    const text = `${texts[service[row]!]}: ${texts[name[row]!]}`;
    const known = frames.get(text) ?? frames.size;
    frames.set(text, known);
    return known;
  };
  const merged = mergedBoxes(table, 0, table.length);
  const samples: number[][] = [];
  const weights: number[] = [];
  merged.row.forEach((first, box) => {
    if (merged.selfNano[box] === 0) return;
    const stack: number[] = [];
    for (let row = first; row >= 0; row = parent[row]!) stack.push(frameOf(row));
    samples.push(stack.toReversed());
    weights.push(merged.selfNano[box]!);
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const profile = { type: "sampled", name: `trace ${table.traceId}`, unit: "nanoseconds" };
  return JSON.stringify({
    $schema: "https://www.speedscope.app/file-format-schema.json",
    exporter: "clew",
    name: `trace ${table.traceId}`,
    activeProfileIndex: 0,
    shared: { frames: Array.from(frames.keys(), (text) => ({ name: text })) },
    profiles: [{ ...profile, startValue: 0, endValue: total, samples, weights }],
  });
}
