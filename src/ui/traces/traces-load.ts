/** What the list of traces has to show, and how a new answer changes it. */
import type { StatusAnswer, TracesAnswer } from "../../api/contract.ts";
import { askStatus, askTraces, type Answer } from "../api.ts";
import type { TracesQuery } from "../route.ts";

/** How far the page is with the list. */
export type TracesLoad =
  | { readonly kind: "loading" }
  /** Nothing was ever sent. */
  | { readonly kind: "first"; readonly status: StatusAnswer }
  | {
      readonly kind: "listed";
      readonly answer: TracesAnswer;
      /** When it came, in milliseconds since 1970. */
      readonly atMs: number;
      /** Why the list is not newer, if the last attempt failed. */
      readonly problem: string;
    }
  | { readonly kind: "failed"; readonly message: string };

/** Asks for the list; of an empty one, whether that is for want of any span at all. */
export async function loadTraces(
  query: TracesQuery,
  before: TracesLoad,
  signal: AbortSignal,
): Promise<TracesLoad> {
  const answer = await askTraces(query, signal);
  if (answer.kind !== "ok") return unanswered(answer, before);
  if (answer.value.traces.length === 0) {
    const status = await askStatus(signal);
    if (status.kind !== "ok") return unanswered(status, before);
    if (!status.value.hasSpans) return { kind: "first", status: status.value };
  }
  return { kind: "listed", answer: answer.value, atMs: Date.now(), problem: "" };
}

/** A list that cannot be refreshed stays, with a word on why it is old. */
function unanswered(
  answer: Exclude<Answer<unknown>, { kind: "ok" }>,
  before: TracesLoad,
): TracesLoad {
  if (answer.kind === "aborted") return before;
  if (before.kind === "listed") return { ...before, problem: answer.message };
  return { kind: "failed", message: answer.message };
}

/** The part of `longest` that a duration's bar is long, in percent; at least a trace of it. */
export function sharePercent(durationNano: number, longestNano: number): number {
  if (longestNano <= 0) return 0;
  return Math.max(0.5, Math.min(100, (100 * durationNano) / longestNano));
}
