/** What the map has to show. */
import type { GraphAnswer } from "../../api/contract.ts";
import { ask } from "../api.ts";
import { after, type Load } from "../load.ts";
import type { TimeChoice } from "../time-choice.ts";
import type { MapQuery } from "./map-route.ts";

/** Asks for the graph of a time. */
export async function loadGraph(
  { time }: MapQuery,
  before: Load<GraphAnswer>,
  signal: AbortSignal,
): Promise<Load<GraphAnswer>> {
  return after(before, await ask(`/graph?${graphTime(time)}`, signal));
}

/** A stretch of time as questions about the graph have it. */
export function graphTime(time: TimeChoice): URLSearchParams {
  return new URLSearchParams(
    time.kind === "since"
      ? { since: `${time.seconds}` }
      : { from: `${time.fromSeconds}`, to: `${time.toSeconds}` },
  );
}
