import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Load } from "./load.ts";
import { repeat } from "./repeat.ts";

/** Asks for something; `tell` may be called with what is there meanwhile. */
type Loading<Query, T> = (
  query: Query,
  before: Load<T>,
  signal: AbortSignal,
  tell: (load: Load<T>) => void,
) => Promise<Load<T>>;

interface UseLoad<Query> {
  readonly query: Query;
  /** What the answer depends on. */
  readonly inputs: readonly unknown[];
  /** When to ask again; once only if absent. */
  readonly everyMs: number | undefined;
  /** Counts the times that the reader wants it asked again. */
  readonly tries: Signal<number>;
}

/**
 * Loads now, whenever one of `inputs` changes, and every so often. What was there for other inputs stays
 * until there is something of the new answer, but is not passed off as an old one of the same.
 */
export function useLoad<Query, T>(
  load: Loading<Query, T>,
  { query, inputs, everyMs, tries }: UseLoad<Query>,
): { readonly state: Signal<Load<T>>; readonly isStale: boolean; readonly stop: () => void } {
  const state = useSignal<Load<T>>({ kind: "loading" });
  const stateOf = useSignal("");
  const end = useRef<() => void>(() => undefined);
  const key = JSON.stringify(inputs);
  useEffect(() => {
    const tell = (signal: AbortSignal, next: Load<T>): void => {
      if (signal.aborted) return;
      state.value = next;
      stateOf.value = key;
    };
    const ask = async (signal: AbortSignal): Promise<void> => {
      const before: Load<T> = stateOf.peek() === key ? state.peek() : { kind: "loading" };
      tell(signal, await load(query, before, signal, (next) => tell(signal, next)));
    };
    const stop = repeat(ask, everyMs);
    end.current = stop;
    return stop;
  }, [key, everyMs, tries.value]);
  return { state, isStale: stateOf.value !== key, stop: () => end.current() };
}
