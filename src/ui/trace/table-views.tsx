import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { FAILED, itemsStart } from "../../analysis/span-table.ts";
import { type GroupStatistics, selfTimes, statisticsBy } from "../../analysis/statistics.ts";
import { spanKinds } from "../../model/trace.ts";
import { formatCount, formatDuration } from "../format.ts";
import { ErrorIcon } from "../shell/icons.tsx";
import { type TableColumn, VirtualTable } from "../shell/virtual-table.tsx";
import { colourStyle, NO_COLOUR } from "./colouring.ts";
import type { Shown } from "./shown.ts";
import { nameOf, serviceOf, type TraceView } from "./view.ts";

interface TableViewProps {
  readonly view: TraceView;
  readonly shown: Shown;
  /** The rows that show in the waterfall, folded or not. */
  readonly rows: Int32Array;
  readonly chosen: number;
  readonly onChoose: (row: number) => void;
}

interface Sort {
  readonly column: number;
  readonly descending: boolean;
}

function Name({ shown, row, name }: { shown: Shown; row: number; name: string }) {
  const { colours, numbers } = shown.colouring;
  return (
    <span class="service" style={colourStyle(colours[numbers[row]!]!)} title={name}>
      <i class="swatch" />
      <span class="service-name">{name === "" ? "(no name)" : name}</span>
    </span>
  );
}

const spanColumns: readonly TableColumn[] = [
  { name: "Service", width: "minmax(96px, 1fr)" },
  { name: "Name", width: "minmax(120px, 2fr)" },
  { name: "Kind", width: "88px" },
  { name: "Start", width: "88px", isNumber: true },
  { name: "Duration", width: "96px", isNumber: true },
  { name: "Self", width: "96px", isNumber: true },
  { name: "Below", width: "72px", isNumber: true },
];

/** The spans as a table that can be sorted. */
export function SpanTableView({ view, shown, rows, chosen, onChoose }: TableViewProps) {
  const { table } = view;
  const sort = useSignal<Sort>({ column: 3, descending: false });
  const self = useMemo(() => selfTimes(table), [table]);
  const sorted = useMemo(() => {
    const kept = rows.filter((row) => shown.bright === undefined || shown.bright[row] === 1);
    const { column, descending } = sort.value;
    const texts = [(row: number) => serviceOf(table, row), (row: number) => nameOf(table, row)];
    const numbers = [table.kind, table.startNano, table.spanNano, self, table.subtreeSize];
    const compare =
      column < 2
        ? (a: number, b: number) => (texts[column]!(a) < texts[column]!(b) ? -1 : 1)
        : (a: number, b: number) => numbers[column - 2]![a]! - numbers[column - 2]![b]!;
    return kept.sort((a, b) => (descending ? -1 : 1) * compare(a, b) || a - b);
  }, [table, rows, shown.bright, sort.value, self]);
  return (
    <VirtualTable
      label="Spans"
      columns={spanColumns}
      count={sorted.length}
      keyOf={(place) => sorted[place]!}
      isChosen={(place) => sorted[place] === chosen}
      onChoose={(place) => onChoose(sorted[place]!)}
      sort={sort.value}
      onSort={(column) => (sort.value = nextSort(sort.value, column, column > 2))}
      cells={(place) => {
        const row = sorted[place]!;
        const failed = table.status[row] === FAILED;
        return [
          <Name key="s" shown={shown} row={row} name={serviceOf(table, row)} />,
          <span key="n" class={failed ? "error" : ""} title={nameOf(table, row)}>
            {failed && <ErrorIcon />} {nameOf(table, row) || "(no name)"}
          </span>,
          spanKinds[table.kind[row]!],
          formatDuration(table.startNano[row]!),
          formatDuration(table.spanNano[row]!),
          formatDuration(self[row]!),
          formatCount(table.subtreeSize[row]! - 1),
        ];
      }}
    />
  );
}

function nextSort(sort: Sort, column: number, largestFirst: boolean): Sort {
  if (sort.column !== column) return { column, descending: largestFirst };
  return { column, descending: !sort.descending };
}

const statisticsColumns: readonly TableColumn[] = [
  { name: "Group", width: "minmax(140px, 3fr)" },
  { name: "Count", width: "80px", isNumber: true },
  { name: "Errors", width: "72px", isNumber: true },
  { name: "Total", width: "96px", isNumber: true },
  { name: "Self", width: "96px", isNumber: true },
  { name: "Median", width: "88px", isNumber: true },
  { name: "p95", width: "88px", isNumber: true },
  { name: "Longest", width: "88px", isNumber: true },
];
const figures: readonly (keyof GroupStatistics)[] = [
  ...(["count", "errors", "totalNano", "selfNano", "p50Nano"] as const),
  ...(["p95Nano", "mostNano"] as const),
];

/** What spans of one colour come to: colours stand for services, names or any attribute. */
export function StatisticsView({ view, shown, rows }: TableViewProps) {
  const { table } = view;
  const { colouring, bright } = shown;
  const sort = useSignal<Sort>({ column: 3, descending: true });
  const self = useMemo(() => selfTimes(table), [table]);
  const groups = useMemo(() => {
    const numbers = new Int32Array(table.length).fill(-1);
    for (const row of rows) {
      if (bright === undefined || bright[row] === 1) numbers[row] = colouring.numbers[row]!;
    }
    return statisticsBy(table, numbers, self);
  }, [table, rows, bright, colouring, self]);
  const sorted = useMemo(() => {
    const { column, descending } = sort.value;
    const name = (group: GroupStatistics): string => colouring.names[group.number]!;
    const figure = figures[column - 1] ?? "totalNano";
    const compare = (a: GroupStatistics, b: GroupStatistics): number =>
      column === 0 ? (name(a) < name(b) ? -1 : 1) : a[figure] - b[figure];
    return groups.toSorted((a, b) => (descending ? -1 : 1) * compare(a, b));
  }, [groups, sort.value, colouring]);
  return (
    <VirtualTable
      label="Statistics by what colours stand for"
      columns={statisticsColumns}
      count={sorted.length}
      keyOf={(place) => sorted[place]!.number}
      sort={sort.value}
      onSort={(column) => (sort.value = nextSort(sort.value, column, column > 0))}
      cells={(place) => {
        const group = sorted[place]!;
        const name = colouring.names[group.number]!;
        const colour = colouring.colours[group.number] ?? NO_COLOUR;
        return [
          <span key="g" class="service" style={colourStyle(colour)} title={name}>
            <i class="swatch" />
            <span class="service-name">{name === "" ? "(empty)" : name}</span>
          </span>,
          formatCount(group.count),
          <span key="e" class={group.errors > 0 ? "error" : "soft"}>
            {formatCount(group.errors)}
          </span>,
          formatDuration(group.totalNano),
          formatDuration(group.selfNano),
          formatDuration(group.p50Nano),
          formatDuration(group.p95Nano),
          formatDuration(group.mostNano),
        ];
      }}
    />
  );
}

const logColumns: readonly TableColumn[] = [
  { name: "Time", width: "96px", isNumber: true },
  { name: "Event", width: "minmax(120px, 2fr)" },
  { name: "Service", width: "minmax(96px, 1fr)" },
  { name: "Span", width: "minmax(120px, 2fr)" },
  { name: "Into span", width: "96px", isNumber: true },
];

/** The events of all spans in the order of time. */
export function LogsView({ view, shown, rows, chosen, onChoose }: TableViewProps) {
  const { table } = view;
  const events = useMemo(() => {
    const found: { readonly row: number; readonly event: number }[] = [];
    for (const row of rows) {
      if (shown.bright !== undefined && shown.bright[row] !== 1) continue;
      const end = table.eventEnds[row]!;
      for (let event = itemsStart(table.eventEnds, row); event < end; event++) {
        found.push({ row, event });
      }
    }
    return found.sort((a, b) => table.eventNano[a.event]! - table.eventNano[b.event]!);
  }, [table, rows, shown.bright]);
  if (events.length === 0) {
    return <p class="nothing">No span that shows has events.</p>;
  }
  return (
    <VirtualTable
      label="Events of all spans, by time"
      columns={logColumns}
      count={events.length}
      keyOf={(place) => events[place]!.event}
      isChosen={(place) => events[place]!.row === chosen}
      onChoose={(place) => onChoose(events[place]!.row)}
      cells={(place) => {
        const { row, event } = events[place]!;
        const name = table.texts[table.eventName[event]!]!;
        const failed = name === "exception";
        return [
          formatDuration(table.eventNano[event]!),
          <span key="e" class={failed ? "error" : ""} title={name}>
            {failed && <ErrorIcon />} {name || "(no name)"}
          </span>,
          <Name key="s" shown={shown} row={row} name={serviceOf(table, row)} />,
          <span key="n" title={nameOf(table, row)}>
            {nameOf(table, row)}
          </span>,
          formatDuration(table.eventNano[event]! - table.startNano[row]!),
        ];
      }}
    />
  );
}
