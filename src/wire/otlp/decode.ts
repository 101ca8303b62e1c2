/**
 * OTLP protobuf straight into columns. Source: opentelemetry-proto 1.11, trace/v1/trace.proto and
 * what it includes. Fields may come in any order and unknown ones are stepped over; in `switch`es a
 * case is a whole tag (field << 3 | wire type), so a known field with a foreign type is unknown too.
 */
import { Fault } from "../../base/fault.ts";
import { ProtoReader, ProtoWriter } from "../../base/protobuf.ts";
import type { SpanColumns } from "../../model/span-columns.ts";
import { AttributeDecoder } from "./decode-attributes.ts";
import { copyEntityRef } from "./decode-entity-refs.ts";
import { type Decoded, type DecodeLimits, type RejectReason, Tally } from "./limits.ts";
import { attributeBytes, RequestSize } from "./request-size.ts";

const HIGHEST_KIND = 5;
const HIGHEST_STATUS = 2;

/** Decodes requests into one set of columns. */
export class OtlpDecoder {
  readonly #columns: SpanColumns;
  readonly #limits: DecodeLimits;
  #reader = new ProtoReader(new Uint8Array(0));
  #tally = new Tally();
  readonly #attributes: AttributeDecoder;
  // The place in the request, for messages.
  #resourceSpans = 0;
  #scopeSpans = 0;
  #span = 0;
  #spansSeen = 0;
  #size = new RequestSize();
  readonly #entityRefs = new ProtoWriter();
  // The span at hand: the first thing wrong with it.
  #reason: RejectReason | undefined;
  #problem = "";

  constructor(columns: SpanColumns, limits: DecodeLimits) {
    this.#columns = columns;
    this.#limits = limits;
    this.#attributes = new AttributeDecoder(columns.memory, limits.nestingDepth);
  }

  /**
   * Appends the spans of an encoded ExportTraceServiceRequest to the columns. Spans with invalid
   * ids are left out and told of in the answer. Throws Fault "invalid" (malformed, with the place)
   * or "tooLarge" (more spans than the limit), and then the columns are as before.
   */
  decode(body: Uint8Array): Decoded {
    const columns = this.#columns;
    const mark = columns.mark();
    const before = this.#repairCounts();
    this.#reader = new ProtoReader(body);
    this.#tally = new Tally();
    this.#resourceSpans = this.#scopeSpans = this.#span = -1;
    this.#spansSeen = 0;
    this.#size = new RequestSize();
    try {
      const reader = this.#reader;
      for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
        if (tag === 0x0a) this.#readResourceSpans();
        else reader.skip(tag);
      }
    } catch (error) {
      columns.rewind(mark);
      if (!(error instanceof Fault)) throw error;
      throw new Fault(error.code, `${this.#place()}: ${error.message}`, { cause: error });
    }
    const { rejected, message, repairs } = this.#tally;
    const after = this.#repairCounts();
    repairs.duplicateKeys = after.duplicateKeys - before.duplicateKeys;
    repairs.invalidUtf8 += after.invalidUtf8 - before.invalidUtf8;
    const acceptedSpans = columns.length - mark.spans;
    if (acceptedSpans === 0) columns.rewind(mark); // or requests without a valid span would pile up unseen
    return { acceptedSpans, rejected, message, repairs };
  }

  #repairCounts(): { duplicateKeys: number; invalidUtf8: number } {
    const { attributes, events, links, resources, scopes, strings, memory } = this.#columns;
    const lists = [attributes, events.attributes, links.attributes];
    lists.push(resources.attributes, scopes.attributes);
    return {
      duplicateKeys: lists.reduce((sum, list) => sum + list.duplicates, 0),
      invalidUtf8: strings.repaired + memory.keys.repaired + this.#attributes.invalidUtf8,
    };
  }

  #place(): string {
    let place = "ExportTraceServiceRequest";
    if (this.#resourceSpans >= 0) place += `.resource_spans[${this.#resourceSpans}]`;
    if (this.#scopeSpans >= 0) place += `.scope_spans[${this.#scopeSpans}]`;
    if (this.#span >= 0) place += `.spans[${this.#span}]`;
    return place;
  }

  #readResourceSpans(): void {
    const reader = this.#reader;
    const { resources, memory, length: firstSpan } = this.#columns;
    this.#resourceSpans++;
    const outer = reader.enter();
    const valueBytes = memory.values.length;
    const row = resources.add();
    this.#entityRefs.clear();
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      switch (tag) {
        case 0x0a:
          this.#readResource(row);
          break;
        case 0x12:
          this.#readScopeSpans(row);
          break;
        case 0x1a:
          resources.schemaUrl[row] = this.#string();
          break;
        default:
          reader.skip(tag);
      }
    }
    resources.attributes.closeOwner();
    reader.leave(outer);
    this.#scopeSpans = -1;
    if (this.#columns.length > firstSpan) {
      this.#keepEntityRefs(row);
      const bytes = attributeBytes(resources.attributes, row) + this.#entityRefs.length;
      this.#addRepeated(bytes, firstSpan);
      return;
    }
    resources.length = row;
    resources.attributes.truncate(row);
    memory.values.length = valueBytes;
  }

  #readResource(row: number): void {
    const reader = this.#reader;
    const { resources } = this.#columns;
    const outer = reader.enter();
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      switch (tag) {
        case 0x0a:
          this.#attributes.read(this.#reader, resources.attributes);
          break;
        case 0x10:
          resources.droppedAttributesCount[row] = reader.varint32();
          break;
        case 0x1a:
          this.#tally.repairs.invalidUtf8 += copyEntityRef(reader, this.#entityRefs, tag);
          break;
        default:
          reader.skip(tag);
      }
    }
    reader.leave(outer);
  }

  #keepEntityRefs(row: number): void {
    const { resources, memory } = this.#columns;
    const from = memory.values.length;
    memory.values.append(this.#entityRefs.finish(), 0, this.#entityRefs.length);
    resources.entityRefs.set(row, from, memory.values.length);
  }

  #readScopeSpans(resource: number): void {
    const reader = this.#reader;
    const { scopes, memory, length: firstSpan } = this.#columns;
    this.#scopeSpans++;
    this.#span = -1;
    const outer = reader.enter();
    const valueBytes = memory.values.length;
    const row = scopes.add();
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      switch (tag) {
        case 0x0a:
          this.#readScope(row);
          break;
        case 0x12:
          this.#readSpan(resource, row);
          break;
        case 0x1a:
          scopes.schemaUrl[row] = this.#string();
          break;
        default:
          reader.skip(tag);
      }
    }
    scopes.attributes.closeOwner();
    reader.leave(outer);
    this.#span = -1;
    if (this.#columns.length > firstSpan) {
      this.#addRepeated(attributeBytes(scopes.attributes, row), firstSpan);
      return;
    }
    scopes.length = row;
    scopes.attributes.truncate(row);
    memory.values.length = valueBytes;
  }

  #addRepeated(bytesPerSpan: number, firstSpan: number): void {
    const bytes = bytesPerSpan * (this.#columns.length - firstSpan);
    this.#size.addRepeated(bytes);
    this.#columns.repeatedBytes += bytes;
  }

  #readScope(row: number): void {
    const reader = this.#reader;
    const { scopes } = this.#columns;
    const outer = reader.enter();
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      switch (tag) {
        case 0x0a:
          scopes.name[row] = this.#string();
          break;
        case 0x12:
          scopes.version[row] = this.#string();
          break;
        case 0x1a:
          this.#attributes.read(this.#reader, scopes.attributes);
          break;
        case 0x20:
          scopes.droppedAttributesCount[row] = reader.varint32();
          break;
        default:
          reader.skip(tag);
      }
    }
    reader.leave(outer);
  }

  #readSpan(resource: number, scope: number): void {
    const columns = this.#columns;
    this.#span++;
    if (++this.#spansSeen > this.#limits.spansPerRequest) {
      throw new Fault("tooLarge", `more than ${this.#limits.spansPerRequest} spans in one request`);
    }
    const outer = this.#reader.enter();
    const events = columns.events.length;
    const links = columns.links.length;
    const valueBytes = columns.memory.values.length;
    const row = columns.add();
    columns.resource[row] = resource;
    columns.scope[row] = scope;
    columns.encodedBytes[row] = this.#reader.limit - this.#reader.at;
    this.#reason = undefined;
    this.#readSpanFields(row);
    this.#reader.leave(outer);
    this.#checkIds(row);
    if (this.#reason !== undefined) {
      this.#tally.reject(this.#reason, this.#place(), this.#problem);
      columns.dropSpan({ events, links });
      columns.memory.values.length = valueBytes;
      return;
    }
    columns.closeSpan();
  }

  #readSpanFields(row: number): void {
    const reader = this.#reader;
    const columns = this.#columns;
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      switch (tag) {
        case 0x0a:
          this.#readId(columns.traceId, row, 16, "invalid_trace_id");
          break;
        case 0x12:
          this.#readId(columns.spanId, row, 8, "invalid_span_id");
          break;
        case 0x1a:
          this.#readText(columns.traceState, row);
          break;
        case 0x22:
          this.#readId(columns.parentSpanId, row, 8, "invalid_parent_span_id");
          break;
        case 0x2a:
          columns.name[row] = this.#string();
          break;
        case 0x30:
          columns.kind[row] = this.#enum(HIGHEST_KIND);
          break;
        case 0x39:
          reader.fixed64();
          columns.startUnixNano[2 * row] = reader.low;
          columns.startUnixNano[2 * row + 1] = reader.high;
          break;
        case 0x41:
          reader.fixed64();
          columns.endUnixNano[2 * row] = reader.low;
          columns.endUnixNano[2 * row + 1] = reader.high;
          break;
        case 0x4a:
          this.#attributes.read(this.#reader, columns.attributes);
          break;
        case 0x50:
          columns.droppedAttributesCount[row] = reader.varint32();
          break;
        case 0x5a:
          this.#readEvent();
          break;
        case 0x60:
          columns.droppedEventsCount[row] = reader.varint32();
          break;
        case 0x6a:
          this.#readLink();
          break;
        case 0x70:
          columns.droppedLinksCount[row] = reader.varint32();
          break;
        case 0x7a:
          this.#readStatus(row);
          break;
        case 0x85:
          columns.flags[row] = reader.fixed32();
          break;
        default:
          reader.skip(tag);
      }
    }
  }

  #readStatus(row: number): void {
    const reader = this.#reader;
    const outer = reader.enter();
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x12) this.#readText(this.#columns.statusMessage, row);
      else if (tag === 0x18) this.#columns.statusCode[row] = this.#enum(HIGHEST_STATUS);
      else reader.skip(tag);
    }
    reader.leave(outer);
  }

  #readEvent(): void {
    const reader = this.#reader;
    const { events } = this.#columns;
    this.#size.addEventOrLink();
    const outer = reader.enter();
    const row = events.add();
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      switch (tag) {
        case 0x09:
          reader.fixed64();
          events.timeUnixNano[2 * row] = reader.low;
          events.timeUnixNano[2 * row + 1] = reader.high;
          break;
        case 0x12:
          events.name[row] = this.#string();
          break;
        case 0x1a:
          this.#attributes.read(this.#reader, events.attributes);
          break;
        case 0x20:
          events.droppedAttributesCount[row] = reader.varint32();
          break;
        default:
          reader.skip(tag);
      }
    }
    events.attributes.closeOwner();
    reader.leave(outer);
  }

  #readLink(): void {
    const reader = this.#reader;
    const { links } = this.#columns;
    this.#size.addEventOrLink();
    const outer = reader.enter();
    const row = links.add();
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      switch (tag) {
        case 0x0a:
          this.#readLinkId(links.traceId, row, 16);
          break;
        case 0x12:
          this.#readLinkId(links.spanId, row, 8);
          break;
        case 0x1a:
          this.#readText(links.traceState, row);
          break;
        case 0x22:
          this.#attributes.read(this.#reader, links.attributes);
          break;
        case 0x28:
          links.droppedAttributesCount[row] = reader.varint32();
          break;
        case 0x35:
          links.flags[row] = reader.fixed32();
          break;
        default:
          reader.skip(tag);
      }
    }
    links.attributes.closeOwner();
    reader.leave(outer);
  }

  #readId(into: Uint8Array, row: number, bytes: number, reason: RejectReason): void {
    const reader = this.#reader;
    const end = reader.lengthEnd();
    const length = end - reader.at;
    if (length === bytes) {
      for (let i = 0; i < bytes; i++) into[row * bytes + i] = reader.bytes[reader.at + i]!;
    } else if (length === 0 && reason === "invalid_parent_span_id") {
      into.fill(0, row * bytes, row * bytes + bytes);
    } else {
      this.#reason ??= reason;
      this.#problem = `${reason.slice("invalid_".length)} has ${length} bytes, want ${bytes}`;
    }
    reader.at = end;
  }

  #readLinkId(into: Uint8Array, row: number, bytes: number): void {
    const id = this.#reader.slice();
    if (id.length === bytes) into.set(id, row * bytes);
    else this.#tally.repairs.invalidLinkIds++;
  }

  #checkIds(row: number): void {
    if (this.#reason !== undefined) return;
    const { traceId, spanId } = this.#columns;
    if (isZero(traceId, row * 16, 16)) {
      this.#reason = "invalid_trace_id";
      this.#problem = "trace_id is missing or all zero";
    } else if (isZero(spanId, row * 8, 8)) {
      this.#reason = "invalid_span_id";
      this.#problem = "span_id is missing or all zero";
    }
  }

  #readText(into: { set(row: number, from: number, to: number): void }, row: number): void {
    const reader = this.#reader;
    const { values } = this.#columns.memory;
    const end = reader.lengthEnd();
    const from = values.length;
    if (!values.appendText(reader.bytes, reader.at, end)) this.#tally.repairs.invalidUtf8++;
    into.set(row, from, values.length);
    reader.at = end;
  }

  /** The number of the string field that follows, in the columns' `strings`. */
  #string(): number {
    const reader = this.#reader;
    const end = reader.lengthEnd();
    const id = this.#columns.strings.intern(reader.bytes, reader.at, end);
    reader.at = end;
    return id;
  }

  #enum(highest: number): number {
    const value = this.#reader.varint32();
    if (value <= highest) return value;
    this.#tally.repairs.unknownEnums++;
    return 0;
  }
}

function isZero(bytes: Uint8Array, from: number, count: number): boolean {
  for (let i = from; i < from + count; i++) if (bytes[i] !== 0) return false;
  return true;
}
