import { useEffect, useMemo, useRef } from "preact/hooks";
import { compressGaps } from "../../analysis/compress-gaps.ts";
import { copyText } from "../shell/copy-button.tsx";
import { go } from "../shell/place.ts";
import { act, positionOf, visibleRows, type WaterfallAction } from "./cursor.ts";
import { Drawer } from "./drawer.tsx";
import { useTellChosen } from "./embedding.ts";
import type { EngineClient } from "./engine/engine-calls.ts";
import type { TraceInFile } from "./engine/file-traces.ts";
import { Header } from "./header.tsx";
import type { KeyAction } from "./keys.ts";
import { Minimap } from "./minimap.tsx";
import { useClocks, useShown } from "./shown.ts";
import { focusAttributeFilter } from "./span-body.tsx";
import { DetailsStore } from "./span-details.ts";
import { focusFind, Toolbar } from "./toolbar.tsx";
import { traceHref, traceViews, type TraceQuery } from "./trace-query.ts";
import { useTime, useWaterfallState } from "./use-address.ts";
import { useKeys } from "./use-keys.ts";
import {
  mainRow,
  nameOf,
  rowOfKey,
  serviceOf,
  spanKey,
  viewTable,
  type TraceView,
} from "./view.ts";
import { View } from "./views.tsx";

interface TraceScreenProps {
  /** The trace as it was sent. */
  readonly view: TraceView;
  /** All traces of its file, if it is from one. */
  readonly inFile: readonly TraceInFile[];
  /** Whether it is looked at again for spans that may still be on their way. */
  readonly arriving: boolean;
  readonly query: TraceQuery;
  readonly engine: EngineClient;
  readonly onReload: () => void;
}

/** A loaded trace: its header, its waterfall, and beside it the chosen span. */
export function TraceScreen(props: TraceScreenProps) {
  const { view: sent, inFile, arriving, query, engine, onReload } = props;
  const { table: timed, corrected } = useClocks(sent.table, query);
  const view = useMemo(() => (timed === sent.table ? sent : viewTable(timed)), [sent, timed]);
  const drawn = useGaps(view, query.gaps && query.view === "waterfall");
  const { table } = drawn;
  const chosen = useMemo(() => rowOfKey(table, query.span), [table, query.span]);
  const shown = useShown(table, query, engine);
  const { scope, found } = shown;
  const [state, setState] = useWaterfallState(table, scope, query.fold, chosen);
  const visible = useMemo(
    () => visibleRows(table, state, scope),
    [table, state.folded, state.opened, scope],
  );
  const store = useMemo(() => new DetailsStore(engine, timed), [timed]);
  const time = useTime(table, scope.root, query);
  const pageRows = useRef(10);

  /** Shows something else of the trace; what is typed or toggled is no step for Back. */
  const show = (change: Partial<TraceQuery>, step = false): void =>
    go(traceHref({ ...query, ...change }), { replace: !step });
  /** Opens a row in the drawer, or with -1 closes it; the span is in the address. */
  const choose = (row: number): void => {
    const span = row < 0 ? "" : spanKey(table, row);
    show({ span }, query.span === "" || span === "");
  };
  const perform = (action: WaterfallAction): void => {
    const next = act({ table, scope, visible }, state, action);
    setState(next);
    if (chosen >= 0 && next.cursor !== state.cursor && !isFold(action)) choose(next.cursor);
  };
  const foundAt = found.length === 0 ? -1 : found.indexOf(state.cursor);
  const findNext = (step: 1 | -1): void => {
    if (found.length === 0) return;
    const before = positionOf(found, state.cursor);
    const isBefore = found[before]! <= state.cursor;
    const next = step === 1 ? (isBefore ? before + 1 : before) : foundAt >= 0 ? before - 1 : before;
    perform({ kind: "to", row: found[(next + found.length) % found.length]! });
  };
  const onKey = (action: KeyAction): void => {
    switch (action.kind) {
      case "open":
        return choose(state.cursor);
      case "close":
        return choose(-1);
      case "filter":
        return (chosen < 0 ? focusFind : focusAttributeFilter)();
      case "find":
        return focusFind();
      case "findNext":
        return findNext(action.step);
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
      case "path":
        return show({ path: !query.path });
      case "errors":
        return show({ errors: !query.errors });
      case "root":
        return show({ root: query.root === "" ? spanKey(table, state.cursor) : "" }, true);
      case "view":
        return show({ view: traceViews[action.nth] ?? query.view }, true);
      case "copyLink":
        return void copyText(window.location.href);
      case "page":
        return perform({ kind: "move", rows: action.direction * pageRows.current });
      default:
        return perform(action);
    }
  };
  useTitle(view);
  useTellChosen(query.embed, table.traceId, query.span);
  useKeys(onKey);
  const point = (row: number): void => {
    setState(act({ table, scope, visible }, state, { kind: "to", row }));
    choose(row);
  };
  return (
    <main class={query.embed ? "trace embedded" : "trace"}>
      <Header
        view={view}
        shown={shown}
        corrected={corrected}
        inFile={inFile}
        arriving={arriving}
        query={query}
        engine={engine}
        missingSpan={query.span !== "" && chosen < 0}
        onReload={onReload}
        onShow={show}
      />
      <Toolbar
        view={view}
        shown={shown}
        query={query}
        engine={engine}
        foundAt={foundAt}
        onFind={findNext}
        onShow={show}
      />
      {hasTime(query.view) && <Minimap view={drawn} time={time} />}
      <div class="trace-body">
        <View
          view={drawn}
          query={query}
          engine={engine}
          shown={shown}
          state={state}
          visible={visible}
          chosen={chosen}
          time={time}
          kind={query.view}
          onChoose={point}
          onAct={perform}
          onPageRows={(count) => (pageRows.current = count)}
          onShow={show}
        />
        {chosen >= 0 && (
          <Drawer
            key={`${table.traceId} ${chosen}`}
            view={view}
            row={chosen}
            store={store}
            onShow={show}
            onClose={() => choose(-1)}
          />
        )}
      </div>
    </main>
  );
}

/** The view with time in which nothing runs cut short, if that is asked for. */
function useGaps(view: TraceView, asked: boolean): TraceView {
  return useMemo(() => {
    if (!asked) return view;
    const { table, cuts } = compressGaps(view.table);
    return { ...view, table, cuts };
  }, [view, asked]);
}

/** Whether a view is one of a stretch of time. */
function hasTime(view: TraceQuery["view"]): boolean {
  return view === "waterfall" || view === "flame";
}

function isFold({ kind }: WaterfallAction): boolean {
  return kind === "toggle" || kind === "toggleSiblings" || kind === "toggleGroup";
}

function useTitle({ table }: TraceView): void {
  useEffect(() => {
    const root = mainRow(table);
    const name = root < 0 ? "Trace" : `${serviceOf(table, root)} ${nameOf(table, root)}`;
    document.title = `${name} – Clew`;
  }, [table]);
}
