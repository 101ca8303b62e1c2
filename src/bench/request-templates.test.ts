import assert from "node:assert/strict";
import { test } from "node:test";
import { oracleDecode, type Plain } from "../../test/support/oracle.ts";
import { MIN_KEYS } from "./attribute-keys.ts";
import { Random } from "./random.ts";
import { makeTraffic, traceSizes, USUAL_DIFFERENT_SPANS } from "./request-templates.ts";
import { stamp, traceIdOf } from "./stamp.ts";
import type { RequestTemplate } from "./template-writer.ts";

const run = { seed: 7, startedMs: 1_780_000_000_123 };
const endMs = 1_790_000_000_456;
const usual = { seed: 7, keys: 60, spansPerRequest: 500, templates: 4, differentSpans: 4000 };

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Plain }[];
  readonly events?: readonly { readonly name: string; readonly timeUnixNano: string }[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status?: { readonly code: number };
}

function stamped(template: RequestTemplate, firstTrace = 0): Span[] {
  stamp(template, { run, firstTrace, endMs });
  const traces = oracleDecode("TracesData", template.bytes) as unknown as {
    resourceSpans: { resource: Plain; scopeSpans: { spans: Span[] }[] }[];
  };
  return traces.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}

const CONSUMER = 5;

/** What is wrong with a trace's ids and times. */
function flaws(spans: readonly Span[]): string[] {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const problems = byId.size === spans.length ? [] : ["a span id comes twice"];
  const roots = spans.filter(({ parentSpanId }) => parentSpanId === undefined);
  if (roots.length !== 1) problems.push(`${roots.length} roots`);
  for (const span of spans) {
    const [start, end] = [BigInt(span.startTimeUnixNano), BigInt(span.endTimeUnixNano)];
    if (end < start) problems.push(`${span.spanId} ends before it starts`);
    if (end > BigInt(endMs) * 1_000_000n) problems.push(`${span.spanId} ends in the future`);
    for (const { timeUnixNano, name } of span.events ?? []) {
      const time = BigInt(timeUnixNano);
      if (time < start || time > end) problems.push(`${name} is outside of its span`);
    }
    if (span.parentSpanId === undefined) continue;
    const parent = byId.get(span.parentSpanId);
    if (parent === undefined) problems.push(`${span.spanId} has a parent elsewhere`);
    else if (start < BigInt(parent.startTimeUnixNano)) problems.push("starts before its parent");
    else if (span.kind === CONSUMER) {
      if (start < BigInt(parent.endTimeUnixNano)) problems.push("consumed before it was sent");
    } else if (end > BigInt(parent.endTimeUnixNano)) problems.push("ends after its parent");
  }
  return problems;
}

test("makeTraffic: stamped requests are whole traces, valid in ids and times", () => {
  const { templates } = makeTraffic(usual);
  let failed = 0;
  for (const template of templates) {
    const spans = stamped(template);
    const traces = Map.groupBy(spans, ({ traceId }) => traceId);
    assert.equal(spans.length, 500);
    assert.deepEqual(
      template.traceSpans.map((_, i) => traces.get(traceIdOf(run, i))?.length),
      template.traceSpans,
    );
    for (const trace of traces.values()) assert.deepEqual(flaws(trace), []);
    const roots = new Set(
      spans.flatMap(({ parentSpanId, traceId, spanId }) =>
        parentSpanId === undefined ? [`${traceId}${spanId}`] : [],
      ),
    );
    for (const { links = [] } of spans) {
      for (const { traceId, spanId } of links) assert.ok(roots.has(traceId + spanId));
    }
    failed += spans.filter(({ status }) => status?.code === 2).length;
  }
  assert.ok(failed > 0);
});

test("makeTraffic: the same seed makes the same bytes, another one others", () => {
  const bytes = (seed: number): string[] =>
    makeTraffic({ ...usual, seed }).templates.map((template) => template.bytes.toString("base64"));
  assert.deepEqual(bytes(7), bytes(7));
  assert.notDeepEqual(bytes(7), bytes(8));
});

test("makeTraffic: a thousand keys, rare ones among them, in the usual number of spans", () => {
  const many = { ...usual, keys: 1000, differentSpans: USUAL_DIFFERENT_SPANS };
  assert.equal(makeTraffic(many).spanKeys, 1000);
});

for (const keys of [MIN_KEYS, 21, 33, 60]) {
  test(`makeTraffic: ${keys} different keys are really there`, () => {
    const { templates, spanKeys, spanAttributes } = makeTraffic({ ...usual, keys });
    assert.equal(spanKeys, keys);
    const attributes = templates.flatMap((template) =>
      stamped(template).flatMap((span) => span.attributes),
    );
    assert.equal(new Set(attributes.map(({ key }) => key)).size, keys);
    assert.equal(attributes.length / (templates.length * 500), spanAttributes);
  });
}

test("makeTraffic: of the size that is promised", () => {
  const traffic = makeTraffic(usual);
  assert.ok(traffic.bytesPerSpan >= 430 && traffic.bytesPerSpan <= 600, `${traffic.bytesPerSpan}`);
  assert.equal(traffic.resourceAttributes, 12);
});

test("stamp: each time other traces; nothing else moves", () => {
  const [template] = makeTraffic({ ...usual, spansPerRequest: 100 }).templates;
  const first = stamped(template!, 0);
  const again = stamped(template!, 0);
  const other = stamped(template!, 1000);
  assert.deepEqual(again, first);
  const ids = (spans: readonly Span[]) => new Set(spans.map(({ traceId }) => traceId));
  assert.ok([...ids(other)].every((id) => !ids(first).has(id)));
  const shape = (spans: readonly Span[]) =>
    spans.map(({ kind, attributes }) => [kind, ...attributes.map(({ key }) => key)]);
  assert.deepEqual(shape(other), shape(first));
  const values = (spans: readonly Span[]) =>
    new Set(spans.flatMap(({ attributes }) => attributes.map((pair) => JSON.stringify(pair))));
  const [before, now] = [values(first), values(other)];
  const gone = [...before].filter((value) => !now.has(value));
  assert.ok(gone.length > 50, `only ${gone.length} values differ`);
});

test("stamp: digits, integers and amounts are what they claim to be", () => {
  const { templates } = makeTraffic(usual);
  const values = templates.flatMap((template) =>
    stamped(template).flatMap(({ attributes }) => attributes),
  );
  const of = (key: string) => values.filter((pair) => pair.key === key).map(({ value }) => value);
  const users = of("user.id");
  assert.ok(users.length > 20);
  for (const { stringValue } of users) assert.match(String(stringValue), /^u-000[0-9a-f]{5}$/);
  const offsets = of("messaging.kafka.offset").map(({ intValue }) => Number(intValue));
  assert.ok(offsets.length > 100);
  assert.ok(offsets.every((offset) => offset >= 128 && offset < 16_384));
  assert.ok(new Set(offsets).size > offsets.length / 4);
  const doubles = values.flatMap(({ value: { doubleValue } }) => doubleValue ?? []) as number[];
  assert.ok(doubles.length > 100);
  assert.ok(doubles.every((amount) => Math.abs(amount * 100 - Math.round(amount * 100)) < 1e-6));
});

test("traceSizes: whole traces that add up, whatever the number", () => {
  const random = new Random(3);
  for (let spans = 1; spans < 1000; spans++) {
    const sizes = traceSizes(random, spans);
    assert.equal(
      sizes.reduce((sum, size) => sum + size, 0),
      spans,
    );
    const least = Math.min(5, spans);
    assert.ok(
      sizes.every((size) => size >= least && size <= 200),
      `${spans}: ${sizes.join()}`,
    );
  }
});
