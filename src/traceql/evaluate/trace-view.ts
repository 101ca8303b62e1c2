/**
 * One trace as the evaluator reads it: columns, one item a span, and nothing that has to be built
 * before somebody asks. Whoever has spans in another form (a `Trace`, rows of the store) hands them
 * in through this.
 *
 *     row   spanId  parentSpanId  startUnixNano  durationNano  kind  status   names()  attribute(…)
 *     0     aa…     00…           100            50            2     0        …        …
 *     1     bb…     aa…           110            20            3     2
 *
 * Rows are sorted by start, then span id; answers have spans in this order. What costs (texts,
 * attributes, events, links) is a function: it is called about once for a trace and only by queries
 * that read it, as `neededFields` says beforehand.
 */
import type { Value } from "../ast.ts";

/** The value of an attribute that can be searched. */
export type AttributeValue = ScalarAttributeValue | ArrayValue;

/** A value that is not an array. */
export type ScalarAttributeValue = Extract<Value, { type: "string" | "int" | "float" | "bool" }>;

/** An array with at least two items, all of one type; an array of one is that item. */
export interface ArrayValue {
  readonly type: "array";
  readonly values: readonly ScalarAttributeValue[];
}

/** Values by row. Absent are also values that cannot be searched: bytes, key-value lists, arrays that
 * are empty or of mixed types. Equal values may be one object. */
export type AttributeColumn = readonly (AttributeValue | undefined)[];

/** Whose attributes a span has. */
export type OwnerScope = "span" | "resource" | "instrumentation";

/** One trace; see the top of this file. Columns may be longer than `length`. */
export interface TraceView {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** How many spans there are. */
  readonly length: number;
  readonly startUnixNano: BigUint64Array;
  /** Negative for spans that end before they start. */
  readonly durationNano: BigInt64Array;
  /** Indices of `spanKinds`. */
  readonly kind: Uint8Array;
  /** Indices of `spanStatuses`. */
  readonly status: Uint8Array;
  /** Eight bytes a span. */
  readonly spanId: Uint8Array;
  /** Eight bytes a span, all zero for a root. */
  readonly parentSpanId: Uint8Array;
  names(): readonly string[];
  /** Empty strings where there is none. */
  statusMessages(): readonly string[];
  /** The services, "unknown_service" where a sender left it out. */
  services(): readonly string[];
  /** Name and version of the instrumentation scopes; empty strings where there is none. */
  scopeNames(): readonly string[];
  scopeVersions(): readonly string[];
  /** The attribute of the spans, of their resources or of their instrumentation scopes. The
   * resource's "service.name" is never absent: it is "unknown_service" instead. */
  attribute(scope: OwnerScope, key: string): AttributeColumn;
  /** All keys that some span of the trace has, each once; only compare() asks. */
  attributeKeys(scope: OwnerScope): readonly string[];
  events(): EventsView;
  links(): LinksView;
}

/** The events of all spans, those of a span together, spans in the order of their rows. */
export interface EventsView {
  /** By row: where its events end. They start where those of the row before end. */
  readonly ends: Uint32Array;
  readonly timeUnixNano: BigUint64Array;
  names(): readonly string[];
  attribute(key: string): AttributeColumn;
}

/** The links of all spans, as `EventsView`. */
export interface LinksView {
  readonly ends: Uint32Array;
  /** 32 lower-case hex digits each. */
  traceIds(): readonly string[];
  /** 16 lower-case hex digits each. */
  spanIds(): readonly string[];
  attribute(key: string): AttributeColumn;
}
