/**
 * A trace as frames of arrays, straight from ClickHouse's blocks: there is never more of it in memory
 * than a block or two. See `model/trace-frames.ts` for the frames.
 */
import assert from "node:assert/strict";
import { Interner } from "../base/interner.ts";
import {
  encodeBegin,
  encodeEnd,
  encodeSpans,
  encodeStrings,
  type SpanArrays,
  type Writable,
} from "../model/trace-frames.ts";
import { UNKNOWN_SERVICE } from "../model/trace.ts";
import type { Settings } from "./client.ts";
import { type Block, type Column, readBlockStream } from "./native/block-reader.ts";
import { findRows, type TraceReading, type TraceRequest } from "./read-trace.ts";
import { SpanSet } from "./span-set.ts";
import { inTableOrder } from "./of-tenants.ts";
import { identifier, type Sql, sql } from "./sql.ts";

interface StreamLimits {
  /** A larger trace is cut: its earliest spans are sent. */
  readonly maxSpans: number;
  readonly settings: Settings;
  readonly signal: AbortSignal;
}

/** The frames of a trace, each span once as `readTrace` has it; undefined if it has no spans. */
export async function streamTrace(
  reading: TraceReading,
  request: TraceRequest,
  limits: StreamLimits,
): Promise<AsyncGenerator<Uint8Array> | undefined> {
  const { isTrace, rows } = await findRows(reading, request, limits.settings);
  if (rows === 0) return undefined;
  return framesOf(reading, { isTrace, rows, order: inTableOrder(request.tenants) }, limits);
}

interface FoundTrace {
  readonly isTrace: Sql;
  readonly rows: number;
  readonly order: Sql;
}

async function* framesOf(
  { client, database }: TraceReading,
  { isTrace, rows, order }: FoundTrace,
  { maxSpans, settings, signal }: StreamLimits,
): AsyncGenerator<Uint8Array> {
  yield encodeBegin(Math.min(rows, maxSpans));
  // Without an order ClickHouse gives its parts one after the other, five times as fast.
  const statement = sql`SELECT span_id, parent_span_id, start_unix_nano, duration_nano, name, kind,
      status_code, marks, event_time_unix_nano, event_name, link_trace_id, link_span_id,
      toLowCardinality(ifNull(resource_service_name, '')) AS service
    FROM ${identifier(database)}.spans
    WHERE ${isTrace}
    ${rows > maxSpans ? order : sql``}
    LIMIT ${{ type: "UInt64", value: maxSpans }}`;
  const pieces = client.queryStream(
    statement,
    "Native",
    { ...settings, max_threads: 1, use_skip_indexes: 0 },
    signal,
  );
  const writer = new FrameWriter();
  for await (const block of readBlockStream(pieces)) {
    if (block.rows > 0) yield* writer.frames(block);
  }
  yield encodeEnd(writer.spans, rows > maxSpans);
}

/** A column of a block, which is of this kind. */
export function columnOf<K extends Column["kind"]>(
  block: Block,
  name: string,
  kind: K,
): Extract<Column, { kind: K }> {
  const column = block.columns.get(name);
  assert.ok(column?.kind === kind, `column ${name} is ${column?.kind ?? "missing"}, not ${kind}`);
  return column as Extract<Column, { kind: K }>;
}

/** Numbers the strings of a stream, and tells those that are new. */
export class FrameStrings {
  readonly #strings = new Interner();
  #told = 0;

  numberOf(text: string): number {
    const bytes = Buffer.from(text);
    return this.#strings.intern(bytes, 0, bytes.length);
  }

  /** The numbers of a dictionary column's values. */
  numbers({ indexes, keys }: Extract<Column, { kind: "dictionary" }>): Uint32Array {
    assert.ok(keys.kind === "string");
    const { texts } = keys;
    const highest = indexes.reduce((most, key) => (key > most ? key : most), 0);
    const numbers = new Int32Array(highest + 1).fill(-1);
    return indexes.map((key) => {
      if (numbers[key] === -1) {
        numbers[key] = this.#strings.intern(texts.bytes, texts.start(key), texts.end(key));
      }
      return numbers[key]!;
    });
  }

  /** The frame of the strings numbered since it was asked last, if there are any. */
  frame(): Uint8Array | undefined {
    const strings = this.#strings;
    const from = this.#told;
    if (strings.size === from) return undefined;
    this.#told = strings.size;
    const start = strings.start(from);
    const ends = Uint32Array.from(
      { length: strings.size - from },
      (_, i) => strings.end(from + i) - start,
    );
    return encodeStrings(ends, strings.bytes.subarray(start, strings.end(strings.size - 1)));
  }
}

class FrameWriter {
  spans = 0;
  readonly #strings = new FrameStrings();
  readonly #seen = new SpanSet();
  readonly #unknownService = this.#strings.numberOf(UNKNOWN_SERVICE);

  *frames(block: Block): Generator<Uint8Array> {
    const arrays = this.#arrays(block);
    const once = this.#eachOnce(arrays);
    const strings = this.#strings.frame();
    if (strings !== undefined) yield strings;
    this.spans += once.spans;
    if (once.spans > 0) yield encodeSpans(once);
  }

  #arrays(block: Block): Writable<SpanArrays> {
    const bytes = (name: string): Uint8Array => columnOf(block, name, "fixed").bytes;
    const times = columnOf(block, "event_time_unix_nano", "array");
    const names = columnOf(block, "event_name", "array").items;
    const links = columnOf(block, "link_trace_id", "array");
    const linkSpans = columnOf(block, "link_span_id", "array").items;
    assert.ok(times.items.kind === "fixed" && names.kind === "dictionary");
    assert.ok(links.items.kind === "fixed" && linkSpans.kind === "fixed");
    return {
      spans: block.rows,
      events: times.ends.at(-1)!,
      links: links.ends.at(-1)!,
      startUnixNano: bytes("start_unix_nano"),
      durationNano: bytes("duration_nano"),
      spanId: bytes("span_id"),
      parentSpanId: bytes("parent_span_id"),
      name: this.#strings.numbers(columnOf(block, "name", "dictionary")),
      service: this.#services(block),
      eventEnds: times.ends,
      linkEnds: links.ends,
      kind: bytes("kind"),
      status: bytes("status_code"),
      marks: bytes("marks"),
      eventTimeUnixNano: times.items.bytes,
      eventName: this.#strings.numbers(names),
      linkTraceId: links.items.bytes,
      linkSpanId: linkSpans.bytes,
    };
  }

  #services(block: Block): Uint32Array {
    const empty = this.#strings.numberOf("");
    return this.#strings
      .numbers(columnOf(block, "service", "dictionary"))
      .map((service) => (service === empty ? this.#unknownService : service));
  }

  /** The arrays without spans that were sent before; as they are if there is none. */
  #eachOnce(arrays: Writable<SpanArrays>): Writable<SpanArrays> {
    const ids = aligned(arrays.spanId);
    const service = aligned(arrays.service);
    const isRepeated = new Uint8Array(arrays.spans);
    let repeated = 0;
    for (let i = 0; i < arrays.spans; i++) {
      const [low, high] = [ids[2 * i]!, ids[2 * i + 1]!];
      if (this.#seen.add(low, high, arrays.kind[i]!, service[i]!)) continue;
      isRepeated[i] = 1;
      repeated++;
    }
    if (repeated === 0) return arrays;
    return onlySpans(
      arrays,
      Array.from(isRepeated.keys()).filter((i) => isRepeated[i] === 0),
    );
  }
}

/** Words that may be anywhere in memory, where they can be read as words. */
function aligned(words: Uint8Array | Uint32Array): Uint32Array {
  return words instanceof Uint32Array ? words : new Uint32Array(Uint8Array.from(words).buffer);
}

function onlySpans(all: Writable<SpanArrays>, kept: readonly number[]): SpanArrays {
  const items = (array: Uint8Array | Uint32Array, width: number, which: readonly number[]) => {
    const words = aligned(array);
    return Uint32Array.from({ length: which.length * width }, (_, at) => {
      return words[which[Math.floor(at / width)]! * width + (at % width)]!;
    });
  };
  const [events, eventEnds] = owned(aligned(all.eventEnds), kept);
  const [links, linkEnds] = owned(aligned(all.linkEnds), kept);
  const bytes = (array: Uint8Array): Uint8Array => Uint8Array.from(kept, (i) => array[i]!);
  return {
    spans: kept.length,
    events: events.length,
    links: links.length,
    startUnixNano: items(all.startUnixNano, 2, kept),
    durationNano: items(all.durationNano, 2, kept),
    spanId: items(all.spanId, 2, kept),
    parentSpanId: items(all.parentSpanId, 2, kept),
    name: items(all.name, 1, kept),
    service: items(all.service, 1, kept),
    eventEnds,
    linkEnds,
    kind: bytes(all.kind),
    status: bytes(all.status),
    marks: bytes(all.marks),
    eventTimeUnixNano: items(all.eventTimeUnixNano, 2, events),
    eventName: items(all.eventName, 1, events),
    linkTraceId: items(all.linkTraceId, 4, links),
    linkSpanId: items(all.linkSpanId, 2, links),
  };
}

/** The items that these owners have, and where each owner's end among them. */
function owned(ends: Uint32Array, owners: readonly number[]): [items: number[], ends: Uint32Array] {
  const items: number[] = [];
  const newEnds = Uint32Array.from(owners, (owner) => {
    for (let at = owner === 0 ? 0 : ends[owner - 1]!; at < ends[owner]!; at++) items.push(at);
    return items.length;
  });
  return [items, newEnds];
}
