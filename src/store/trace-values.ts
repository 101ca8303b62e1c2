/** The attributes of a trace as columns: what the page filters, groups and colours by. */
import assert from "node:assert/strict";
import { encodeBegin, encodeEnd, encodeValues } from "../model/trace-frames.ts";
import type { Settings } from "./client.ts";
import { readBlockStream } from "./native/block-reader.ts";
import { findRows, type TraceReading, type TraceRequest } from "./read-trace.ts";
import { attributeMaps } from "./schema.ts";
import { identifier, joinSql, type Sql, sql } from "./sql.ts";
import { columnOf, FrameStrings } from "./stream-trace.ts";

/** Whose attribute it is; "intrinsic" for what spans have besides: see `intrinsics`. */
export const valueOwners = ["span", "resource", "scope", "intrinsic"] as const;
/** One of `valueOwners`. */
export type ValueOwner = (typeof valueOwners)[number];

/** An attribute of a trace asked for. */
export interface ValuesRequest extends TraceRequest {
  readonly owner: ValueOwner;
  readonly key: string;
}

/** Keys by owner, sorted. */
export type TraceKeys = Readonly<Record<"span" | "resource" | "scope", readonly string[]>>;

/** What spans have that is no attribute, by name. */
const intrinsics: Readonly<Record<string, string>> = {
  statusMessage: "status_message",
  scopeName: "scope_name",
  scopeVersion: "scope_version",
  traceState: "trace_state",
};

interface StreamLimits {
  readonly maxSpans: number;
  readonly settings: Settings;
  readonly signal: AbortSignal;
}

/**
 * Which spans have which value, as frames. A value is written as text behind a letter for its type:
 * `s` string, `i` int, `d` double, `b0` and `b1`. Lists, maps and bytes are left out.
 */
export async function* streamValues(
  reading: TraceReading,
  request: ValuesRequest,
  { maxSpans, settings, signal }: StreamLimits,
): AsyncGenerator<Uint8Array> {
  const { isTrace, rows } = await findRows(reading, request, settings);
  yield encodeBegin(Math.min(rows, maxSpans));
  const statement = sql`SELECT span_id, kind, toLowCardinality(${valueOf(reading, request)}) AS value
    FROM ${identifier(reading.database)}.spans
    WHERE ${isTrace} AND value != ''
    LIMIT ${{ type: "UInt64", value: maxSpans }}`;
  const pieces = reading.client.queryStream(
    statement,
    "Native",
    { ...settings, max_threads: 1, use_skip_indexes: 0 },
    signal,
  );
  const strings = new FrameStrings();
  let spans = 0;
  for await (const block of readBlockStream(pieces)) {
    if (block.rows === 0) continue;
    const value = strings.numbers(columnOf(block, "value", "dictionary"));
    const texts = strings.frame();
    if (texts !== undefined) yield texts;
    spans += block.rows;
    const bytes = (name: string): Uint8Array => columnOf(block, name, "fixed").bytes;
    yield encodeValues({ spans: block.rows, spanId: bytes("span_id"), value, kind: bytes("kind") });
  }
  yield encodeEnd(spans, rows > maxSpans);
}

function valueOf({ table }: TraceReading, { owner, key }: ValuesRequest): Sql {
  if (owner === "intrinsic") {
    const column = intrinsics[key];
    assert.ok(column !== undefined, `no intrinsic ${key}`);
    return sql`if(empty(${identifier(column)}), '', concat('s', ${identifier(column)}))`;
  }
  const parts: Sql[] = [];
  for (const promoted of table.promoted) {
    if (promoted.scope !== owner || promoted.key !== key) continue;
    const column = identifier(promoted.column);
    parts.push(
      sql`isNotNull(${column}), ${written(promoted.columnType, sql`assumeNotNull(${column})`)}`,
    );
  }
  const keyText = { type: "String", value: key } as const;
  for (const map of attributeMaps) {
    if (map.scope !== owner) continue;
    const column = identifier(map.column);
    parts.push(
      sql`mapContains(${column}, ${keyText}), ${written(map.valueType, sql`${column}[${keyText}]`)}`,
    );
  }
  return sql`multiIf(${joinSql(parts, sql`, `)}, '')`;
}

function written(type: string, value: Sql): Sql {
  if (type.includes("String")) return sql`concat('s', ${value})`;
  if (type.includes("Int64")) return sql`concat('i', toString(${value}))`;
  if (type.includes("Float64")) return sql`concat('d', toString(${value}))`;
  return sql`if(${value}, 'b1', 'b0')`;
}

/** Whether streams of values know an intrinsic of this name. */
export function isIntrinsic(name: string): boolean {
  return Object.hasOwn(intrinsics, name);
}

/** The keys that spans of the trace have. */
export async function readTraceKeys(
  reading: TraceReading,
  request: TraceRequest,
  settings: Settings,
): Promise<TraceKeys> {
  const { isTrace } = await findRows(reading, request, settings);
  const { promoted } = reading.table;
  const counts = promoted.map(({ column }) => sql`countIf(isNotNull(${identifier(column)})) > 0`);
  const maps = attributeMaps.map(
    ({ column }) => sql`groupUniqArrayArray(1000)(mapKeys(${identifier(column)}))`,
  );
  const [found] = await reading.client.query<{ has: readonly number[]; keys: readonly string[][] }>(
    sql`SELECT [${joinSql(counts, sql`, `)}] AS has, [${joinSql(maps, sql`, `)}] AS keys
    FROM ${identifier(reading.database)}.spans WHERE ${isTrace}`,
    { ...settings, max_threads: 1, use_skip_indexes: 0 },
  );
  const keysOf = (owner: "span" | "resource" | "scope"): string[] => {
    const own = promoted.filter(({ scope }, i) => scope === owner && found?.has[i] === 1);
    const others = attributeMaps.flatMap(({ scope }, i) =>
      scope === owner ? (found?.keys[i] ?? []) : [],
    );
    return [...new Set([...own.map(({ key }) => key), ...others])].sort();
  };
  return { span: keysOf("span"), resource: keysOf("resource"), scope: keysOf("scope") };
}
