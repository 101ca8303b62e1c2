import { useMemo } from "preact/hooks";
import type { TimeControl } from "../canvas/time-control.ts";
import type { OnShow } from "./attribute-list.tsx";
import { attributeField } from "./attribute-query.ts";
import { CompareView } from "./compare-view.tsx";
import { foldedState, visibleRows, type WaterfallAction, type WaterfallState } from "./cursor.ts";
import { Flame, LeftHeavy } from "./flame.tsx";
import { MapView } from "./map-view.tsx";
import type { Shown } from "./shown.ts";
import { LogsView, SpanTableView, StatisticsView } from "./table-views.tsx";
import type { EngineClient } from "./engine/engine-calls.ts";
import type { TraceQuery, TraceViewName } from "./trace-query.ts";
import type { TraceView } from "./view.ts";
import { Waterfall } from "./waterfall.tsx";

interface ViewProps {
  readonly kind: TraceViewName;
  readonly view: TraceView;
  readonly query: TraceQuery;
  readonly engine: EngineClient;
  readonly shown: Shown;
  readonly state: WaterfallState;
  readonly visible: Int32Array;
  /** The row shown in the drawer, or -1. */
  readonly chosen: number;
  readonly time: TimeControl;
  readonly onChoose: (row: number) => void;
  readonly onAct: (action: WaterfallAction) => void;
  readonly onPageRows: (count: number) => void;
  readonly onShow: OnShow;
}

/** The trace, looked at in one of the ways there are. */
export function View(props: ViewProps) {
  const { kind, view, shown, state, onShow } = props;
  const { table } = view;
  // Tables have what the waterfall has, folded or not.
  const rows = useMemo(() => {
    const all = foldedState(new Uint8Array(table.length));
    return visibleRows(table, all, { ...shown.scope, groups: undefined });
  }, [table, shown.scope]);
  const cursor = Math.max(state.cursor, 0);
  switch (kind) {
    case "flame":
      return <Flame {...props} cursor={cursor} />;
    case "merged":
      return <LeftHeavy {...props} cursor={cursor} />;
    case "map": {
      const pick = (name: string): void => {
        const field = attributeField("resource", "service.name");
        onShow({ filter: `${field} = ${JSON.stringify(name)}`, view: "waterfall" }, true);
      };
      return <MapView view={view} onService={pick} />;
    }
    case "table":
      return <SpanTableView {...props} rows={rows} />;
    case "statistics":
      return <StatisticsView {...props} rows={rows} />;
    case "logs":
      return <LogsView {...props} rows={rows} />;
    case "compare":
      return <CompareView {...props} />;
    case "waterfall":
      return <Waterfall {...props} />;
  }
}
