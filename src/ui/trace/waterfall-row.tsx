import { realTime } from "../../analysis/compress-gaps.ts";
import { FAILED } from "../../analysis/span-table.ts";
import { spanMarkBits } from "../../analysis/arrays-of-trace.ts";
import type { SpanMark } from "../../model/trace.ts";
import { formatCount, formatDuration, formatSome } from "../format.ts";
import { ErrorIcon, NoticeIcon } from "../shell/icons.tsx";
import { colourStyle } from "./colouring.ts";
import type { WaterfallAction } from "./cursor.ts";
import { indentPx, type Columns } from "./layout.ts";
import type { Shown } from "./shown.ts";
import { markTexts, nameOf, serviceOf, type TraceView } from "./view.ts";

interface WaterfallRowProps {
  readonly view: TraceView;
  readonly shown: Shown;
  readonly row: number;
  /** The group of siblings that the row stands for, or -1. */
  readonly group: number;
  /** Whether it is the first of a group that was opened. */
  readonly opened: boolean;
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
  const { view, shown, row, group, position, topPx, columns, folded, hasCursor, chosen } = props;
  const { table } = view;
  const { colouring, scope } = shown;
  const depth = table.depth[row]! - (scope.root < 0 ? 0 : table.depth[scope.root]!);
  const service = serviceOf(table, row);
  const name = nameOf(table, row);
  const failed = table.status[row] === FAILED;
  const names = [
    "row",
    failed && "failed",
    hasCursor && "cursor",
    chosen && "chosen",
    shown.bright?.[row] === 0 && "dim",
    shown.isFound?.[row] === 1 && "found",
  ];
  return (
    <div
      id={rowElementId(row)}
      class={names.filter(Boolean).join(" ")}
      role="row"
      aria-level={depth + 1}
      aria-rowindex={position + 2}
      aria-selected={chosen}
      {...(table.subtreeSize[row]! > 1 || group >= 0
        ? { "aria-expanded": group < 0 && !folded }
        : {})}
      style={{ ...colourStyle(colouring.colours[colouring.numbers[row]!]!), top: `${topPx}px` }}
      onClick={() => props.onChoose(row)}
    >
      <div class="tree" role="rowheader" title={`${service}: ${name}`}>
        <i
          class="indent"
          style={{
            width: `${indentPx(depth, columns)}px`,
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
          {group >= 0 && `${formatCount(scope.groups!.size[group]!)} times, `}
          {failed && "error, "}
          {formatDuration(table.spanNano[row]!)} from{" "}
          {formatDuration(realTime(view.cuts, table.startNano[row]!))}
        </span>
      </div>
    </div>
  );
}

function Toggle({ view, row, group, folded, onAct }: WaterfallRowProps) {
  if (group >= 0) {
    return (
      <ToggleButton
        closed
        title="Show one by one"
        onClick={() => onAct({ kind: "toggleGroup", row })}
      />
    );
  }
  const below = view.table.subtreeSize[row]! - 1;
  if (below === 0) return <i class="toggle" />;
  return (
    <ToggleButton
      closed={folded}
      title={`${folded ? "Expand" : "Collapse"} ${formatSome(below, "span")} (Alt: siblings, too)`}
      onClick={(event) => onAct({ kind: event.altKey ? "toggleSiblings" : "toggle", row })}
    />
  );
}

interface ToggleButtonProps {
  readonly closed: boolean;
  readonly title: string;
  readonly onClick: (event: MouseEvent) => void;
}

function ToggleButton({ closed, title, onClick }: ToggleButtonProps) {
  return (
    <button
      type="button"
      class="toggle"
      tabIndex={-1}
      aria-hidden="true"
      title={title}
      onClick={(event) => {
        event.stopPropagation();
        onClick(event);
      }}
    >
      <svg class="icon" viewBox="0 0 16 16">
        <path d={closed ? "M6 4l4 4-4 4" : "M4 6l4 4 4-4"} />
      </svg>
    </button>
  );
}

/** What is odd about the span, and what a fold hides. */
function Badges({ view, shown, row, group, opened, folded, onAct }: WaterfallRowProps) {
  const { subtreeSize, orphan, marks } = view.table;
  if (group >= 0)
    return <span class="badge">×{formatCount(shown.scope.groups!.size[group]!)}</span>;
  const errors = view.errorsBelow[row]!;
  return (
    <>
      {opened && (
        <button
          type="button"
          class="badge"
          tabIndex={-1}
          title="Show equal siblings as one row"
          onClick={(event) => {
            event.stopPropagation();
            onAct({ kind: "toggleGroup", row });
          }}
        >
          group
        </button>
      )}
      {folded && <span class="badge">+{subtreeSize[row]! - 1}</span>}
      {folded && errors > 0 && (
        <span class="badge error" title={`${formatSome(errors, "error")} below`}>
          <ErrorIcon />
          {errors}
        </span>
      )}
      {shown.errors?.isOrigin[row] === 1 && (
        <span class="badge error" title="It failed, and nothing below it did">
          <ErrorIcon />
          origin
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
