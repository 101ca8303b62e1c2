/** Spans of which only their place in a tree matters. */
import type { Span, SpanKind } from "../../src/model/trace.ts";

/** What a tree of spans follows from. */
export interface TreeSpan {
  readonly id: string;
  readonly of?: string;
  readonly start?: number;
  readonly kind?: SpanKind;
  readonly resource?: number;
}

/** A span with defaults for what no tree depends on. */
export function treeSpan({ id, of, start = 0, kind = "internal", resource = 0 }: TreeSpan): Span {
  return {
    spanId: id,
    ...(of === undefined ? {} : { parentSpanId: of }),
    resource,
    scope: 0,
    name: id,
    kind,
    startNano: start,
    durationNano: 10,
    status: "unset",
    statusMessage: "",
    traceState: "",
    flags: 0,
    attributes: [],
    events: [],
    links: [],
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
    marks: [],
  };
}
