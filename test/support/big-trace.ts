/** One trace of as many spans as wanted, as OTLP/protobuf requests: what a batch job of some hours makes. */
import { createHash } from "node:crypto";
import { attributeTypes } from "../../src/model/attribute-columns.ts";
import { SpanColumns } from "../../src/model/span-columns.ts";
import { encodeTracesData } from "../../src/wire/otlp/encode.ts";

const SPANS_PER_REQUEST = 10_000;
const CHILDREN = 6;
const [INTERNAL, SERVER, CLIENT] = [1, 2, 3];
const services = (
  "scheduler importer catalog pricing inventory search-index media translations notifications " +
  "audit warehouse billing"
).split(" ");
const verbs = ["GET", "POST", "PUT", "SELECT", "INSERT", "render", "validate", "publish"];
const nouns = ["product", "price", "stock", "image", "locale", "offer", "supplier", "category"];

/** A trace and the requests that bring it. */
export interface BigTrace {
  readonly traceId: string;
  readonly requests: () => Generator<Uint8Array>;
}

/** A tree of `count` spans (six children each, siblings one after the other), one in 200 failed, one
 * in 20 with an event. Always the same for a count, but for its id and its start. */
export function bigTrace(count: number, startMs: number): BigTrace {
  const traceId = createHash("sha256").update(`${count} ${startMs}`).digest().subarray(0, 16);
  const maker = new Maker(traceId, count, BigInt(startMs) * 1_000_000n);
  return { traceId: traceId.toString("hex"), requests: () => maker.requests() };
}

class Maker {
  readonly #traceId: Uint8Array;
  readonly #count: number;
  readonly #startNano: bigint;
  readonly #from: Float64Array;
  readonly #for: Float64Array;

  constructor(traceId: Uint8Array, count: number, startNano: bigint) {
    this.#traceId = traceId;
    this.#count = count;
    this.#startNano = startNano;
    this.#from = new Float64Array(count);
    this.#for = new Float64Array(count);
    // Each child gets a part of its parent's time, with gaps between.
    this.#for[0] = count * 20_000;
    for (let i = 1; i < count; i++) {
      const parent = Math.floor((i - 1) / CHILDREN);
      const slot = this.#for[parent]! / (CHILDREN + 0.5);
      const nth = (i - 1) % CHILDREN;
      const jitter = ((i * 2_654_435_761) % 1000) / 1000;
      this.#from[i] = this.#from[parent]! + slot * (nth + 0.25 + jitter * 0.2);
      this.#for[i] = Math.max(50, slot * (0.4 + 0.5 * jitter));
    }
  }

  *requests(): Generator<Uint8Array> {
    for (let from = 0; from < this.#count; from += SPANS_PER_REQUEST) {
      const columns = new SpanColumns();
      const resources = services.map((service) => addResource(columns, service));
      const scope = columns.scopes.add();
      columns.scopes.name[scope] = string(columns, "clew.bench");
      columns.scopes.attributes.closeOwner();
      const to = Math.min(from + SPANS_PER_REQUEST, this.#count);
      for (let i = from; i < to; i++) this.#add(columns, i, resources, scope);
      yield encodeTracesData(columns);
    }
  }

  #add(columns: SpanColumns, i: number, resources: readonly number[], scope: number): void {
    const row = columns.add();
    const service = serviceOf(i);
    const parent = i === 0 ? -1 : Math.floor((i - 1) / CHILDREN);
    columns.traceId.set(this.#traceId, row * 16);
    setId(columns.spanId, row, i);
    if (parent >= 0) setId(columns.parentSpanId, row, parent);
    const start = this.#startNano + BigInt(Math.round(this.#from[i]!));
    setTime(columns.startUnixNano, row, start);
    setTime(columns.endUnixNano, row, start + BigInt(Math.round(this.#for[i]!)));
    const crosses = parent >= 0 && serviceOf(parent) !== service;
    columns.kind[row] = crosses ? SERVER : i % 3 === 0 ? CLIENT : INTERNAL;
    columns.statusCode[row] = i % 200 === 199 ? 2 : 0;
    columns.name[row] = string(columns, `${verbs[i % 8]} ${nouns[(i >> 3) % 8]} ${(i >> 6) % 5}`);
    columns.resource[row] = resources[service]!;
    columns.scope[row] = scope;
    setText(columns, "app.item", `item-${i % 5000}`);
    setText(columns, "db.system.name", i % 3 === 0 ? "postgresql" : "");
    columns.attributes.set(key(columns, "app.batch"), attributeTypes.int, i % 977, 0);
    if (i % 20 === 7) addEvent(columns, i % 200 === 199 ? "exception" : "retry", start);
    columns.closeSpan();
  }
}

/** Neighbours in the tree often share a service. */
function serviceOf(i: number): number {
  return (Math.floor(i / 5) * 7) % services.length;
}

function addResource(columns: SpanColumns, service: string): number {
  const resource = columns.resources.add();
  const { values } = columns.memory;
  const from = values.length;
  const bytes = Buffer.from(service);
  values.append(bytes, 0, bytes.length);
  const name = key(columns, "service.name");
  columns.resources.attributes.set(name, attributeTypes.string, from, values.length);
  columns.resources.attributes.closeOwner();
  return resource;
}

function addEvent(columns: SpanColumns, name: string, at: bigint): void {
  const event = columns.events.add();
  columns.events.name[event] = string(columns, name);
  setTime(columns.events.timeUnixNano, event, at + 10n);
  columns.events.attributes.closeOwner();
}

function setText(columns: SpanColumns, name: string, text: string): void {
  if (text === "") return;
  const { values } = columns.memory;
  const from = values.length;
  const bytes = Buffer.from(text);
  values.append(bytes, 0, bytes.length);
  columns.attributes.set(key(columns, name), attributeTypes.string, from, values.length);
}

function string(columns: SpanColumns, text: string): number {
  const bytes = Buffer.from(text);
  return columns.strings.intern(bytes, 0, bytes.length);
}

function key(columns: SpanColumns, name: string): number {
  const bytes = Buffer.from(name);
  return columns.memory.keys.intern(bytes, 0, bytes.length);
}

function setId(ids: Uint8Array, row: number, i: number): void {
  const view = new DataView(ids.buffer);
  view.setUint32(row * 8, Math.imul(i + 1, 0x9e3779b1) >>> 0);
  view.setUint32(row * 8 + 4, i + 1);
}

function setTime(words: Uint32Array, row: number, nano: bigint): void {
  words[2 * row] = Number(nano & 0xffffffffn);
  words[2 * row + 1] = Number(nano >> 32n);
}
