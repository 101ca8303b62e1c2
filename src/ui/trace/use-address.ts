/** What of a trace's page follows the address, and stands in it. */
import { effect, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { SpanTable } from "../../analysis/span-table.ts";
import { TimeControl } from "../canvas/time-control.ts";
import { go } from "../shell/place.ts";
import {
  act,
  carryOver,
  foldedState,
  visibleRows,
  type Scope,
  type WaterfallState,
} from "./cursor.ts";
import { foldsOf, readFoldRules } from "./fold-rules.ts";
import { traceHref, type TraceQuery } from "./trace-query.ts";

/**
 * The state of the waterfall over a table. It follows its spans when the trace is loaded again, folds
 * what rules say when these change, and goes to the chosen row whenever that changes.
 */
export function useWaterfallState(
  table: SpanTable,
  scope: Scope,
  fold: string,
  chosen: number,
): [WaterfallState, (next: WaterfallState) => void] {
  const make = (): WaterfallState => foldedState(foldsOf(table, readFoldRules(fold)));
  const held = useSignal<{ table: SpanTable; fold: string; state: WaterfallState }>(undefined!);
  held.value ??= { table, fold, state: make() };
  const { table: before, fold: foldBefore, state } = held.value;
  const current = useMemo(() => {
    if (foldBefore !== fold) return { ...make(), cursor: Math.min(state.cursor, table.length - 1) };
    // Corrected clocks move spans, and leave them in their rows.
    return before.spanId === table.spanId ? state : carryOver(before, table, state);
  }, [before, table, foldBefore, fold, state]);
  const set = (next: WaterfallState): void => {
    held.value = { table, fold, state: next };
  };
  useLayoutEffect(() => {
    const row = chosen >= 0 ? chosen : scope.root;
    if (row < 0) return set(current);
    const visible = visibleRows(table, current, scope);
    set(act({ table, scope, visible }, current, { kind: "to", row }));
  }, [table, fold, chosen, scope.root]);
  return [current, set];
}

const ADDRESS_AFTER_MS = 250;

/** The window of time over the trace or the chosen subtree; it is in the address once it rests. */
export function useTime(table: SpanTable, root: number, query: TraceQuery): TimeControl {
  const latest = useRef(query);
  latest.current = query;
  const from = root < 0 ? 0 : table.startNano[root]!;
  const to = root < 0 ? table.durationNano : from + Math.max(table.spanNano[root]!, 0);
  const time = useMemo(() => {
    const bounds = { from, to: Math.max(to, from + 1) };
    return new TimeControl(bounds, latest.current.zoom ?? bounds);
  }, [table.traceId, from, to]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const end = effect(() => {
      const zoom = time.isWhole ? undefined : time.window.value;
      clearTimeout(timer);
      timer = setTimeout(() => {
        go(traceHref({ ...latest.current, zoom }), { replace: true });
      }, ADDRESS_AFTER_MS);
    });
    return () => {
      clearTimeout(timer);
      end();
    };
  }, [time]);
  return time;
}
