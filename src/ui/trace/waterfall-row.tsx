import { formatDuration, formatSome } from "../format.ts";
import { ErrorIcon, NoticeIcon } from "../shell/icons.tsx";
import { swatch } from "../shell/service.tsx";
import {
  indentPx,
  layoutBar,
  layoutEvents,
  ROW_PX,
  type Columns,
  type TimeAxis,
} from "./layout.ts";
import { markTexts, serviceOf, type TraceView } from "./view.ts";

interface WaterfallRowProps {
  readonly view: TraceView;
  readonly row: number;
  /** Where it is among the rows that show, from 0. */
  readonly position: number;
  readonly columns: Columns;
  readonly axis: TimeAxis;
  readonly collapsed: boolean;
  readonly hasCursor: boolean;
  readonly chosen: boolean;
  readonly onChoose: (row: number) => void;
  readonly onToggle: () => void;
}

/** The id of a row's element, for aria-activedescendant. */
export function rowElementId(row: number): string {
  return `row-${row}`;
}

/** One span: its name in the tree, its bar on the axis. */
export function WaterfallRow(props: WaterfallRowProps) {
  const { view, row, position, columns, collapsed, hasCursor, chosen } = props;
  const { span, depth, subtreeSize } = view.rows[row]!;
  const service = serviceOf(view.trace, span);
  const failed = span.status === "error";
  const names = ["row", failed && "failed", hasCursor && "cursor", chosen && "chosen"];
  return (
    <div
      id={rowElementId(row)}
      class={names.filter(Boolean).join(" ")}
      role="row"
      aria-level={depth + 1}
      aria-rowindex={position + 2}
      aria-selected={chosen}
      {...(subtreeSize > 1 ? { "aria-expanded": !collapsed } : {})}
      style={{
        ...swatch(view.colours.get(service)!),
        transform: `translateY(${position * ROW_PX}px)`,
      }}
      onClick={() => props.onChoose(row)}
    >
      <div class="tree" role="rowheader" title={`${service}: ${span.name}`}>
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
          <span class="name">{span.name === "" ? "(no name)" : span.name}</span>
          <span class="service-name">{service}</span>
        </span>
        <Badges {...props} />
      </div>
      <div class="lane" role="gridcell">
        <Lane {...props} />
      </div>
    </div>
  );
}

function Toggle({ view, row, collapsed, onToggle }: WaterfallRowProps) {
  const below = view.rows[row]!.subtreeSize - 1;
  if (below === 0) return <i class="toggle" />;
  return (
    <button
      type="button"
      class="toggle"
      tabIndex={-1}
      aria-hidden="true"
      title={`${collapsed ? "Expand" : "Collapse"} ${formatSome(below, "span")}`}
      onClick={(event) => {
        event.stopPropagation();
        onToggle();
      }}
    >
      <svg class="icon" viewBox="0 0 16 16">
        <path d={collapsed ? "M6 4l4 4-4 4" : "M4 6l4 4 4-4"} />
      </svg>
    </button>
  );
}

/** What is odd about the span, and what a fold hides. */
function Badges({ view, row, collapsed }: WaterfallRowProps) {
  const { span, orphan, subtreeSize } = view.rows[row]!;
  const errors = view.errorsBelow[row]!;
  return (
    <>
      {collapsed && <span class="badge">+{subtreeSize - 1}</span>}
      {collapsed && errors > 0 && (
        <span class="badge error" title={`${formatSome(errors, "error")} below`}>
          <ErrorIcon />
          {errors}
        </span>
      )}
      {orphan && (
        <span class="badge odd" title="It names a parent that is not here">
          <NoticeIcon />
          parent missing
        </span>
      )}
      {span.marks.map((mark) => (
        <span key={mark} class="badge odd" title={markTexts[mark][1]}>
          <NoticeIcon />
          {markTexts[mark][0]}
        </span>
      ))}
    </>
  );
}

function Lane({ view, row, axis }: WaterfallRowProps) {
  const { span } = view.rows[row]!;
  const bar = layoutBar(span.startNano, span.durationNano, axis);
  const failed = span.status === "error";
  return (
    <>
      <i class="bar" style={{ left: `${bar.xPx}px`, width: `${bar.widthPx}px` }} />
      {layoutEvents(span.events, axis).map(({ xPx, exception }) => (
        <i key={xPx} class={exception ? "event exception" : "event"} style={{ left: `${xPx}px` }} />
      ))}
      <span class="label" style={{ left: `${bar.xPx + bar.widthPx}px` }}>
        {failed && (
          <>
            <ErrorIcon />
            <span class="hidden">error</span>
          </>
        )}
        {formatDuration(span.durationNano)}
      </span>
    </>
  );
}
