/** Attributes and values of the last day, asked of Clew and remembered for a minute. */
import type { TagsAnswer, TagValuesAnswer } from "../../api/contract.ts";
import { ask } from "../api.ts";
import type { Vocabulary } from "./completion.ts";

const KEEP_MS = 60_000;
const MOST_VALUES = 2000;

/** What `suggestionsAt` asks. Where Clew does not answer there is nothing to suggest. */
export function createVocabulary(now: () => number = Date.now): Vocabulary {
  const kept = new Map<string, { readonly answer: Promise<unknown>; readonly untilMs: number }>();
  const remember = <T extends readonly unknown[]>(
    path: string,
    give: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    const known = kept.get(path);
    if (known !== undefined && known.untilMs > now()) return known.answer as Promise<T>;
    const answer = give(new AbortController().signal).then((found) => {
      // Nothing is not remembered: perhaps Clew did not answer, or there will be something soon.
      if (found.length === 0) kept.delete(path);
      return found;
    });
    kept.set(path, { answer, untilMs: now() + KEEP_MS });
    return answer;
  };
  return {
    scopes: () => {
      const path = "/tags?since=86400";
      return remember(path, async (signal) => {
        const answer = await ask<TagsAnswer>(path, signal);
        return answer.kind === "ok" ? answer.value.scopes : [];
      });
    },
    values: (field, q) => {
      const params = new URLSearchParams({ name: field, since: "86400", limit: `${MOST_VALUES}` });
      if (q.trim() !== "") params.set("q", q);
      const path = `/tag-values?${params}`;
      return remember(path, async (signal) => {
        const answer = await ask<TagValuesAnswer>(path, signal);
        return answer.kind === "ok" ? answer.value.values : [];
      });
    },
  };
}
