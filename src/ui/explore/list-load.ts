/** The traces below the figures: the newest ones, or those that a query finds. */
import type { ReceiptAnswer, SearchAnswer, StatusAnswer } from "../../api/contract.ts";
import type { TraceSummary } from "../../model/trace.ts";
import { type Answer, askStatus, askTraces } from "../api.ts";
import { after, type Load } from "../load.ts";
import { type ExploreQuery } from "./explore-route.ts";
import { boxQuery, withSorting } from "./filters.ts";
import { streamSearch } from "./search-stream.ts";

/** A trace of the list. */
export interface ListedTrace {
  readonly summary: TraceSummary;
  /** How many of its spans answer the query; absent without one. */
  readonly matched?: number;
}

/** What there is below the figures. */
export type Listed =
  | {
      readonly kind: "traces";
      readonly traces: readonly ListedTrace[];
      /** What the search took so far; absent if nothing was searched for. */
      readonly receipt?: ReceiptAnswer;
      readonly progress: "running" | "stopped" | "done";
    }
  /** Before the first span. */
  | { readonly kind: "first"; readonly status: StatusAnswer };

/** What is searched for: the query, and the box on the heatmap; "" for nothing but the newest traces. */
export function searchOf({ q, time, box, limit, allSpans }: ExploreQuery) {
  if (box === undefined) return { q, time, limit };
  const { fromSeconds, toSeconds } = box;
  return {
    q: boxQuery(q, box, !allSpans),
    time: { kind: "between", fromSeconds, toSeconds } as const,
    limit,
  };
}

/** Asks for the list; `tell` gets it as far as it is there. */
export async function loadList(
  query: ExploreQuery,
  before: Load<Listed>,
  signal: AbortSignal,
  tell: (load: Load<Listed>) => void,
): Promise<Load<Listed>> {
  const asked = searchOf(query);
  const search = { ...asked, q: withSorting(asked.q, query.sorting) };
  if (search.q === "") return after(before, await newest(query, signal));
  // Without a condition every span answers: no need to say how many.
  const listed = (answer: SearchAnswer, progress: "running" | "done"): Listed =>
    listedOf(answer, progress, asked.q !== "");
  const isFresh = before.kind !== "ready";
  const answer = await streamSearch(search, signal, (found) => {
    if (isFresh) tell(after(before, { kind: "ok", value: listed(found, "running") }));
  });
  if (answer.kind !== "ok") return after(before, answer);
  return after(before, { kind: "ok", value: listed(answer.value, "done") });
}

function listedOf(
  { traces, receipt }: SearchAnswer,
  progress: "running" | "done",
  hasMatched: boolean,
): Listed {
  return {
    kind: "traces",
    traces: traces.map(({ summary, spansets }) => ({
      summary,
      ...(hasMatched && { matched: spansets.reduce((sum, { matched }) => sum + matched, 0) }),
    })),
    receipt,
    progress,
  };
}

/** The newest traces; of none, whether that is for want of any span at all. */
async function newest(query: ExploreQuery, signal: AbortSignal): Promise<Answer<Listed>> {
  const { time, limit } = query;
  const answer = await askTraces({ service: "", time, limit }, signal);
  if (answer.kind !== "ok") return answer;
  const { traces } = answer.value;
  if (traces.length === 0) {
    const status = await askStatus(signal);
    if (status.kind !== "ok") return status;
    if (!status.value.hasSpans)
      return { kind: "ok", value: { kind: "first", status: status.value } };
  }
  const listed = traces.map((summary) => ({ summary }));
  return { kind: "ok", value: { kind: "traces", traces: listed, progress: "done" } };
}
