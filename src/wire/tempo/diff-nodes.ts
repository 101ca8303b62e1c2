/** The spans of a trace as Tempo compares them with those of another: each at its place in the tree. */
import type { AnyValue, KeyValue, Span, Trace } from "../../model/trace.ts";

/** A span, and what it is matched by. */
export interface DiffNode {
  readonly span: Span;
  readonly service: string;
  /** Places among siblings, from its root on, each counted from 0. */
  readonly path: readonly number[];
  /** Service, name and kind: what makes it the same operation as another. */
  readonly identity: string;
  /** Identity of its parent; empty if it has none. */
  readonly parent: string;
  /** Undefined if its times make no sense. */
  readonly durationNano: number | undefined;
  /** Status and attributes, but for the values of magnitudes. */
  readonly content: string;
  readonly magnitudes: ReadonlyMap<string, number>;
}

/** The spans, parents before children, siblings by their start; undefined if their paths have more than
 * so many steps. Of spans that share an id the first is there, as in Tempo. */
export function diffNodes(trace: Trace, maxSteps: number): DiffNode[] | undefined {
  const ids = new Set(trace.spans.map(({ spanId }) => spanId));
  const children = Map.groupBy(trace.spans, ({ parentSpanId = "" }) =>
    ids.has(parentSpanId) ? parentSpanId : "",
  );
  const nodes: DiffNode[] = [];
  const visited = new Set<string>();
  let steps = 0;
  const roots: Siblings = { spans: children.get("") ?? [], at: 0, path: [], parent: "", placed: 0 };
  // Spans that are their own ancestors come after all others, as if they were roots.
  const rest: Siblings = { ...roots, spans: trace.spans };
  for (const top of [roots, rest]) {
    if (top === rest) rest.placed = roots.placed;
    const open = [top];
    while (open.length > 0) {
      const siblings = open.at(-1)!;
      const span = siblings.spans[siblings.at++];
      if (span === undefined) {
        open.pop();
        continue;
      }
      if (visited.has(span.spanId)) continue;
      visited.add(span.spanId);
      const path = [...siblings.path, siblings.placed++];
      steps += path.length;
      if (steps > maxSteps) return undefined;
      const node = nodeOf(trace, span, path, siblings.parent);
      nodes.push(node);
      const spans = children.get(span.spanId) ?? [];
      open.push({ spans, at: 0, path, parent: node.identity, placed: 0 });
    }
  }
  return nodes;
}

/** Spans of one parent, some of which have got their places. */
interface Siblings {
  readonly spans: readonly Span[];
  at: number;
  readonly path: readonly number[];
  readonly parent: string;
  placed: number;
}

function nodeOf(trace: Trace, span: Span, path: readonly number[], parent: string): DiffNode {
  const own = span.attributes.find(({ key }) => key === "service.name")?.value ?? {};
  const service =
    "stringValue" in own && own.stringValue !== ""
      ? own.stringValue
      : trace.resources[span.resource]!.service;
  const isDated = trace.startUnixNano !== "0" || span.startNano > 0;
  const magnitudes = new Map(
    span.attributes.flatMap(({ key, value }) => {
      const number = magnitudeKeys.has(key) ? numberOf(value) : undefined;
      return number === undefined ? [] : [[key, number] as const];
    }),
  );
  const rest = span.attributes.map(({ key, value }) =>
    magnitudes.has(key) ? key : [key, valueText(value)],
  );
  return {
    span,
    service,
    path,
    identity: JSON.stringify([service, span.name, span.kind]),
    parent,
    durationNano: isDated && span.durationNano >= 0 ? span.durationNano : undefined,
    content: JSON.stringify([span.status, rest]),
    magnitudes,
  };
}

/** A value as a text that equal ones share: an int and a double of one number are equal. */
export function valueText(value: AnyValue): string {
  if ("intValue" in value) {
    const number = Number(value.intValue);
    return Number.isSafeInteger(number) ? String(number) : value.intValue;
  }
  if ("doubleValue" in value) return String(Number(value.doubleValue));
  if ("arrayValue" in value) return `[${value.arrayValue.values.map(valueText).join()}]`;
  if ("kvlistValue" in value) return `{${value.kvlistValue.values.map(pairText).sort().join()}}`;
  return JSON.stringify(value);
}

function pairText({ key, value }: KeyValue): string {
  return `${JSON.stringify(key)}:${valueText(value)}`;
}

/** The number that a value is. */
export function numberOf(value: AnyValue): number | undefined {
  if ("intValue" in value) return Number(value.intValue);
  return "doubleValue" in value ? Number(value.doubleValue) : undefined;
}

/** Attributes whose numbers are sizes, counts of tokens and times: they are compared roughly. */
const magnitudeKeys: ReadonlySet<string> = new Set([
  "app.jank.period",
  "file.size",
  "gen_ai.response.time_to_first_chunk",
  ...["cache_creation.input", "cache_read.input", "completion", "input"].map(tokensKey),
  ...["output", "prompt", "reasoning.output"].map(tokensKey),
  ...["request", "response"].flatMap((side) => [
    `http.${side}.body.size`,
    `http.${side}.size`,
    `http.${side}_content_length`,
    `http.${side}_content_length_uncompressed`,
  ]),
  "messaging.message.body.size",
  "messaging.message.envelope.size",
  ...["message", "rpc.message"].flatMap((owner) => [
    `${owner}.compressed_size`,
    `${owner}.uncompressed_size`,
  ]),
]);

function tokensKey(name: string): string {
  return `gen_ai.usage.${name}_tokens`;
}
