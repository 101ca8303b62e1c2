/** Traces written briefly, for tests of the query language. */
import type { AnyValue, KeyValue, SpanKind, SpanStatus, Trace } from "../../src/model/trace.ts";
import { doubleJson } from "../../src/model/double-json.ts";

/** A bigint is an int, a number a double, an object without a prototype of its own a key-value list,
 * null an empty value. */
export type BriefValue =
  | string
  | bigint
  | number
  | boolean
  | null
  | Uint8Array
  | readonly BriefValue[]
  | { readonly [key: string]: BriefValue };

/** Attributes by key. */
export type BriefAttributes = Readonly<Record<string, BriefValue>>;

/** A span; what is left out is of no interest. */
export interface BriefSpan {
  /** Also the name unless that is given. What is no id of 16 hex digits is at most 8 ASCII characters,
   * whose bytes are the id. */
  readonly id: string;
  /** Id of the parent. */
  readonly of?: string;
  readonly name?: string;
  readonly kind?: SpanKind;
  readonly status?: SpanStatus;
  readonly statusMessage?: string;
  readonly traceState?: string;
  /** Nanoseconds since the trace's base; by default its place in the list. */
  readonly start?: number;
  readonly duration?: number;
  readonly service?: string;
  readonly attributes?: BriefAttributes;
  readonly resource?: BriefAttributes;
  readonly scope?: { name?: string; version?: string; attributes?: BriefAttributes };
  /** `at` is nanoseconds since the span's start. */
  readonly events?: readonly { name?: string; at?: number; attributes?: BriefAttributes }[];
  readonly links?: readonly { trace?: string; span?: string; attributes?: BriefAttributes }[];
}

/** What the trace is, besides its spans. */
export interface BriefTraceOptions {
  readonly traceId?: string;
  /** Unix nanoseconds that starts are counted from. */
  readonly base?: bigint;
}

/** The id of a span, as queries see it. */
export function idOf(text: string): string {
  if (/^[0-9a-f]{16}$/.test(text)) return text;
  return Buffer.from(text).toString("hex").padStart(16, "0");
}

/** The trace, its spans sorted as in every trace: by start, then id. */
export function briefTrace(spans: readonly BriefSpan[], options: BriefTraceOptions = {}): Trace {
  const { traceId = "00000000000000000000000000abc123", base = 1_700_000_000_000_000_000n } =
    options;
  const starts = spans.map((span, i) => span.start ?? i);
  const first = Math.min(...starts);
  const ends = spans.map((span, i) => starts[i]! + (span.duration ?? 1));
  return {
    traceId,
    startUnixNano: String(base + BigInt(first)),
    durationNano: Math.max(0, ...ends.map((end) => end - first)),
    resources: spans.map(({ service, resource = {} }) => ({
      service: service ?? "unknown_service",
      attributes: keyValues({ ...(service && { "service.name": service }), ...resource }),
      droppedAttributesCount: 0,
      schemaUrl: "",
    })),
    scopes: spans.map(({ scope = {} }) => ({
      name: scope.name ?? "",
      version: scope.version ?? "",
      attributes: keyValues(scope.attributes),
      droppedAttributesCount: 0,
      schemaUrl: "",
    })),
    spans: spans
      .map((span, i) => ({
        spanId: idOf(span.id),
        ...(span.of !== undefined && { parentSpanId: idOf(span.of) }),
        resource: i,
        scope: i,
        name: span.name ?? span.id,
        kind: span.kind ?? ("internal" as const),
        startNano: starts[i]! - first,
        durationNano: span.duration ?? 1,
        status: span.status ?? ("unset" as const),
        statusMessage: span.statusMessage ?? "",
        traceState: span.traceState ?? "",
        flags: 0,
        attributes: keyValues(span.attributes),
        events: (span.events ?? []).map((event) => ({
          name: event.name ?? "",
          timeNano: starts[i]! - first + (event.at ?? 0),
          attributes: keyValues(event.attributes),
          droppedAttributesCount: 0,
        })),
        links: (span.links ?? []).map((link) => ({
          traceId: (link.trace ?? "1").padStart(32, "0"),
          spanId: (link.span ?? "1").padStart(16, "0"),
          traceState: "",
          flags: 0,
          attributes: keyValues(link.attributes),
          droppedAttributesCount: 0,
        })),
        droppedAttributesCount: 0,
        droppedEventsCount: 0,
        droppedLinksCount: 0,
        marks: [],
      }))
      .sort((a, b) => a.startNano - b.startNano || (a.spanId < b.spanId ? -1 : 1)),
  };
}

function keyValues(attributes: BriefAttributes = {}): KeyValue[] {
  return Object.entries(attributes)
    .map(([key, value]) => ({ key, value: anyValue(value) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

function anyValue(value: BriefValue): AnyValue {
  if (value === null) return {};
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "bigint") return { intValue: String(value) };
  if (typeof value === "number") return { doubleValue: doubleJson(value) };
  if (typeof value === "boolean") return { boolValue: value };
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  return { kvlistValue: { values: keyValues(value as BriefAttributes) } };
}
