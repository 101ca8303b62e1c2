/**
 * Spans as columns: what the decoders fill, what the store writes and what it reads back. There is
 * no object for a span; span `i` is item `i` of every array. Little-endian words throughout.
 *
 *     resources ◀── resource[i]          one for each ResourceSpans (or run of equal ones)
 *     scopes    ◀── scope[i]             one for each ScopeSpans
 *     events    ◀── events.ends[i]       owner lists, as in AttributeColumns
 *     links     ◀── links.ends[i]
 */
import assert from "node:assert/strict";
import os from "node:os";
import { ByteArena } from "../base/arena.ts";
import { grown } from "../base/growable.ts";
import { Interner } from "../base/interner.ts";
import { AttributeColumns, type AttributeMemory } from "./attribute-columns.ts";

assert.equal(os.endianness(), "LE", "columns are written as they stand in memory");

/** Bits of `SpanColumns.marks`. */
export const markBits = { endsBeforeStart: 1, farFuture: 2, farPast: 4 } as const;

/** Texts kept as (from, to) in a shared arena, by row. */
export class TextColumn {
  readonly arena: ByteArena;
  ranges = new Uint32Array(32);

  constructor(arena: ByteArena) {
    this.arena = arena;
  }

  /** Text `row` becomes what the arena holds in [from, to). */
  set(row: number, from: number, to: number): void {
    this.ranges = grown(this.ranges, 2 * row + 2);
    this.ranges[2 * row] = from;
    this.ranges[2 * row + 1] = to;
  }

  from(row: number): number {
    return this.ranges[2 * row]!;
  }

  to(row: number): number {
    return this.ranges[2 * row + 1]!;
  }

  text(row: number): string {
    return Buffer.from(this.arena.bytes.subarray(this.from(row), this.to(row))).toString();
  }
}

/** Resources; those of one batch are few beside its spans. Strings are numbers of `strings`. */
class ResourceColumns {
  length = 0;
  readonly attributes: AttributeColumns;
  schemaUrl = new Uint32Array(16);
  droppedAttributesCount = new Uint32Array(16);
  /** The encoded entity_refs fields of the resource, tags included, as they came. */
  readonly entityRefs: TextColumn;

  constructor(memory: AttributeMemory) {
    this.attributes = new AttributeColumns(memory);
    this.entityRefs = new TextColumn(memory.values);
  }

  /** Opens the next resource; its attributes are closed by `closeOwner`. Gives its number. */
  add(): number {
    const row = this.length++;
    this.schemaUrl = grown(this.schemaUrl, this.length);
    this.droppedAttributesCount = grown(this.droppedAttributesCount, this.length);
    this.schemaUrl[row] = 0;
    this.droppedAttributesCount[row] = 0;
    this.entityRefs.set(row, 0, 0);
    return row;
  }
}

/** Instrumentation scopes, as `ResourceColumns`. */
class ScopeColumns {
  length = 0;
  readonly attributes: AttributeColumns;
  name = new Uint32Array(16);
  version = new Uint32Array(16);
  schemaUrl = new Uint32Array(16);
  droppedAttributesCount = new Uint32Array(16);

  constructor(memory: AttributeMemory) {
    this.attributes = new AttributeColumns(memory);
  }

  add(): number {
    const row = this.length++;
    this.name = grown(this.name, this.length);
    this.version = grown(this.version, this.length);
    this.schemaUrl = grown(this.schemaUrl, this.length);
    this.droppedAttributesCount = grown(this.droppedAttributesCount, this.length);
    this.name[row] = this.version[row] = this.schemaUrl[row] = 0;
    this.droppedAttributesCount[row] = 0;
    return row;
  }
}

/** Events of all spans, in the order of their spans. */
class EventColumns {
  length = 0;
  readonly attributes: AttributeColumns;
  /** By span: where its events end. */
  ends = new Uint32Array(16);
  /** Two words an event: low, high. */
  timeUnixNano = new Uint32Array(32);
  name = new Uint32Array(16);
  droppedAttributesCount = new Uint32Array(16);

  constructor(memory: AttributeMemory) {
    this.attributes = new AttributeColumns(memory);
  }

  add(): number {
    const row = this.length++;
    this.timeUnixNano = grown(this.timeUnixNano, this.length * 2);
    this.name = grown(this.name, this.length);
    this.droppedAttributesCount = grown(this.droppedAttributesCount, this.length);
    this.timeUnixNano[2 * row] = this.timeUnixNano[2 * row + 1] = 0;
    this.name[row] = this.droppedAttributesCount[row] = 0;
    return row;
  }
}

/** Links of all spans, in the order of their spans. */
class LinkColumns {
  length = 0;
  readonly attributes: AttributeColumns;
  /** By span: where its links end. */
  ends = new Uint32Array(16);
  traceId = new Uint8Array(16 * 16);
  spanId = new Uint8Array(8 * 16);
  readonly traceState: TextColumn;
  flags = new Uint32Array(16);
  droppedAttributesCount = new Uint32Array(16);

  constructor(memory: AttributeMemory) {
    this.attributes = new AttributeColumns(memory);
    this.traceState = new TextColumn(memory.values);
  }

  add(): number {
    const row = this.length++;
    this.traceId = grown(this.traceId, this.length * 16);
    this.spanId = grown(this.spanId, this.length * 8);
    this.flags = grown(this.flags, this.length);
    this.droppedAttributesCount = grown(this.droppedAttributesCount, this.length);
    this.traceId.fill(0, row * 16, row * 16 + 16);
    this.spanId.fill(0, row * 8, row * 8 + 8);
    this.traceState.set(row, 0, 0);
    this.flags[row] = this.droppedAttributesCount[row] = 0;
    return row;
  }
}

/** Where columns stood at some moment, to go back to. */
export interface ColumnsMark {
  readonly spans: number;
  readonly resources: number;
  readonly scopes: number;
  readonly events: number;
  readonly links: number;
  readonly valueBytes: number;
  readonly strings: number;
  readonly keys: number;
  readonly repeatedBytes: number;
}

/** Spans with everything that OTLP says about them. */
export class SpanColumns {
  length = 0;
  /** Bytes of resources and scopes, once for each span that is stored beside them. */
  repeatedBytes = 0;
  /** Names, versions and schema URLs; number 0 is the empty string. */
  readonly strings = new Interner();
  readonly memory: AttributeMemory = { keys: new Interner(), values: new ByteArena(1 << 16) };
  readonly resources = new ResourceColumns(this.memory);
  readonly scopes = new ScopeColumns(this.memory);
  readonly attributes = new AttributeColumns(this.memory);
  readonly events = new EventColumns(this.memory);
  readonly links = new LinkColumns(this.memory);

  traceId = new Uint8Array(16 * 64);
  spanId = new Uint8Array(8 * 64);
  /** All zero for a root. */
  parentSpanId = new Uint8Array(8 * 64);
  readonly traceState = new TextColumn(this.memory.values);
  flags = new Uint32Array(64);
  /** Numbers of `strings`. */
  name = new Uint32Array(64);
  kind = new Uint8Array(64);
  /** Two words a span: low, high. */
  startUnixNano = new Uint32Array(128);
  endUnixNano = new Uint32Array(128);
  statusCode = new Uint8Array(64);
  readonly statusMessage = new TextColumn(this.memory.values);
  droppedAttributesCount = new Uint32Array(64);
  droppedEventsCount = new Uint32Array(64);
  droppedLinksCount = new Uint32Array(64);
  resource = new Uint32Array(64);
  scope = new Uint32Array(64);
  /** Whose span it is; numbers of `strings`. Set by `setTenant`. */
  tenant = new Uint32Array(64);
  /** Seconds since 1970 of the five minutes under which the span is filed; see `markTimes`. */
  timeBucket = new Uint32Array(64);
  /** A sum of `markBits`. */
  marks = new Uint8Array(64);
  /** Bytes of the span as OTLP, its resource and scope aside; 0 in spans that were read back. */
  encodedBytes = new Uint32Array(64);

  constructor() {
    this.strings.intern(new Uint8Array(0), 0, 0);
  }

  /** Opens the next span, everything empty, and gives its row; `closeSpan` ends it. */
  add(): number {
    const row = this.length++;
    if (this.length > this.kind.length) this.#grow();
    this.traceId.fill(0, row * 16, row * 16 + 16);
    this.spanId.fill(0, row * 8, row * 8 + 8);
    this.parentSpanId.fill(0, row * 8, row * 8 + 8);
    this.traceState.set(row, 0, 0);
    this.statusMessage.set(row, 0, 0);
    this.startUnixNano[2 * row] = this.startUnixNano[2 * row + 1] = 0;
    this.endUnixNano[2 * row] = this.endUnixNano[2 * row + 1] = 0;
    this.flags[row] = this.name[row] = this.kind[row] = this.statusCode[row] = 0;
    this.droppedAttributesCount[row] = this.droppedEventsCount[row] = 0;
    this.droppedLinksCount[row] = this.timeBucket[row] = this.marks[row] = 0;
    this.tenant[row] = this.encodedBytes[row] = 0;
    return row;
  }

  /** Ends the lists of the span opened last. */
  closeSpan(): void {
    this.attributes.closeOwner();
    this.events.ends = grown(this.events.ends, this.length);
    this.events.ends[this.length - 1] = this.events.length;
    this.links.ends = grown(this.links.ends, this.length);
    this.links.ends[this.length - 1] = this.links.length;
  }

  /** Says whose the spans from row `from` on are. */
  setTenant(from: number, tenant: string): void {
    const bytes = Buffer.from(tenant);
    this.tenant.fill(this.strings.intern(bytes, 0, bytes.length), from, this.length);
  }

  mark(): ColumnsMark {
    return {
      spans: this.length,
      resources: this.resources.length,
      scopes: this.scopes.length,
      events: this.events.length,
      links: this.links.length,
      valueBytes: this.memory.values.length,
      strings: this.strings.size,
      keys: this.memory.keys.size,
      repeatedBytes: this.repeatedBytes,
    };
  }

  /** Forgets everything; the memory is used again. */
  clear(): void {
    const nothing = { spans: 0, resources: 0, scopes: 0, events: 0, links: 0, valueBytes: 0 };
    this.rewind({ ...nothing, strings: 1, keys: 0, repeatedBytes: 0 });
  }

  /** Forgets everything added since `mark`, open spans and new strings included. */
  rewind(mark: ColumnsMark): void {
    this.length = mark.spans;
    this.attributes.truncate(mark.spans);
    this.resources.length = mark.resources;
    this.resources.attributes.truncate(mark.resources);
    this.scopes.length = mark.scopes;
    this.scopes.attributes.truncate(mark.scopes);
    this.events.length = mark.events;
    this.events.attributes.truncate(mark.events);
    this.links.length = mark.links;
    this.links.attributes.truncate(mark.links);
    this.memory.values.length = mark.valueBytes;
    this.strings.truncate(mark.strings);
    this.memory.keys.truncate(mark.keys);
    this.repeatedBytes = mark.repeatedBytes;
  }

  /** Forgets the span opened last, if `mark` was taken right before it was opened. Its resource and
   * scope stay as they are. */
  dropSpan(mark: { readonly events: number; readonly links: number }): void {
    this.length--;
    this.attributes.dropOpenOwner();
    this.events.length = mark.events;
    this.events.attributes.truncate(mark.events);
    this.links.length = mark.links;
    this.links.attributes.truncate(mark.links);
  }

  /** All rows, sorted by start, then span id. */
  rowsByStart(): Uint32Array {
    const { startUnixNano: start, spanId } = this;
    return Uint32Array.from({ length: this.length }, (_, row) => row).sort((a, b) => {
      const earlier = start[2 * a + 1]! - start[2 * b + 1]! || start[2 * a]! - start[2 * b]!;
      if (earlier !== 0) return earlier;
      const ids = (row: number): Uint8Array => spanId.subarray(row * 8, row * 8 + 8);
      return Buffer.compare(ids(a), ids(b));
    });
  }

  eventsStart(row: number): number {
    return row === 0 ? 0 : this.events.ends[row - 1]!;
  }

  linksStart(row: number): number {
    return row === 0 ? 0 : this.links.ends[row - 1]!;
  }

  /** Memory that the spans take, here and as a block for the store, in bytes and near enough to hold
   * against a limit. */
  sizeBytes(): number {
    const attributes =
      this.attributes.length + this.events.attributes.length + this.links.attributes.length;
    const texts = this.memory.values.length + this.strings.sizeBytes + this.memory.keys.sizeBytes;
    const rows = this.length * 138 + this.events.length * 24 + this.links.length * 48;
    return texts + rows + attributes * 17 + this.repeatedBytes;
  }

  /** Memory that these columns hold, filled or not. */
  heldBytes(): number {
    const { memory, strings, resources, scopes, events, links } = this;
    const lists = [this, resources, scopes, events, links];
    const texts = [this.traceState, this.statusMessage, resources.entityRefs, links.traceState];
    const interned = strings.heldBytes + memory.keys.heldBytes;
    const attributes = lists.map((list) => list.attributes);
    return arrayBytes([...lists, ...texts, ...attributes, memory.values]) + interned;
  }

  #grow(): void {
    const rows = this.length;
    this.traceId = grown(this.traceId, rows * 16);
    this.spanId = grown(this.spanId, rows * 8);
    this.parentSpanId = grown(this.parentSpanId, rows * 8);
    this.startUnixNano = grown(this.startUnixNano, rows * 2);
    this.endUnixNano = grown(this.endUnixNano, rows * 2);
    this.kind = grown(this.kind, rows);
    this.statusCode = grown(this.statusCode, rows);
    this.marks = grown(this.marks, rows);
    this.flags = grown(this.flags, rows);
    this.name = grown(this.name, rows);
    this.droppedAttributesCount = grown(this.droppedAttributesCount, rows);
    this.droppedEventsCount = grown(this.droppedEventsCount, rows);
    this.droppedLinksCount = grown(this.droppedLinksCount, rows);
    this.resource = grown(this.resource, rows);
    this.scope = grown(this.scope, rows);
    this.timeBucket = grown(this.timeBucket, rows);
    this.tenant = grown(this.tenant, rows);
    this.encodedBytes = grown(this.encodedBytes, rows);
  }
}

/** Bytes of all arrays that are fields of these. */
function arrayBytes(owners: readonly object[]): number {
  let bytes = 0;
  for (const owner of owners) {
    for (const field of Object.values(owner)) {
      if (ArrayBuffer.isView(field)) bytes += field.byteLength;
    }
  }
  return bytes;
}
