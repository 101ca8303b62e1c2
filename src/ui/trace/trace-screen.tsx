import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { TreeRow } from "../../model/trace-tree.ts";
import { traceHref, type TraceQuery } from "../route.ts";
import { isTyping } from "../shell/keys-dialog.tsx";
import { focusOpenTrace } from "../shell/open-trace.tsx";
import { go } from "../shell/place.ts";
import { act, carryOver, type WaterfallAction, type WaterfallState } from "./cursor.ts";
import { Drawer, focusAttributeFilter } from "./drawer.tsx";
import { Header } from "./header.tsx";
import { readKey, type KeyAction } from "./keys.ts";
import { mainRow, rowOfKey, serviceOf, spanKey, type TraceView } from "./view.ts";
import { Waterfall } from "./waterfall.tsx";

interface TraceScreenProps {
  readonly view: TraceView;
  readonly query: TraceQuery;
  readonly onReload: () => void;
}

/** A loaded trace: its header, its waterfall, and beside it the chosen span. */
export function TraceScreen({ view, query, onReload }: TraceScreenProps) {
  const { rows } = view;
  const chosen = useMemo(() => rowOfKey(rows, query.span), [rows, query.span]);
  const [state, setState] = useWaterfallState(rows, chosen);
  const pageRows = useRef(10);

  /** Opens a row in the drawer, or with -1 closes it; the span is in the address. */
  const choose = (row: number): void => {
    const span = row < 0 ? "" : spanKey(rows, row);
    go(traceHref({ ...query, span }), { replace: query.span !== "" && span !== "" });
  };
  const perform = (action: WaterfallAction): void => {
    const next = act(rows, state, action);
    setState(next);
    if (chosen >= 0 && action.kind !== "toggle") choose(next.cursor);
  };
  useTitle(view);
  useKeys((action) => {
    if (action.kind === "open") choose(state.cursor);
    else if (action.kind === "close") choose(-1);
    else if (action.kind === "filter") (chosen < 0 ? focusOpenTrace : focusAttributeFilter)();
    else if (action.kind === "page") {
      perform({ kind: "move", rows: action.direction * pageRows.current });
    } else perform(action);
  });

  return (
    <main class="trace">
      <Header
        view={view}
        query={query}
        missingSpan={query.span !== "" && chosen < 0}
        onReload={onReload}
      />
      <div class="trace-body">
        <Waterfall
          view={view}
          state={state}
          chosen={chosen}
          onChoose={(row) => {
            setState({ ...state, cursor: row });
            choose(row);
          }}
          onAct={perform}
          onPageRows={(count) => (pageRows.current = count)}
        />
        {chosen >= 0 && <Drawer key={chosen} view={view} row={chosen} onClose={() => choose(-1)} />}
      </div>
    </main>
  );
}

/**
 * The state of the waterfall over `rows`. It follows its spans when the trace is loaded again, and
 * goes to the chosen row whenever that changes.
 */
function useWaterfallState(
  rows: readonly TreeRow[],
  chosen: number,
): [WaterfallState, (next: WaterfallState) => void] {
  const held = useSignal({ rows, state: unfolded });
  const { rows: before, state } = held.value;
  const current = before === rows ? state : carryOver(before, rows, state);
  const set = (next: WaterfallState): void => {
    held.value = { rows, state: next };
  };
  useLayoutEffect(() => {
    set(chosen < 0 ? current : act(rows, current, { kind: "to", row: chosen }));
  }, [rows, chosen]);
  return [current, set];
}

const unfolded: WaterfallState = { cursor: 0, collapsed: new Set() };

function useTitle(view: TraceView): void {
  useEffect(() => {
    const root = mainRow(view.rows)?.span;
    const name = root === undefined ? "Trace" : `${serviceOf(view.trace, root)} ${root.name}`;
    document.title = `${name} – Clew`;
  }, [view]);
}

/** Hears every key on the page that is ours and not meant for a field or a control. */
function useKeys(onAction: (action: KeyAction) => void): void {
  const latest = useRef(onAction);
  latest.current = onAction;
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (isTyping(event) || event.defaultPrevented) return;
      const modified = event.ctrlKey || event.altKey || event.metaKey;
      const action = readKey({ key: event.key, modified });
      if (action === undefined || isForControl(event)) return;
      event.preventDefault();
      latest.current(action);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}

/** Enter on a button or link is that one's; keys that scroll are the drawer's while it has focus. */
function isForControl({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof Element)) return false;
  if (key === "Enter") return target.closest("button, a, summary") !== null;
  return /^(Arrow|Page|Home|End)/.test(key) && target.closest(".drawer") !== null;
}
