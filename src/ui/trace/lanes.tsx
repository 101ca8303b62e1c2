import { effect } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { palette } from "../canvas/palette.ts";
import { Surface } from "../canvas/surface.ts";
import type { TimeControl } from "../canvas/time-control.ts";
import type { WaterfallState } from "./cursor.ts";
import type { Columns } from "./layout.ts";
import { paintLanes } from "./paint-lanes.ts";
import type { Shown } from "./shown.ts";
import type { TraceView } from "./view.ts";

interface LanesProps {
  readonly view: TraceView;
  readonly shown: Shown;
  readonly state: WaterfallState;
  readonly visible: Int32Array;
  readonly topPx: number;
  readonly columns: Columns;
  readonly time: TimeControl;
}

/** The bars of the rows in sight. What they say is in the rows, as text. */
export function Lanes(props: LanesProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const surface = useRef<Surface>(undefined);
  const latest = useRef(props);
  latest.current = props;
  useEffect(() => {
    const made = new Surface(canvas.current!);
    surface.current = made;
    const end = effect(() => {
      const colours = palette();
      const window = latest.current.time.window.value;
      made.show((context, size) => {
        paintLanes(context, size, { ...latest.current, window, palette: colours });
      });
    });
    return () => {
      end();
      made.close();
    };
  }, [props.time]);
  // Rows have just been put elsewhere: bars go with them.
  useLayoutEffect(() => surface.current?.drawNow());
  return (
    <canvas
      ref={canvas}
      class="lanes"
      aria-hidden="true"
      style={{ left: `${props.columns.treePx}px` }}
    />
  );
}
