/** A trace in memory, asked as one that Clew stores is. */
import { arraysOfTrace } from "../../../analysis/arrays-of-trace.ts";
import { buildTable, spanIdOf } from "../../../analysis/span-table.ts";
import {
  type AnyValue,
  type KeyValue,
  type Span,
  spanKinds,
  type Trace,
} from "../../../model/trace.ts";
import type { TraceSource } from "./trace-source.ts";
import type { ValueColumn } from "./value-column.ts";
import type { ColumnName } from "./view-of-table.ts";

/** A trace whose objects are here. */
export function heldTrace(trace: Trace): TraceSource {
  const ok = <T>(value: T): Promise<{ readonly kind: "ok"; readonly value: T }> =>
    Promise.resolve({ kind: "ok", value });
  const spansOf = (): ReadonlyMap<string, readonly Span[]> =>
    (byId ??= Map.groupBy(trace.spans, ({ spanId }) => spanId));
  let byId: ReadonlyMap<string, readonly Span[]> | undefined;
  return {
    table: () => ok(buildTable(arraysOfTrace(trace))),
    values(name, table) {
      const read = valueReader(trace, name);
      const known = new Map<string, number>();
      const numbers = new Int32Array(table.length).fill(-1);
      for (let row = 0; row < table.length; row++) {
        const kind = spanKinds[table.kind[row]!];
        const named = spansOf().get(spanIdOf(table, row)) ?? [];
        const span = named.find((one) => one.kind === kind);
        const text = span && read(span);
        if (text === undefined) continue;
        const number = known.get(text) ?? known.size;
        known.set(text, number);
        numbers[row] = number;
      }
      return ok<ValueColumn>({ numbers, texts: [...known.keys()] });
    },
    keys: () =>
      ok({
        span: keysOf(trace.spans),
        resource: keysOf(trace.resources),
        scope: keysOf(trace.scopes),
      }),
    spans: (ids) => ok({ ...trace, spans: ids.flatMap((id) => spansOf().get(id) ?? []) }),
    whole: () => ok(trace),
  };
}

function keysOf(owners: readonly { readonly attributes: readonly KeyValue[] }[]): string[] {
  const keys = new Set<string>();
  for (const { attributes } of owners) for (const { key } of attributes) keys.add(key);
  return [...keys].sort();
}

/** What a span has for an attribute, as `searchableText` reads it. */
function valueReader(trace: Trace, { owner, key }: ColumnName): (span: Span) => string | undefined {
  const of = (attributes: readonly KeyValue[]): string | undefined => {
    const found = attributes.find((attribute) => attribute.key === key);
    return found && typedText(found.value);
  };
  // Many spans share a resource and a scope.
  const resources = trace.resources.map(({ attributes }) => of(attributes));
  const scopes = trace.scopes.map(({ attributes }) => of(attributes));
  switch (owner) {
    case "span":
      return ({ attributes }) => of(attributes);
    case "resource":
      return ({ resource }) => resources[resource];
    case "scope":
      return ({ scope }) => scopes[scope];
    case "intrinsic":
      return (span) => {
        const { name, version } = trace.scopes[span.scope]!;
        const texts: Readonly<Record<string, string>> = {
          statusMessage: span.statusMessage,
          scopeName: name,
          scopeVersion: version,
        };
        return texts[key] === undefined || texts[key] === "" ? undefined : `s${texts[key]}`;
      };
  }
}

/** A value as text behind a letter for its type; undefined for what queries cannot compare. */
function typedText(value: AnyValue): string | undefined {
  if ("stringValue" in value) return `s${value.stringValue}`;
  if ("intValue" in value) return `i${value.intValue}`;
  if ("boolValue" in value) return value.boolValue ? "b1" : "b0";
  if ("doubleValue" in value) return `d${String(value.doubleValue).replace("Infinity", "inf")}`;
  return undefined;
}
