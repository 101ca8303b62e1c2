/**
 * A trace as objects, for reading: what `query/` answers with and the page and the terminal draw.
 * It is plain JSON, so it travels as it is. (Ingest never makes these: see `span-columns.ts`.)
 */

/** A double in proto3's JSON mapping; strings for what a JSON number cannot say. */
export type DoubleJson = number | "NaN" | "Infinity" | "-Infinity" | "-0";

/** OTLP's AnyValue in its JSON mapping: one member, or none for an empty value. 64-bit integers are
 * decimal strings, bytes are base64. */
export type AnyValue =
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  | { readonly intValue: string }
  | { readonly doubleValue: DoubleJson }
  | { readonly bytesValue: string }
  | { readonly arrayValue: { readonly values: readonly AnyValue[] } }
  | { readonly kvlistValue: { readonly values: readonly KeyValue[] } }
  | Readonly<Record<string, never>>;

/** One attribute. Within a list, keys are unique and sorted by code unit. */
export interface KeyValue {
  readonly key: string;
  readonly value: AnyValue;
}

/** OpenTelemetry's span kinds by their number in OTLP. */
export const spanKinds = [
  "unspecified",
  "internal",
  "server",
  "client",
  "producer",
  "consumer",
] as const;
/** One of `spanKinds`. */
export type SpanKind = (typeof spanKinds)[number];

/** OpenTelemetry's status codes by their number in OTLP. */
export const spanStatuses = ["unset", "ok", "error"] as const;
/** One of `spanStatuses`. */
export type SpanStatus = (typeof spanStatuses)[number];

/** What Clew noticed about a span's times: it ends before it starts, or it is dated so far from its
 * arrival that it is filed under the arrival's day instead. The times themselves are kept as sent. */
export type SpanMark = "endsBeforeStart" | "farFuture" | "farPast";

/** The service of spans whose sender left it out. */
export const UNKNOWN_SERVICE = "unknown_service";

/** Who made spans: a process, a service instance. */
export interface Resource {
  /** `service.name`, or "unknown_service" where a sender left it out. */
  readonly service: string;
  readonly attributes: readonly KeyValue[];
  readonly droppedAttributesCount: number;
  readonly schemaUrl: string;
}

/** The instrumentation that made spans. */
export interface Scope {
  readonly name: string;
  readonly version: string;
  readonly attributes: readonly KeyValue[];
  readonly droppedAttributesCount: number;
  readonly schemaUrl: string;
}

/** Something that happened at one moment of a span. */
export interface SpanEvent {
  readonly name: string;
  /** Nanoseconds since the trace's start; negative if before it. */
  readonly timeNano: number;
  readonly attributes: readonly KeyValue[];
  readonly droppedAttributesCount: number;
}

/** A span elsewhere that a span names as its cause. */
export interface SpanLink {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  readonly traceState: string;
  readonly flags: number;
  readonly attributes: readonly KeyValue[];
  readonly droppedAttributesCount: number;
}

/** One operation within a trace. */
export interface Span {
  /** 16 lower-case hex digits. Not unique within a trace: Zipkin's shared spans are two. */
  readonly spanId: string;
  /** Absent for a root. */
  readonly parentSpanId?: string;
  /** Index into the trace's `resources`. */
  readonly resource: number;
  /** Index into the trace's `scopes`. */
  readonly scope: number;
  readonly name: string;
  readonly kind: SpanKind;
  /** Nanoseconds since the trace's start: exact up to 2^53 ns, which is 104 days. */
  readonly startNano: number;
  /** Nanoseconds; negative for a span that ends before it starts. */
  readonly durationNano: number;
  readonly status: SpanStatus;
  readonly statusMessage: string;
  readonly traceState: string;
  readonly flags: number;
  readonly attributes: readonly KeyValue[];
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
  readonly droppedAttributesCount: number;
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
  readonly marks: readonly SpanMark[];
}

/** The spans known of one trace, sorted by start, then span id. */
export interface Trace {
  /** There are more spans than may be read of one trace; these are the earliest. */
  readonly isPartial?: true;
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** Decimal nanoseconds since 1970 of the earliest span's start. */
  readonly startUnixNano: string;
  /** From the earliest start to the latest end, in nanoseconds. */
  readonly durationNano: number;
  readonly resources: readonly Resource[];
  readonly scopes: readonly Scope[];
  readonly spans: readonly Span[];
}

/** One line of a list of traces. */
export interface TraceSummary {
  readonly traceId: string;
  /** Service and name of the root span: the earliest one without a parent. Empty strings while no
   * such span has arrived. */
  readonly rootService: string;
  readonly rootName: string;
  /** Decimal nanoseconds since 1970. */
  readonly startUnixNano: string;
  readonly durationNano: number;
  readonly spanCount: number;
  readonly errorCount: number;
  /** Sorted by name. */
  readonly services: readonly {
    readonly name: string;
    readonly spanCount: number;
    readonly errorCount: number;
    /** From its first start to its last end, in nanoseconds since the trace's start; absent where only
     * counts are known. */
    readonly startNano?: number;
    readonly durationNano?: number;
  }[];
}
