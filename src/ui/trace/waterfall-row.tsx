import { FAILED } from "../../analysis/span-table.ts";
import { spanMarkBits } from "../../analysis/arrays-of-trace.ts";
import type { SpanMark } from "../../model/trace.ts";
import { formatDuration, formatSome } from "../format.ts";
import { ErrorIcon, NoticeIcon } from "../shell/icons.tsx";
import { swatch } from "../shell/service.tsx";
import type { WaterfallAction } from "./cursor.ts";
import { indentPx, type Columns } from "./layout.ts";
import { markTexts, nameOf, serviceOf, type TraceView } from "./view.ts";

interface WaterfallRowProps {
  readonly view: TraceView;
  readonly row: number;
  /** Where it is among the rows that show, from 0. */
  readonly position: number;
  readonly topPx: number;
  readonly columns: Columns;
  readonly folded: boolean;
  readonly hasCursor: boolean;
  readonly chosen: boolean;
  readonly onChoose: (row: number) => void;
  readonly onAct: (action: WaterfallAction) => void;
}

/** The id of a row's element, for aria-activedescendant. */
export function rowElementId(row: number): string {
  return `row-${row}`;
}

/** One span: its name in the tree, and in words what its bar on the canvas shows. */
export function WaterfallRow(props: WaterfallRowProps) {
  const { view, row, position, topPx, columns, folded, hasCursor, chosen } = props;
  const { table } = view;
  const service = serviceOf(table, row);
  const name = nameOf(table, row);
  const failed = table.status[row] === FAILED;
  const names = ["row", failed && "failed", hasCursor && "cursor", chosen && "chosen"];
  return (
    <div
      id={rowElementId(row)}
      class={names.filter(Boolean).join(" ")}
      role="row"
      aria-level={table.depth[row]! + 1}
      aria-rowindex={position + 2}
      aria-selected={chosen}
      {...(table.subtreeSize[row]! > 1 ? { "aria-expanded": !folded } : {})}
      style={{ ...swatch(view.colours[table.service[row]!]!), top: `${topPx}px` }}
      onClick={() => props.onChoose(row)}
    >
      <div class="tree" role="rowheader" title={`${service}: ${name}`}>
        <i
          class="indent"
          style={{
            width: `${indentPx(table.depth[row]!, columns)}px`,
            // Lines closer together would say nothing.
            ...(columns.stepPx < 8 ? { background: "none" } : {}),
            backgroundSize: `${columns.stepPx}px 100%`,
          }}
        />
        <Toggle {...props} />
        <i class="swatch" />
        <span class="names">
          <span class="name">{name === "" ? "(no name)" : name}</span>
          <span class="service-name">{service}</span>
        </span>
        <Badges {...props} />
      </div>
      <div class="lane" role="gridcell">
        <span class="hidden">
          {failed && "error, "}
          {formatDuration(table.spanNano[row]!)} from {formatDuration(table.startNano[row]!)}
        </span>
      </div>
    </div>
  );
}

function Toggle({ view, row, folded, onAct }: WaterfallRowProps) {
  const below = view.table.subtreeSize[row]! - 1;
  if (below === 0) return <i class="toggle" />;
  return (
    <button
      type="button"
      class="toggle"
      tabIndex={-1}
      aria-hidden="true"
      title={`${folded ? "Expand" : "Collapse"} ${formatSome(below, "span")} (Alt: siblings, too)`}
      onClick={(event) => {
        event.stopPropagation();
        onAct({ kind: event.altKey ? "toggleSiblings" : "toggle", row });
      }}
    >
      <svg class="icon" viewBox="0 0 16 16">
        <path d={folded ? "M6 4l4 4-4 4" : "M4 6l4 4 4-4"} />
      </svg>
    </button>
  );
}

/** What is odd about the span, and what a fold hides. */
function Badges({ view, row, folded }: WaterfallRowProps) {
  const { subtreeSize, orphan, marks } = view.table;
  const errors = view.errorsBelow[row]!;
  return (
    <>
      {folded && <span class="badge">+{subtreeSize[row]! - 1}</span>}
      {folded && errors > 0 && (
        <span class="badge error" title={`${formatSome(errors, "error")} below`}>
          <ErrorIcon />
          {errors}
        </span>
      )}
      {orphan[row] === 1 && (
        <span class="badge odd" title="It names a parent that is not here">
          <NoticeIcon />
          parent missing
        </span>
      )}
      {marksOf(marks[row]!).map((mark) => (
        <span key={mark} class="badge odd" title={markTexts[mark][1]}>
          <NoticeIcon />
          {markTexts[mark][0]}
        </span>
      ))}
    </>
  );
}

/** The marks that a sum of their bits stands for. */
export function marksOf(bits: number): SpanMark[] {
  return (Object.keys(spanMarkBits) as SpanMark[]).filter(
    (mark) => (bits & spanMarkBits[mark]) !== 0,
  );
}
