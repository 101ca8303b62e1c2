/** A table as the evaluator of TraceQL reads it. */
import { hexId, type SpanTable } from "../../../analysis/span-table.ts";
import type { Field } from "../../../traceql/ast.ts";
import type {
  AttributeColumn,
  EventsView,
  LinksView,
  OwnerScope,
  TraceView,
} from "../../../traceql/evaluate/trace-view.ts";
import { searchableText, type ValueColumn } from "./value-column.ts";

/** Whose values a column has: owners as the API names them. */
export interface ColumnName {
  readonly owner: "span" | "resource" | "scope" | "intrinsic";
  readonly key: string;
}

/** A name as one text. */
export function columnText({ owner, key }: ColumnName): string {
  return `${owner}.${key}`;
}

/** The columns that must be at hand before a query that reads these fields is evaluated. */
export function columnsOf(fields: readonly Field[]): ColumnName[] {
  const wanted = fields.flatMap((field): ColumnName[] => {
    if (field.kind === "intrinsic") {
      const key = intrinsicColumns[field.name];
      return key === undefined ? [] : [{ owner: "intrinsic", key }];
    }
    const { scope, name: key } = field;
    if (scope === "any") {
      return [
        { owner: "span", key },
        { owner: "resource", key },
      ];
    }
    if (scope === "instrumentation") return [{ owner: "scope", key }];
    return scope === "span" || scope === "resource" ? [{ owner: scope, key }] : [];
  });
  return [...new Map(wanted.map((name) => [columnText(name), name])).values()];
}

const intrinsicColumns: Readonly<Record<string, string>> = {
  "span:statusMessage": "statusMessage",
  "instrumentation:name": "scopeName",
  "instrumentation:version": "scopeVersion",
};

/** The rows by start, then id, as the evaluator wants them. */
export function rowsByStart({ length, startNano, spanId }: SpanTable): Int32Array {
  const ids = new DataView(spanId.buffer, spanId.byteOffset, spanId.byteLength);
  return Int32Array.from({ length }, (_, row) => row).sort(
    (a, b) =>
      startNano[a]! - startNano[b]! ||
      ids.getUint32(a * 8) - ids.getUint32(b * 8) ||
      ids.getUint32(a * 8 + 4) - ids.getUint32(b * 8 + 4) ||
      a - b,
  );
}

const owners = { span: "span", resource: "resource", instrumentation: "scope" } as const;

/** The view of a table whose rows are read in the order of `rows`; columns that are not at hand are
 * empty, as are attributes of events and links. */
export function viewOfTable(
  table: SpanTable,
  rows: Int32Array,
  columns: ReadonlyMap<string, ValueColumn>,
): TraceView {
  const { length, texts, startUnixNano } = table;
  const ordered = <T>(read: (row: number) => T): T[] => Array.from(rows, read);
  const column = (name: ColumnName): AttributeColumn => {
    const found = columns.get(columnText(name));
    const values = found?.texts.map(searchableText) ?? [];
    return ordered((row) => (found === undefined ? undefined : values[found.numbers[row]!]));
  };
  const strings = (key: string): string[] =>
    column({ owner: "intrinsic", key }).map((value) =>
      value?.type === "string" ? value.value : "",
    );
  const services = (): string[] => ordered((row) => texts[table.service[row]!]!);
  return {
    traceId: table.traceId,
    length,
    startUnixNano: BigUint64Array.from(
      rows,
      (row) => startUnixNano + BigInt(table.startNano[row]!),
    ),
    durationNano: BigInt64Array.from(rows, (row) => BigInt(table.spanNano[row]!)),
    kind: Uint8Array.from(rows, (row) => table.kind[row]!),
    status: Uint8Array.from(rows, (row) => table.status[row]!),
    spanId: idBytes(table.spanId, rows),
    parentSpanId: idBytes(table.parentSpanId, rows),
    names: () => ordered((row) => texts[table.name[row]!]!),
    statusMessages: () => strings("statusMessage"),
    services,
    scopeNames: () => strings("scopeName"),
    scopeVersions: () => strings("scopeVersion"),
    attribute: (scope: OwnerScope, key) => {
      if (scope === "resource" && key === "service.name") {
        return services().map((value) => ({ type: "string", value }));
      }
      return column({ owner: owners[scope], key });
    },
    attributeKeys: () => [],
    events: () => eventsOf(table, rows),
    links: () => linksOf(table, rows),
  };
}

function idBytes(ids: Uint32Array, rows: Int32Array): Uint8Array {
  const words = new Uint32Array(rows.length * 2);
  rows.forEach((row, i) => words.set(ids.subarray(row * 2, row * 2 + 2), i * 2));
  return new Uint8Array(words.buffer);
}

/** The numbers of the items of all rows in their order, and where each row's end. */
function itemsOf(ends: Uint32Array, rows: Int32Array): { items: number[]; ends: Uint32Array } {
  const items: number[] = [];
  const newEnds = Uint32Array.from(rows, (row) => {
    for (let at = row === 0 ? 0 : ends[row - 1]!; at < ends[row]!; at++) items.push(at);
    return items.length;
  });
  return { items, ends: newEnds };
}

function eventsOf(table: SpanTable, rows: Int32Array): EventsView {
  const { items, ends } = itemsOf(table.eventEnds, rows);
  return {
    ends,
    timeUnixNano: BigUint64Array.from(
      items,
      (at) => table.startUnixNano + BigInt(table.eventNano[at]!),
    ),
    names: () => items.map((at) => table.texts[table.eventName[at]!]!),
    attribute: () => items.map(() => undefined),
  };
}

function linksOf(table: SpanTable, rows: Int32Array): LinksView {
  const { items, ends } = itemsOf(table.linkEnds, rows);
  return {
    ends,
    traceIds: () => items.map((at) => hexId(table.linkTraceId, at, 4)),
    spanIds: () => items.map((at) => hexId(table.linkSpanId, at, 2)),
    attribute: () => items.map(() => undefined),
  };
}
