/** Reads spans for the service graph: a few narrow columns of some slices and of one more at each end. */
import { setImmediate } from "node:timers/promises";
import type { Names } from "../../base/names.ts";
import { CallSpans, NO_ID } from "../../model/call-spans.ts";
import type { Settings, StoreClient } from "../client.ts";
import { type Block, readBlocks } from "../native/block-reader.ts";
import { ofTenants } from "../of-tenants.ts";
import { identifier, type Sql, sql } from "../sql.ts";
import { dictionaryOf, fixedOf, listOf } from "./block-columns.ts";
import { partColumns, PartReader } from "./part-reader.ts";
import { MARGIN_SECONDS, SLICE_SECONDS } from "./slices.ts";

/** Which spans' edges are asked for: those filed in `[from, to)`. */
export interface CallSpansRequest {
  /** Seconds since 1970, multiples of a slice. */
  readonly fromSeconds: number;
  readonly toSeconds: number;
  /** Of these tenants only; of all if absent. */
  readonly tenants?: readonly string[] | undefined;
  /** Traces come in so many shares, of which this is one: what is read at once has to fit in memory. */
  readonly share: { readonly number: number; readonly of: number };
}

/** Where spans are read, and with what limits. */
export interface CallSpansReading {
  readonly client: StoreClient;
  readonly database: string;
  readonly settings: Settings;
}

/** Others get their turn after so many: some milliseconds. */
const BLOCK_SPANS = "8192";

/** How long ago a message may have been sent. */
const MESSAGE_REACH_SECONDS = 3600;

/** The spans asked for, and those around them that they may be connected to. */
export async function readCallSpans(
  reading: CallSpansReading,
  request: CallSpansRequest,
  names: Names,
): Promise<CallSpans> {
  const { fromSeconds, toSeconds, share } = request;
  const spans = new CallSpans(names);
  const inShare =
    share.of === 1
      ? sql``
      : sql`AND cityHash64(tenant, substring(trace_id, 9)) % ${{ type: "UInt32", value: share.of }}
          = ${{ type: "UInt32", value: share.number }}`;
  await addRows(
    reading,
    spans,
    sql`SELECT ${columns}, ${filed(fromSeconds, toSeconds)} AS is_asked
      FROM ${spansOf(reading, request)} ${inShare}
        AND ${filed(fromSeconds - SLICE_SECONDS, toSeconds + SLICE_SECONDS)}
        AND (is_asked OR ${started(fromSeconds - MARGIN_SECONDS, toSeconds + MARGIN_SECONDS)})`,
  );
  if (spans.hasFarSenders()) await addRows(reading, spans, farSenders(reading, request, inShare));
  return spans;
}

/** Those who sent messages long before they were dealt with, found by the ids of their traces. */
function farSenders(reading: CallSpansReading, request: CallSpansRequest, inShare: Sql): Sql {
  const { fromSeconds, toSeconds } = request;
  const traceIds = sql`SELECT arrayJoin(arrayPushBack(link_trace_id, trace_id))
    FROM ${spansOf(reading, request)} ${inShare} AND ${filed(fromSeconds, toSeconds)}
      AND (kind = 5 OR kind = 3 AND notEmpty(link_trace_id))`;
  return sql`SELECT ${columns}, false AS is_asked
    FROM ${spansOf(reading, request)} AND kind IN (3, 4)
      AND ${filed(fromSeconds - MESSAGE_REACH_SECONDS, toSeconds + SLICE_SECONDS)}
      AND trace_id IN (${traceIds})`;
}

/**
 * Ids are 64-bit hashes of tenant, span id and the last 8 bytes of the trace id: of services that cut
 * trace ids to 64 bits and services that do not, spans find each other. Among a million, two meet by
 * chance once in thirty million times.
 */
const columns = sql`tenant, kind, ${partColumns}, resource_service_name AS service,
  cityHash64(tenant, substring(trace_id, 9), span_id) AS own,
  cityHash64(tenant, substring(trace_id, 9), parent_span_id) AS up,
  parent_span_id != toFixedString('', 8) AS has_parent,
  notEmpty(link_span_id) AS has_links,
  if(has_links AND kind IN (3, 5), arrayDistinct(arrayMap((trace, span) ->
    cityHash64(tenant, substring(trace, 9), span), link_trace_id, link_span_id)), []) AS links,
  status_code = 2 AS is_failed, greatest(duration_nano, 0) AS nano, ${weight()} AS weight,
  toUInt32(if(bitAnd(marks, 6) = 0, intDiv(start_unix_nano, 60000000000) * 60,
    toUnixTimestamp(time_bucket))) AS minute`;

/** How many spans a span stands for; see model/sampling-weight.ts. */
function weight(): Sql {
  const entry = sql`extract(trace_state, '(?:^|,)[ \\t]*ot=([^,]*)')`;
  const digits = sql`trim(TRAILING ' \\t' FROM extract(${entry}, '(?:^|;)th:([^;]*)'))`;
  // 14 digits are 56 bits.
  const bytes = sql`reverse(unhex(concat('00', rightPad(${digits}, 14, '0'))))`;
  return sql`if(trace_state = '' OR NOT match(${digits}, '^[0-9a-f]{1,14}$'), 1.,
    72057594037927936. / toFloat64(72057594037927936 - reinterpretAsUInt64(${bytes})))`;
}

function spansOf({ database }: CallSpansReading, { tenants }: CallSpansRequest): Sql {
  const condition = tenants === undefined ? sql`true` : ofTenants(tenants);
  return sql`${identifier(database)}.spans WHERE ${condition}`;
}

function filed(fromSeconds: number, toSeconds: number): Sql {
  const from = { type: "UInt32", value: Math.max(0, fromSeconds) } as const;
  return sql`(time_bucket >= toDateTime(${from})
    AND time_bucket < toDateTime(${{ type: "UInt32", value: toSeconds }}))`;
}

function started(fromSeconds: number, toSeconds: number): Sql {
  const [from, to] = [fromSeconds, toSeconds].map(
    (seconds) =>
      ({ type: "UInt64", value: BigInt(Math.max(0, seconds)) * 1_000_000_000n }) as const,
  );
  return sql`(start_unix_nano >= ${from!} AND start_unix_nano < ${to!})`;
}

async function addRows(
  { client, settings }: CallSpansReading,
  spans: CallSpans,
  statement: Sql,
): Promise<void> {
  const bytes = await client.queryBytes(statement, "Native", {
    ...settings,
    max_block_size: BLOCK_SPANS,
  });
  for (const block of readBlocks(bytes)) {
    if (block.rows > 0) addBlock(spans, block);
    await setImmediate();
  }
}

function addBlock(spans: CallSpans, block: Block): void {
  const fixed = (name: string): DataView => fixedOf(block.columns.get(name)!);
  const [own, up, hasParent, isAsked] = ["own", "up", "has_parent", "is_asked"].map(fixed);
  const [isFailed, nano, weights, minute] = ["is_failed", "nano", "weight", "minute"].map(fixed);
  const parts = new PartReader(block, spans.names);
  const tenant = namesOf(block, "tenant", spans.names);
  const service = namesOf(block, "service", spans.names, UNKNOWN_SERVICE);
  const links = listOf(block.columns.get("links")!);
  const idAt = (view: DataView, i: number): number =>
    spans.id(view.getUint32(8 * i, true), view.getUint32(8 * i + 4, true));
  for (let i = 0; i < block.rows; i++) {
    const part = parts.read(i);
    const row = spans.add({
      tenant: tenant(i),
      own: idAt(own!, i),
      up: hasParent!.getUint8(i) === 0 ? NO_ID : idAt(up!, i),
      role: part.role,
      service: service(i),
      target: part.target,
      isFailed: isFailed!.getUint8(i) === 1,
      nano: Number(nano!.getBigInt64(8 * i, true)),
      weight: weights!.getFloat64(8 * i, true),
      minute: minute!.getUint32(4 * i, true),
      isAsked: isAsked!.getUint8(i) === 1,
    });
    const [from, to] = [i === 0 ? 0 : links.ends[i - 1]!, links.ends[i]!];
    if (from === to) continue;
    const linked = Array.from({ length: to - from }, (_, n) => idAt(links.items, from + n));
    spans.links.set(row, linked);
  }
}

const UNKNOWN_SERVICE = "unknown_service";

/** By row: the number of its text, which is looked up once for the block. */
function namesOf(
  { columns }: Block,
  column: string,
  names: Names,
  absent = "",
): (row: number) => number {
  const { indexes, text } = dictionaryOf(columns.get(column)!);
  const numbers: number[] = [];
  return (row) => {
    const key = indexes[row]!;
    return (numbers[key] ??= names.number(text(key) || absent));
  };
}
