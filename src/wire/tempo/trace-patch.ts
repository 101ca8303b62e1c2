/**
 * What differs between two traces, as Tempo tells it: the changes that make one of the other, in its form
 * "trace-patch-v0". Source: grafana/tempo pkg/model/tracediff.
 */
import type { AnyValue, Trace } from "../../model/trace.ts";
import { type DiffNode, diffNodes, numberOf, valueText } from "./diff-nodes.ts";
import { countAmbiguous, isNear, lastAlike, matchSteps } from "./match-nodes.ts";
import { plainValue } from "./plain-value.ts";

/** The form's name. */
export const TRACE_PATCH = "trace-patch-v0";

/** Steps of the paths of one trace's spans together: a chain of 10,000 spans has fifty million. */
const MOST_STEPS = 2_000_000;

interface Warning {
  readonly code: string;
  readonly message: string;
}

interface Change {
  readonly op: "add" | "remove" | "modify";
  readonly target: object;
  readonly before: unknown;
  readonly after: unknown;
}

/** The steps to the patch, to be made JSON of; undefined if the traces are so deep that it would be too
 * long. */
export function* tracePatchSteps(
  base: Trace,
  compare: Trace,
): Generator<undefined, object | undefined> {
  const [was, is] = [diffNodes(base, MOST_STEPS), diffNodes(compare, MOST_STEPS)];
  if (was === undefined || is === undefined) return undefined;
  const matches = yield* matchSteps(was, is);
  const modified = is.flatMap((node) => {
    const match = matches.get(node);
    const fields = match === undefined ? [] : fieldChanges(match, node);
    const attributes = match === undefined ? [] : attributeChanges(match, node);
    return fields.length + attributes.length === 0 ? [] : [{ node, fields, attributes }];
  });
  const added = is.filter((node) => !matches.has(node));
  const kept = new Set(matches.values());
  const removed = was.filter((node) => !kept.has(node));
  const count = (changes: "fields" | "attributes"): number =>
    modified.reduce((sum, { [changes]: own }) => sum + own.length, 0);
  return {
    version: TRACE_PATCH,
    base: { traceId: base.traceId, spanCount: base.spans.length },
    compare: { traceId: compare.traceId, spanCount: compare.spans.length },
    stats: {
      spanCountA: base.spans.length,
      spanCountB: compare.spans.length,
      matchedSpans: matches.size,
      modifiedSpans: modified.length,
      addedSpans: added.length,
      removedSpans: removed.length,
      fieldChanges: count("fields"),
      attributeChanges: count("attributes"),
      eventChanges: 0,
      truncated: false,
    },
    modified: modified.map(({ node, fields, attributes }) => ({
      span: spanRef(node),
      changes: [...fields, ...attributes],
    })),
    added: added.map((node) => ({ target: placeOf(node), span: snapshot(node) })),
    removed: removed.map((node) => ({
      target: { type: "span", path: node.path },
      span: snapshot(node),
    })),
    warnings: warningsOf({ base, compare, was, is }),
  };
}

function spanRef({ path, service, span: { name, kind } }: DiffNode) {
  return { path, service, name, kind };
}

function snapshot(node: DiffNode) {
  const { durationNano = 0, span } = node;
  return { ...spanRef(node), duration_nanos: durationNano, status: span.status };
}

/** Where a span that was added is. */
function placeOf({ path }: DiffNode) {
  const parentPath = path.slice(0, -1);
  return { type: "span", ...(parentPath.length > 0 && { parentPath }), index: path.at(-1) };
}

function fieldChanges(was: DiffNode, is: DiffNode): Change[] {
  const change = (name: string, before: unknown, after: unknown): Change => {
    return { op: "modify", target: { type: "field", name }, before, after };
  };
  const [before, after] = [was.durationNano ?? null, is.durationNano ?? null];
  return [
    ...(lastAlike(was, is) ? [] : [change("duration_nanos", before, after)]),
    ...(was.span.status === is.span.status
      ? []
      : [change("status", was.span.status, is.span.status)]),
  ];
}

function attributeChanges(was: DiffNode, is: DiffNode): Change[] {
  const [before, after] = [attributesOf(was), attributesOf(is)];
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort();
  return keys.flatMap((key): Change[] => {
    const [a, b] = [before.get(key), after.get(key)];
    const target = { type: "attribute", scope: "span", key };
    const values = {
      before: a === undefined ? null : plainValue(a, "base64"),
      after: b === undefined ? null : plainValue(b, "base64"),
    };
    if (a === undefined) return [{ op: "add", target, ...values }];
    if (b === undefined) return [{ op: "remove", target, ...values }];
    const isMagnitude = was.magnitudes.has(key) && is.magnitudes.has(key);
    const isSame = isMagnitude ? isNear(numberOf(a)!, numberOf(b)!) : valueText(a) === valueText(b);
    return isSame ? [] : [{ op: "modify", target, ...values }];
  });
}

function attributesOf({ span }: DiffNode): ReadonlyMap<string, AnyValue> {
  return new Map(span.attributes.map(({ key, value }) => [key, value]));
}

/** A number of six digits or more, or eight hexadecimal ones, dashes included: most likely an id. */
const idInName = /\b(\d{6,}|[0-9a-f][0-9a-f-]{7,})\b/i;

interface Compared {
  readonly base: Trace;
  readonly compare: Trace;
  readonly was: readonly DiffNode[];
  readonly is: readonly DiffNode[];
}

function warningsOf({ base, compare, was, is }: Compared): Warning[] {
  const warnings: Warning[] = [];
  const named = [...was, ...is].find(({ span }) => idInName.test(span.name));
  if (named !== undefined) {
    const name = JSON.stringify(named.span.name);
    const message = `spans are matched by their names, and ${name} seems to have an id in it`;
    warnings.push({ code: "high_cardinality_span_name", message });
  }
  for (const [side, trace, nodes] of [
    ["base", base, was],
    ["compare", compare, is],
  ] as const) {
    const undated = nodes.filter(({ durationNano }) => durationNano === undefined).length;
    if (undated > 0) {
      const message = `${side}: ${undated} spans have no start or end before it; their duration is null`;
      warnings.push({ code: "invalid_duration", message });
    }
    const left = trace.spans.length - nodes.length;
    if (left > 0) {
      const message = `${side}: ${left} spans have the id of another and are left out`;
      warnings.push({ code: "duplicate_span_id", message });
    }
  }
  const ambiguous = countAmbiguous(was, is);
  if (ambiguous > 0) {
    const message = `${ambiguous} groups of spans of one service, name and kind could be matched otherwise`;
    warnings.push({ code: "ambiguous_span_match", message });
  }
  return warnings;
}
