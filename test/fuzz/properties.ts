/**
 * What must hold for every input, whatever it is:
 *
 * - nothing is thrown but a Fault, and after a Fault the columns are as they were;
 * - what we accept, the generated decoder accepts, and both see the same spans; what we refuse, it
 *   refuses (`isDeliberate` lists where the rules differ on purpose);
 * - what was accepted is the same after a way through the Native format, and goes out as protobuf
 *   that the generated decoder reads without complaint;
 * - JSON is refused with a Fault, or becomes protobuf that our own JSON writer turns back the same.
 */
import assert from "node:assert/strict";
import { Fault } from "../../src/base/fault.ts";
import { ProtoWriter } from "../../src/base/protobuf.ts";
import { SpanColumns } from "../../src/model/span-columns.ts";
import type { AnyValue } from "../../src/model/trace.ts";
import { spanBlock } from "../../src/store/native/span-block.ts";
import { asStored } from "../support/native.ts";
import { spansOfBlocks } from "../../src/store/native/spans-of-blocks.ts";
import { OtlpDecoder } from "../../src/wire/otlp/decode.ts";
import { encodeTracesData } from "../../src/wire/otlp/encode.ts";
import type { Decoded } from "../../src/wire/otlp/limits.ts";
import { tracesData } from "../../src/wire/otlp/messages.ts";
import { jsonToProto, protoToJson } from "../../src/wire/proto-json.ts";
import { normalTraces, oracleDecode, type Plain } from "../support/oracle.ts";

/** An input, and what it is to be read as; JSON is UTF-8. */
export interface Input {
  readonly kind: "protobuf" | "json" | "anyValue";
  readonly bytes: Buffer;
}

/** What became of an input; anything else is thrown. */
export type Outcome = "accepted" | "partly" | "refused";

const limits = { nestingDepth: 32, spansPerRequest: 2000 };
const REQUESTS_A_BATCH = 200;

/** Checks inputs one after the other, as one process gets them. */
export class Checker {
  #columns = new SpanColumns();
  #decoder = new OtlpDecoder(this.#columns, limits);
  #requests = 0;
  #want: unknown[] = [];

  check(input: Input): Outcome {
    switch (input.kind) {
      case "protobuf":
        return this.#checkProtobuf(input.bytes);
      case "anyValue":
        return this.#checkAnyValue(input.bytes);
      case "json":
        return this.#checkJson(input.bytes.toString());
    }
  }

  #checkAnyValue(bytes: Buffer): Outcome {
    const request = requestWith(bytes);
    const outcome = this.#checkProtobuf(request);
    if (outcome !== "accepted") return outcome;
    const columns = new SpanColumns();
    new OtlpDecoder(columns, limits).decode(request);
    const [attribute] = columns.attributes.keyValues(0);
    const shown = { resourceSpans: [{ scopeSpans: [{ spans: [plain(attribute!.value)] }] }] };
    const value = oracleDecode("AnyValue", bytes);
    sameSpans(shown, { resourceSpans: [{ scopeSpans: [{ spans: [value] }] }] }, "value as JSON");
    return outcome;
  }

  #checkJson(text: string): Outcome {
    let body: Uint8Array;
    try {
      body = jsonToProto(text, tracesData).slice();
    } catch (error) {
      assertFault(error);
      return "refused";
    }
    const again = jsonToProto(JSON.stringify(protoToJson(body, tracesData, "otlp")), tracesData);
    sameSpans(oracleDecode("TracesData", again), oracleDecode("TracesData", body), "JSON and back");
    return this.#checkProtobuf(Buffer.from(body));
  }

  #checkProtobuf(body: Buffer): Outcome {
    const fault = this.#decodeIntoBatch(body);
    const oracle = attempt(() => oracleDecode("TracesData", body));
    if (fault !== undefined) {
      const known = "error" in oracle || isDeliberate(fault.message);
      assert.ok(known, `we refuse what the oracle takes: ${fault.message}`);
      return "refused";
    }
    const columns = new SpanColumns();
    const decoded = new OtlpDecoder(columns, limits).decode(body);
    const repairs = Object.values(decoded.repairs).some((times) => times > 0);
    if ("error" in oracle) {
      const known = isDeliberate(oracle.error.message);
      assert.ok(known, `we take what the oracle refuses: ${oracle.error.message}`);
    } else if (!repairs && decoded.rejected.size === 0) {
      sameSpans(exported(columns), oracle.value, "decoder and oracle");
    }
    this.#checkWayOut(columns);
    return outcomeOf(decoded);
  }

  /** Appends a request to the batch at hand; gives the Fault if it is refused. */
  #decodeIntoBatch(body: Buffer): Fault | undefined {
    if (this.#requests++ === REQUESTS_A_BATCH) this.#newBatch();
    const before = footprint(this.#columns);
    const { fault, decoded } = decodeOrFault(this.#decoder, body);
    if (decoded === undefined || decoded.acceptedSpans === 0) {
      assert.deepEqual(footprint(this.#columns), before, "columns as they were");
    }
    return fault;
  }

  #checkWayOut(columns: SpanColumns): void {
    if (columns.length === 0) return;
    const out = exported(columns);
    this.#want.push(...normalTraces(out));
    const back = spansOfBlocks(asStored(spanBlock(columns)));
    sameSpans(exported(back), out, "Native and back");
  }

  /** The batch's requests must not have disturbed each other. */
  #newBatch(): void {
    const got = normalTraces(exported(this.#columns)).map((span) => JSON.stringify(span));
    const want = this.#want.map((span) => JSON.stringify(span));
    assert.deepEqual(got.sort(), want.sort(), "spans of a whole batch");
    this.#columns = new SpanColumns();
    this.#decoder = new OtlpDecoder(this.#columns, limits);
    this.#requests = 1;
    this.#want = [];
  }
}

function outcomeOf({ rejected, repairs }: Decoded): Outcome {
  const changed = Object.values(repairs).some((times) => times > 0);
  return rejected.size > 0 || changed ? "partly" : "accepted";
}

/**
 * Whether a refusal is one of ours or the oracle's that the other need not share: our limits (of
 * nesting, groups, spans, events and links, repeated resources) and the oracle's own of depth;
 * varints of more than ten bytes, which the oracle steps over in fields that it does not know; and
 * text that is not UTF-8, which it refuses and we repair (what goes out must be UTF-8: see there).
 */
function isDeliberate(message: string): boolean {
  return deliberate.some((pattern) => pattern.test(message));
}

const deliberate = [
  /nested too deeply/,
  /nested deeper than/,
  /in one request/,
  /send fewer spans at once/,
  /varint longer than 10 bytes/,
  /max depth exceeded/,
  /not valid for encoding utf-8/,
];

function assertFault(error: unknown): asserts error is Fault {
  if (error instanceof Fault) {
    assert.ok(error.message.length < 1000, `a message of ${error.message.length} characters`);
    return;
  }
  throw new Error(`not a Fault: ${String(error)}`, { cause: error });
}

function decodeOrFault(
  decoder: OtlpDecoder,
  body: Buffer,
): { readonly fault?: Fault; readonly decoded?: Decoded } {
  try {
    return { decoded: decoder.decode(body) };
  } catch (error) {
    assertFault(error);
    return { fault: error };
  }
}

function attempt<T>(run: () => T): { readonly value: T } | { readonly error: Error } {
  try {
    return { value: run() };
  } catch (error) {
    return { error: error as Error };
  }
}

/** Everything that grows in columns. */
function footprint(columns: SpanColumns): object {
  const { strings, memory, attributes, events, links, resources, scopes } = columns;
  const lists = [attributes, events.attributes, links.attributes, resources.attributes];
  return {
    ...columns.mark(),
    strings: [strings.size, strings.size === 0 ? 0 : strings.end(strings.size - 1)],
    keys: [memory.keys.size, memory.keys.size === 0 ? 0 : memory.keys.end(memory.keys.size - 1)],
    lists: [...lists, scopes.attributes].map(({ length, owners }) => [length, owners]),
  };
}

function exported(columns: SpanColumns): Plain {
  return oracleDecode("TracesData", encodeTracesData(columns));
}

function sameSpans(got: Plain, want: Plain, what: string): void {
  assert.deepEqual(normalTraces(filled(got)), normalTraces(filled(want)), what);
}

/** Values that are left out are empty ones, and ids of links that are left out are zeros. */
function filled<T>(value: T): T {
  if (Array.isArray(value)) return value.map(filled) as T;
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).map(([name, inner]) => [name, filled(inner)] as const);
  const object: Plain = Object.fromEntries(entries);
  const fill = (list: unknown, defaults: Plain): unknown =>
    Array.isArray(list) ? list.map((item: Plain) => ({ ...defaults, ...item })) : list;
  if ("attributes" in object) object["attributes"] = fill(object["attributes"], { value: {} });
  if ("links" in object) object["links"] = fill(object["links"], noIds);
  const { kvlistValue } = object as { kvlistValue?: Plain };
  if (kvlistValue?.["values"] !== undefined)
    kvlistValue["values"] = fill(kvlistValue["values"], { value: {} });
  return object as T;
}

const noIds = { traceId: "0".repeat(32), spanId: "0".repeat(16) };

/** A value in the form that the oracle shows: bytes as hex, doubles as numbers. */
function plain(value: AnyValue): Plain {
  if ("bytesValue" in value) {
    return { bytesValue: Buffer.from(value.bytesValue, "base64").toString("hex") };
  }
  if ("doubleValue" in value) return { doubleValue: Number(value.doubleValue) };
  if ("arrayValue" in value) return { arrayValue: { values: value.arrayValue.values.map(plain) } };
  if ("kvlistValue" in value) {
    const pairs = value.kvlistValue.values;
    return {
      kvlistValue: { values: pairs.map((pair) => ({ ...pair, value: plain(pair.value) })) },
    };
  }
  return value;
}

/** A request with one span whose only attribute has an encoded AnyValue for a value. */
function requestWith(anyValue: Buffer): Buffer {
  const writer = new ProtoWriter();
  const inside = (tags: readonly number[], write: () => void): void => {
    const [tag, ...rest] = tags;
    if (tag === undefined) write();
    else writer.message(tag, () => inside(rest, write));
  };
  inside([0x0a, 0x12, 0x12], () => {
    writer.bytes(0x0a, Buffer.alloc(16, 1));
    writer.bytes(0x12, Buffer.alloc(8, 1));
    inside([0x4a], () => {
      writer.text(0x0a, "key");
      writer.bytes(0x12, anyValue);
    });
  });
  return Buffer.from(writer.finish());
}
