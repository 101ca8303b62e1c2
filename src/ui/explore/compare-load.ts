/** Asks for a comparison; see `compare.ts`. */
import type { MetricsAnswer } from "../../api/contract.ts";
import { ask } from "../api.ts";
import { comparingOf, type Comparison, readComparison } from "./compare.ts";
import { after, type Load } from "../load.ts";
import type { ExploreQuery } from "./explore-route.ts";

const MOST_SERIES = 10_000;

/** The comparison that the page stands for, or undefined where there is nothing to compare. */
export async function loadComparison(
  query: ExploreQuery,
  before: Load<Comparison | undefined>,
  signal: AbortSignal,
): Promise<Load<Comparison | undefined>> {
  const comparing = query.compare ? comparingOf(query) : undefined;
  if (comparing === undefined) return after(before, { kind: "ok", value: undefined });
  const { time } = query;
  const params = new URLSearchParams(
    time.kind === "since"
      ? { since: `${time.seconds}` }
      : { from: `${time.fromSeconds}`, to: `${time.toSeconds}` },
  );
  params.set("q", comparing.q);
  params.set("instant", "true");
  params.set("exemplars", "0");
  params.set("limit", `${MOST_SERIES}`);
  const answer = await ask<MetricsAnswer>(`/metrics?${params}`, signal);
  if (answer.kind !== "ok") return after(before, answer);
  return after(before, { kind: "ok", value: readComparison(answer.value.series) });
}
