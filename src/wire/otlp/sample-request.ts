/**
 * An export request without the spans that are not taken: bytes in, bytes out. What is kept is copied as
 * it is, but for a tracestate that is to be another.
 */
import { ProtoReader, ProtoWriter } from "../../base/protobuf.ts";
import { readSamplingNote, withThreshold } from "../../model/trace-state.ts";

/** A span, as far as it matters. */
export interface RequestSpan {
  /** Lower-case hex. */
  readonly traceId: string;
  readonly isError: boolean;
  readonly threshold: bigint | undefined;
  readonly randomness: bigint | undefined;
}

/** Whether a span is kept; `threshold` is noted in it, if there is one. */
export type SpanVerdict =
  | { readonly isKept: true; readonly threshold?: bigint | undefined }
  | { readonly isKept: false };

/** Judges the spans of a service; undefined if all of it is kept as it is. */
export type SamplerOf = (service: string) => ((span: RequestSpan) => SpanVerdict) | undefined;

// Tags of opentelemetry/proto/trace/v1/trace.proto: field << 3 | wire type.
const RESOURCE_SPANS = 0x0a;
const RESOURCE = 0x0a;
const SCOPE_SPANS = 0x12;
const SPANS = 0x12;
const TRACE_ID = 0x0a;
const TRACE_STATE = 0x1a;
const STATUS = 0x7a;
const STATUS_CODE = 0x18;
const ERROR = 2;
const ATTRIBUTES = 0x0a;
const KEY = 0x0a;
const VALUE = 0x12;
const STRING_VALUE = 0x0a;
const UNKNOWN_SERVICE = "unknown_service";

/** The request with the spans that are kept. Throws Fault "invalid" if it is malformed. */
export function sampleRequest(request: Uint8Array, samplerOf: SamplerOf): Uint8Array {
  const writer = new ProtoWriter(request.length + 1024);
  forEachField(request, (tag, field, value) => {
    if (tag !== RESOURCE_SPANS) return writer.raw(field);
    const sampler = samplerOf(serviceOf(value!));
    if (sampler === undefined) return writer.raw(field);
    return writer.message(tag, () => sampleResource(writer, value!, sampler));
  });
  return writer.finish();
}

type Sampler = NonNullable<ReturnType<SamplerOf>>;

function sampleResource(writer: ProtoWriter, resource: Uint8Array, sampler: Sampler): void {
  forEachField(resource, (tag, field, value) => {
    if (tag !== SCOPE_SPANS) return writer.raw(field);
    return writer.message(tag, () => {
      forEachField(value!, (inner, span, bytes) => {
        if (inner !== SPANS) writer.raw(span);
        else sampleSpan(writer, bytes!, sampler);
      });
    });
  });
}

function sampleSpan(writer: ProtoWriter, span: Uint8Array, sampler: Sampler): void {
  let traceId: Uint8Array = new Uint8Array(0);
  let traceState = "";
  let isError = false;
  forEachField(span, (tag, _, value) => {
    if (tag === TRACE_ID) traceId = value!;
    else if (tag === TRACE_STATE) traceState = Buffer.from(value!).toString("utf8");
    else if (tag === STATUS) isError = isErrorStatus(value!);
  });
  const id = Buffer.from(traceId.buffer, traceId.byteOffset, traceId.length).toString("hex");
  const verdict = sampler({ traceId: id, isError, ...readSamplingNote(traceState) });
  if (!verdict.isKept) return;
  const { threshold } = verdict;
  if (threshold === undefined) {
    writer.bytes(SPANS, span);
    return;
  }
  writer.message(SPANS, () => {
    forEachField(span, (tag, field) => {
      if (tag !== TRACE_STATE) writer.raw(field);
    });
    writer.text(TRACE_STATE, withThreshold(traceState, threshold));
  });
}

function isErrorStatus(status: Uint8Array): boolean {
  const reader = new ProtoReader(status);
  let code = 0;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === STATUS_CODE) code = reader.varint32();
    else reader.skip(tag);
  }
  return code === ERROR;
}

/** The resource's `service.name`, which is in its first field, wherever that stands. */
function serviceOf(resourceSpans: Uint8Array): string {
  let service = "";
  forEachField(resourceSpans, (tag, _, resource) => {
    if (tag !== RESOURCE) return;
    forEachField(resource!, (inner, __, attribute) => {
      if (inner === ATTRIBUTES && service === "") service = serviceName(attribute!) ?? "";
    });
  });
  return service || UNKNOWN_SERVICE;
}

function serviceName(attribute: Uint8Array): string | undefined {
  let isService = false;
  let name: string | undefined;
  forEachField(attribute, (tag, _, value) => {
    if (tag === KEY) isService = Buffer.from(value!).toString("latin1") === "service.name";
    if (tag !== VALUE) return;
    forEachField(value!, (inner, __, text) => {
      if (inner === STRING_VALUE) name = Buffer.from(text!).toString("utf8");
    });
  });
  return isService ? name : undefined;
}

const LENGTH_DELIMITED = 2;

/** Calls `visit` with each field: its tag, all of its bytes, and its value if that has a length. */
function forEachField(
  message: Uint8Array,
  visit: (tag: number, field: Uint8Array, value: Uint8Array | undefined) => void,
): void {
  const reader = new ProtoReader(message);
  for (let from = 0, tag = reader.tag(); tag !== 0; from = reader.at, tag = reader.tag()) {
    let value: Uint8Array | undefined;
    if ((tag & 7) === LENGTH_DELIMITED) value = reader.slice();
    else reader.skip(tag);
    visit(tag, message.subarray(from, reader.at), value);
  }
}
