import { effect, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { SpanTable } from "../../analysis/span-table.ts";
import { TimeControl } from "../canvas/time-control.ts";
import { copyText } from "../shell/copy-button.tsx";
import { isTyping } from "../shell/keys-dialog.tsx";
import { focusOpenTrace } from "../shell/open-trace.tsx";
import { go } from "../shell/place.ts";
import {
  act,
  carryOver,
  unfolded,
  visibleRows,
  type WaterfallAction,
  type WaterfallState,
} from "./cursor.ts";
import { Drawer, focusAttributeFilter } from "./drawer.tsx";
import { Header } from "./header.tsx";
import { readKey, type KeyAction } from "./keys.ts";
import { Minimap } from "./minimap.tsx";
import { DetailsStore } from "./span-details.ts";
import { traceHref, type TraceQuery } from "./trace-query.ts";
import { mainRow, nameOf, rowOfKey, serviceOf, spanKey, type TraceView } from "./view.ts";
import { Waterfall } from "./waterfall.tsx";

interface TraceScreenProps {
  readonly view: TraceView;
  readonly query: TraceQuery;
  readonly onReload: () => void;
}

/** A loaded trace: its header, its waterfall, and beside it the chosen span. */
export function TraceScreen({ view, query, onReload }: TraceScreenProps) {
  const { table } = view;
  const chosen = useMemo(() => rowOfKey(table, query.span), [table, query.span]);
  const [state, setState] = useWaterfallState(table, chosen);
  const visible = useMemo(() => visibleRows(table, state.folded), [table, state.folded]);
  const store = useMemo(() => new DetailsStore(query, table), [table]);
  const time = useTime(table, query);
  const pageRows = useRef(10);

  /** Opens a row in the drawer, or with -1 closes it; the span is in the address. */
  const choose = (row: number): void => {
    const span = row < 0 ? "" : spanKey(table, row);
    go(traceHref({ ...query, span }), { replace: query.span !== "" && span !== "" });
  };
  const perform = (action: WaterfallAction): void => {
    const next = act(table, visible, state, action);
    setState(next);
    if (chosen >= 0 && next.cursor !== state.cursor && !isFold(action)) choose(next.cursor);
  };
  useTitle(view);
  useKeys((action) => {
    switch (action.kind) {
      case "open":
        return choose(state.cursor);
      case "close":
        return choose(-1);
      case "filter":
        return (chosen < 0 ? focusOpenTrace : focusAttributeFilter)();
      case "zoom":
        return time.zoom(action.factor);
      case "pan":
        return time.pan(action.share);
      case "whole":
        return time.whole();
      case "fit": {
        const start = table.startNano[state.cursor] ?? 0;
        return time.fit(start, start + Math.max(table.spanNano[state.cursor] ?? 0, 0));
      }
      case "copyLink":
        return void copyText(window.location.href);
      case "page":
        return perform({ kind: "move", rows: action.direction * pageRows.current });
      default:
        return perform(action);
    }
  });

  return (
    <main class={query.embed ? "trace embedded" : "trace"}>
      <Header
        view={view}
        query={query}
        missingSpan={query.span !== "" && chosen < 0}
        onReload={onReload}
      />
      <Minimap view={view} time={time} />
      <div class="trace-body">
        <Waterfall
          view={view}
          state={state}
          visible={visible}
          chosen={chosen}
          time={time}
          onChoose={(row) => {
            setState({ ...state, cursor: row });
            choose(row);
          }}
          onAct={perform}
          onPageRows={(count) => (pageRows.current = count)}
        />
        {chosen >= 0 && (
          <Drawer
            key={`${table.traceId} ${chosen}`}
            view={view}
            row={chosen}
            store={store}
            onClose={() => choose(-1)}
          />
        )}
      </div>
    </main>
  );
}

function isFold({ kind }: WaterfallAction): boolean {
  return kind === "toggle" || kind === "toggleSiblings";
}

/**
 * The state of the waterfall over a table. It follows its spans when the trace is loaded again, and
 * goes to the chosen row whenever that changes.
 */
function useWaterfallState(
  table: SpanTable,
  chosen: number,
): [WaterfallState, (next: WaterfallState) => void] {
  const held = useSignal({ table, state: unfolded(table) });
  const { table: before, state } = held.value;
  const current = useMemo(
    () => (before === table ? state : carryOver(before, table, state)),
    [before, table, state],
  );
  const set = (next: WaterfallState): void => {
    held.value = { table, state: next };
  };
  useLayoutEffect(() => {
    if (chosen < 0) return set(current);
    set(act(table, visibleRows(table, current.folded), current, { kind: "to", row: chosen }));
  }, [table, chosen]);
  return [current, set];
}

const ADDRESS_AFTER_MS = 250;

/** The window of time, which stands in the address as soon as it rests. */
function useTime(table: SpanTable, query: TraceQuery): TimeControl {
  const latest = useRef(query);
  latest.current = query;
  const bounds = { from: 0, to: Math.max(table.durationNano, 1) };
  const time = useMemo(
    () => new TimeControl(bounds, latest.current.zoom ?? bounds),
    [table.traceId, bounds.to],
  );
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

function useTitle({ table }: TraceView): void {
  useEffect(() => {
    const root = mainRow(table);
    const name = root < 0 ? "Trace" : `${serviceOf(table, root)} ${nameOf(table, root)}`;
    document.title = `${name} – Clew`;
  }, [table]);
}

/** Hears every key on the page that is ours and not meant for a field or a control. */
function useKeys(onAction: (action: KeyAction) => void): void {
  const latest = useRef(onAction);
  latest.current = onAction;
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (isTyping(event) || event.defaultPrevented) return;
      const modified = event.ctrlKey || event.altKey || event.metaKey;
      const action = readKey({ key: event.key, shift: event.shiftKey, modified });
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
