/** What the map has to show. */
import type { GraphAnswer } from "../../api/contract.ts";
import { type Answer, ask } from "../api.ts";
import { after, type Load } from "../load.ts";
import type { TimeChoice } from "../time-choice.ts";
import { type MapQuery, otherTime } from "./map-route.ts";

/** The graph of a time, and perhaps that of another to compare it with. */
export interface Graphs {
  readonly now: GraphAnswer;
  readonly before: GraphAnswer | undefined;
}

/** Asks for both. */
export async function loadGraphs(
  query: MapQuery,
  before: Load<Graphs>,
  signal: AbortSignal,
): Promise<Load<Graphs>> {
  return after(before, await askGraphs(query, signal));
}

async function askGraphs(
  { time, against }: MapQuery,
  signal: AbortSignal,
): Promise<Answer<Graphs>> {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const other = against && otherTime(time, against, nowSeconds);
  const [now, before] = await Promise.all([
    ask<GraphAnswer>(`/graph?${graphTime(time)}`, signal),
    other && ask<GraphAnswer>(`/graph?${graphTime(other)}`, signal),
  ]);
  if (now.kind !== "ok") return now;
  if (before !== undefined && before.kind !== "ok") return before;
  return { kind: "ok", value: { now: now.value, before: before?.value } };
}

/** A stretch of time as questions about the graph have it. */
export function graphTime(time: TimeChoice): URLSearchParams {
  return new URLSearchParams(
    time.kind === "since"
      ? { since: `${time.seconds}` }
      : { from: `${time.fromSeconds}`, to: `${time.toSeconds}` },
  );
}
