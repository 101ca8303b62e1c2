/**
 * A trace as a waterfall of text:
 *
 *   trace 0000000000000000000000000000002a
 *   gateway: GET /cart
 *   2026-11-23 17:42:05.123 UTC, 100 ms, 3 spans, 2 services, 1 error
 *
 *   █ own time  ━ in children               │0       │50.0 ms
 *     GET /cart         gateway    100 ms   ████━━━━━━━━━━━━━━
 *     ├ load            cart      40.0 ms       ████████
 *   ✗ └ price           cart      35.0 ms               ███████
 */
import { treeRows, type TreeRow } from "../model/trace-tree.ts";
import type { Trace } from "../model/trace.ts";
import { type Axis, drawAxis, drawBar, type Interval } from "./bars.ts";
import { safeText } from "../base/safe-text.ts";
import {
  alignRight,
  cellWidth,
  countText,
  durationText,
  fit,
  instantText,
  type Looks,
  paint,
  serviceColours,
} from "./text.ts";

/** How a waterfall is drawn. */
export interface DrawOptions extends Looks {
  /** Columns of the terminal; fewer than `minDrawWidth` are taken as that many. */
  readonly width: number;
}

/** Below this, names and bars would be too short to tell anything. */
export const minDrawWidth = 50;

/** How wide each part of a line is; one space lies between two. */
interface Columns {
  readonly name: number;
  readonly service: number;
  readonly duration: number;
  readonly bar: number;
}

/** The waterfall, with a newline at its end. What spans bring is escaped; see `safeText`. */
export function drawTrace(trace: Trace, options: DrawOptions): string {
  const rows = treeRows(trace.spans);
  const guides = drawGuides(rows, options.unicode);
  const names = rows.map((row, i) => guides[i]! + safeText(row.span.name, options.unicode));
  const services = rows.map(({ span }) => serviceOf(trace, span.resource, options.unicode));
  const durations = rows.map(({ span }) => durationText(span.durationNano, options.unicode));
  const columns = layOutColumns(options.width, names, services, durations);
  const axis: Axis = {
    durationNano: trace.durationNano,
    cells: columns.bar,
    unicode: options.unicode,
  };
  const children = childIntervals(rows);
  const colours = serviceColours(services);
  const lines = rows.map((row, i) => {
    const isError = row.span.status === "error";
    const service = services[i]!;
    const nameText = fit(names[i]!, columns.name, options.unicode);
    const durationShown = alignRight(durations[i]!, columns.duration);
    const bar = drawBar(axis, intervalOf(row), children[i]!).trimEnd();
    return [
      isError ? paint(options.unicode ? "✗" : "x", "red", options) : " ",
      isError ? paint(nameText, "red", options) : nameText,
      paint(fit(service, columns.service, options.unicode), colours.get(service)!, options),
      isError ? paint(durationShown, "red", options) : durationShown,
      ` ${paint(bar, colours.get(service)!, options)}`,
    ].join(" ");
  });
  const left = columns.name + columns.service + columns.duration + 5;
  const legend = rows.some(({ subtreeSize }) => subtreeSize > 1) ? legendOf(options.unicode) : "";
  const axisLine = drawAxis(axis, (nanos) => durationText(nanos, options.unicode)).trimEnd();
  const axisShown = paint(
    `${fit(`  ${legend}`, left, options.unicode)} ${axisLine}`,
    "dim",
    options,
  );
  return [...header(trace, rows, options), "", axisShown, ...lines].join("\n") + "\n";
}

function legendOf(unicode: boolean): string {
  return unicode ? "█ own time  ━ in children" : "# own time  - in children";
}

function serviceOf(trace: Trace, resource: number, unicode: boolean): string {
  return safeText(trace.resources[resource]?.service ?? "unknown_service", unicode);
}

function header(trace: Trace, rows: readonly TreeRow[], options: DrawOptions): string[] {
  const { unicode } = options;
  const root = trace.spans.find(({ parentSpanId }) => parentSpanId === undefined);
  const title = root
    ? `${serviceOf(trace, root.resource, unicode)}: ${safeText(root.name, unicode)}`
    : "(its first span has not arrived)";
  const services = new Set(trace.spans.map(({ resource }) => trace.resources[resource]?.service));
  const errors = rows.filter(({ span }) => span.status === "error").length;
  const errorText = countText(errors, "error");
  const facts = [
    `${instantText(trace.startUnixNano)} UTC`,
    durationText(trace.durationNano, unicode),
    countText(trace.spans.length, "span") + (trace.isPartial === true ? " (there are more)" : ""),
    countText(services.size, "service"),
    errors > 0 ? paint(errorText, "red", options) : errorText,
  ];
  return [`trace ${trace.traceId}`, paint(title, "bold", options), facts.join(", ")];
}

function layOutColumns(
  width: number,
  names: readonly string[],
  services: readonly string[],
  durations: readonly string[],
): Columns {
  const usable = Math.max(width, minDrawWidth) - 6; // the error mark and the spaces between
  const duration = widest(durations, 8);
  const service = Math.min(widest(services, 4), Math.floor(usable / 6));
  const name = Math.min(widest(names, 8), Math.floor(usable * 0.4));
  return { name, service, duration, bar: usable - name - service - duration };
}

function widest(texts: readonly string[], atLeast: number): number {
  return texts.reduce((widest, text) => Math.max(widest, cellWidth(text)), atLeast);
}

/** Deeper than this, the depth is written as a number: lines would hold nothing but guides. */
const MAX_GUIDE_DEPTH = 12;

/** What stands before each name to show the tree: "│ ├ ". */
function drawGuides(rows: readonly TreeRow[], unicode: boolean): string[] {
  const [pass, branch, end] = unicode ? ["│ ", "├ ", "└ "] : ["| ", "|-", "`-"];
  const isLast = rows.map(({ parent, subtreeSize }, i) => {
    return parent >= 0 && i + subtreeSize === parent + rows[parent]!.subtreeSize;
  });
  return rows.map((row, i) => {
    if (row.depth === 0) return row.orphan ? (unicode ? "┄ " : "~ ") : "";
    if (row.depth > MAX_GUIDE_DEPTH) return `${"  ".repeat(MAX_GUIDE_DEPTH)}${row.depth}: `;
    let guide = isLast[i] ? end : branch;
    for (let at = row.parent; rows[at]!.depth > 0; at = rows[at]!.parent) {
      guide = (isLast[at] ? "  " : pass) + guide;
    }
    return guide;
  });
}

function intervalOf({ span }: TreeRow): Interval {
  return { from: span.startNano, to: span.startNano + Math.max(0, span.durationNano) };
}

/** For each row the times of its children, by start: rows come in that order among siblings. */
function childIntervals(rows: readonly TreeRow[]): Interval[][] {
  const children: Interval[][] = rows.map(() => []);
  for (const row of rows) children[row.parent]?.push(intervalOf(row));
  return children;
}
