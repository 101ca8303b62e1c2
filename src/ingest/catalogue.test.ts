import assert from "node:assert/strict";
import { test } from "node:test";
import { oracleEncode } from "../../test/support/oracle.ts";
import { type AttributeType, attributeTypes } from "../model/attribute-columns.ts";
import { SpanColumns } from "../model/span-columns.ts";
import { promotedByTraffic } from "../store/promoted.ts";
import { builtInTable } from "../store/schema.ts";
import { OtlpDecoder } from "../wire/otlp/decode.ts";
import { type CatalogueEntry, KeyCatalogue, mergeSnapshots } from "./catalogue.ts";
import { choosePromotions, type PromotionLimits } from "./choose-promotions.ts";
import { countKeys, type KeyCountLimits } from "./key-counts.ts";

const { string, int } = attributeTypes;
const wide: KeyCountLimits = { keys: 1000, keyBytes: 50, sampledOwners: 1_000_000 };

type Attributes = Readonly<Record<string, string | number>>;

/** A batch with one resource for each service; its spans are given by their attributes. */
function batch(services: Readonly<Record<string, readonly Attributes[]>>): SpanColumns {
  const keyValues = (attributes: Attributes) =>
    Object.entries(attributes).map(([key, value]) => ({
      key,
      value: typeof value === "number" ? { intValue: String(value) } : { stringValue: value },
    }));
  const resourceSpans = Object.entries(services).map(([service, spans]) => ({
    resource: { attributes: keyValues({ "service.name": service }) },
    scopeSpans: [
      {
        spans: spans.map((attributes) => ({
          traceId: Buffer.alloc(16, 1),
          spanId: Buffer.alloc(8, 2),
          attributes: keyValues(attributes),
        })),
      },
    ],
  }));
  const columns = new SpanColumns();
  const decoder = new OtlpDecoder(columns, { nestingDepth: 32, spansPerRequest: 100_000 });
  decoder.decode(oracleEncode("TracesData", { resourceSpans }));
  return columns;
}

const entriesOf = (...catalogues: KeyCatalogue[]): CatalogueEntry[] =>
  mergeSnapshots(catalogues.map((catalogue) => catalogue.snapshot())).entries;

const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));

test("countKeys: spans by scope, key and type, the most frequent first", () => {
  const columns = batch({ a: [{ x: "1" }, { x: "2", y: 1 }, { x: 3 }], b: [{ y: 2 }, {}] });
  const { spans, keys, uncounted } = countKeys(columns, wide);
  const seen = keys.map((count) => [count.scope, count.key, count.type, count.spans]);
  assert.deepEqual(seen, [
    ["resource", "service.name", string, 5],
    ["span", "x", string, 2],
    ["span", "y", int, 2],
    ["span", "x", int, 1],
  ]);
  assert.deepEqual([spans, uncounted], [5, new Map()]);
});

test("countKeys: what is too much or too long is counted by service", () => {
  const rare = times(20, (i): Attributes => ({ often: 1, [`rare.${i}`]: 1 }));
  const columns = batch({ a: [{ often: 1, ["k".repeat(51)]: 1 }], b: rare });
  const { keys, uncounted } = countKeys(columns, { ...wide, keys: 5 });
  const most = keys.slice(0, 2).map(({ key, spans }) => [key, spans]);
  assert.deepEqual(most, [
    ["often", 21],
    ["service.name", 21],
  ]);
  assert.equal(keys.length, 5);
  // Three of the twenty rare keys have room beside the two frequent ones.
  assert.deepEqual(
    uncounted,
    new Map([
      ["b", { attributes: 17, exampleKey: "rare.3" }],
      ["a", { attributes: 1, exampleKey: "k".repeat(51) }],
    ]),
  );
});

test("the catalogue adds batches up: shares, and about how many values", () => {
  const catalogue = new KeyCatalogue(100);
  for (let n = 0; n < 10; n++) {
    const spans = times(100, (i): Attributes => ({
      id: `id ${n} ${i}`,
      ...(i < 30 && { some: i % 3 }),
    }));
    assert.equal(catalogue.add(countKeys(batch({ a: spans }), wide)), 0);
  }
  const entry = (key: string): CatalogueEntry =>
    entriesOf(catalogue).find((candidate) => candidate.key === key)!;
  assert.deepEqual([catalogue.size, catalogue.spans], [3, 1000]);
  assert.deepEqual(
    [entry("service.name").share, entry("id").share, entry("some").share],
    [1, 1, 0.3],
  );
  assert.equal(entry("some").distinctValues, 3);
  assert.equal(entry("some").sampled, 300);
  const ids = entry("id").distinctValues;
  assert.ok(ids > 900 && ids < 1100, `${ids} of 1,000 values`);
});

test("values are looked at in a sample, spread over the batch", () => {
  const spans = times(1000, (i): Attributes => ({ half: i < 500 ? "first" : "second" }));
  const { keys } = countKeys(batch({ a: spans }), { ...wide, sampledOwners: 10 });
  const catalogue = new KeyCatalogue(10);
  catalogue.add({ spans: 1000, keys, uncounted: new Map() });
  const half = entriesOf(catalogue).find(({ key }) => key === "half")!;
  assert.deepEqual([half.share, half.sampled, half.distinctValues], [1, 10, 2]);
});

test("a full catalogue counts what comes on top, and whose it is; fading makes room", () => {
  const catalogue = new KeyCatalogue(50);
  const bomb = (from: number) =>
    batch({
      tidy: times(10, (): Attributes => ({ tidy: 1 })),
      bomb: times(100, (i): Attributes => ({ [`bomb.${from + i}`]: 1 })),
    });
  assert.equal(catalogue.takeOverflow(), undefined);
  // 100 keys find 48 places: two are taken by service.name and tidy.
  assert.equal(catalogue.add(countKeys(bomb(0), wide)), 52);
  assert.equal(catalogue.add(countKeys(bomb(100), wide)), 100);
  assert.equal(catalogue.size, 50);
  const { exampleKey, ...overflow } = catalogue.takeOverflow()!;
  assert.deepEqual(overflow, { attributes: 152, service: "bomb" });
  assert.match(exampleKey, /^bomb\.\d+$/);
  assert.equal(catalogue.takeOverflow(), undefined);
  catalogue.fade();
  const kept = entriesOf(catalogue).map(({ key, share }) => [key, share]);
  assert.deepEqual(kept, [
    ["service.name", 1],
    ["tidy", 20 / 220],
  ]);
});

test("a catalogue that is neither full nor well fed forgets nothing", () => {
  const catalogue = new KeyCatalogue(50);
  catalogue.add(countKeys(batch({ a: [{ x: 1 }] }), wide));
  catalogue.fade();
  assert.deepEqual([catalogue.size, catalogue.spans], [2, 1]);
});

test("catalogues of several processes add up as if they were one", () => {
  const [whole, one, two] = [new KeyCatalogue(50), new KeyCatalogue(50), new KeyCatalogue(50)];
  const spans = times(300, (i): Attributes => ({ id: i, ...(i < 60 && { low: "x" }) }));
  whole.add(countKeys(batch({ a: spans }), wide));
  one.add(countKeys(batch({ a: spans.slice(0, 60) }), wide)); // where "low" is in every span
  two.add(countKeys(batch({ a: spans.slice(60) }), wide));
  const byKey = (entries: CatalogueEntry[]) =>
    entries.filter(({ scope }) => scope === "span").sort((a, b) => (a.key < b.key ? -1 : 1));
  assert.deepEqual(byKey(entriesOf(one, two)), byKey(entriesOf(whole)));
  assert.equal(entriesOf(one, two).find(({ key }) => key === "low")!.share, 0.2);
  const sent = JSON.parse(JSON.stringify(one.snapshot())) as ReturnType<typeof one.snapshot>;
  assert.deepEqual(mergeSnapshots([sent]).entries, entriesOf(one));
});

const limits: PromotionLimits = {
  attributes: 3,
  share: 0.2,
  queries: 10,
  spans: 1000,
  sampled: 10,
  atOnce: 10,
};
const entry = (key: string, share: number, type: AttributeType = string): CatalogueEntry => ({
  scope: "span",
  key,
  type,
  share,
  sampled: 1000,
  distinctValues: 5,
});
const none = { spans: 1000, queries: () => 0, promoted: builtInTable.promoted, byTraffic: 0 };

const choices: [name: string, entries: CatalogueEntry[], chosen: string[], spans?: number][] = [
  ["the most frequent first", [entry("a", 0.3), entry("b", 0.9)], ["b", "a"]],
  ["up to the cap", times(5, (i) => entry(`k${i}`, 0.9 - i / 10)), ["k0", "k1", "k2"]],
  ["not below the share", [entry("a", 0.19), entry("b", 0.2)], ["b"]],
  ["not before there are spans", [entry("a", 1)], [], 999],
  ["not with too few values seen", [{ ...entry("a", 1), sampled: 9 }], []],
  ["not what is built in", [entry("http.route", 1), entry("http.route", 0.5, int)], []],
  ["not what no column can hold", [entry("a", 1, attributeTypes.encoded), entry("", 1)], []],
  ["one type of a key", [entry("a", 0.3), entry("a", 0.6, int)], ["a"]],
  ["a key of each scope", [entry("a", 0.3), { ...entry("a", 1), scope: "resource" }], ["a", "a"]],
];
for (const [name, entries, chosen, spans = 1000] of choices) {
  test(`choosePromotions: ${name}`, () => {
    const promotions = choosePromotions({ ...none, spans, entries }, limits);
    assert.deepEqual(
      promotions.map(({ attribute }) => attribute.key),
      chosen,
    );
  });
}

test("choosePromotions: counts what traffic has brought already, and brings nothing twice", () => {
  const had = promotedByTraffic({ scope: "span", key: "a", type: string, fewValues: true })!;
  const known = {
    spans: 1000,
    queries: () => 0,
    promoted: [...builtInTable.promoted, had],
    byTraffic: 2,
    entries: [entry("a", 1), entry("b", 0.9, int), entry("c", 0.8)],
  };
  const [first, ...others] = choosePromotions(known, limits);
  assert.deepEqual(others, []);
  assert.deepEqual([first!.attribute.key, first!.attribute.type], ["b", int]);
  assert.equal(first!.reason, "in 90.0 % of 1000 spans");
  assert.deepEqual(choosePromotions(known, { ...limits, attributes: 0 }), []);
});

test("choosePromotions: what questions ask for often, however rare, but not what no span has", () => {
  const asked = new Map([
    ["rare", 12],
    ["gone", 99],
    ["once", 1],
    ["both", 15],
  ]);
  const entries = [
    { ...entry("rare", 0.001), sampled: 2 },
    entry("rare", 0.0005, int),
    entry("once", 0.1),
    entry("both", 0.9),
    entry("often", 0.5),
  ];
  const queries = (_scope: string, key: string): number => asked.get(key) ?? 0;
  const chosen = choosePromotions({ ...none, entries, queries }, limits);
  assert.deepEqual(
    chosen.map(({ attribute, reason }) => [attribute.key, attribute.columnType, reason]),
    [
      [
        "both",
        "LowCardinality(Nullable(String))",
        "in 90.0 % of 1000 spans, asked for 15 times lately",
      ],
      ["often", "LowCardinality(Nullable(String))", "in 50.0 % of 1000 spans"],
      ["rare", "Nullable(String)", "in 0.1 % of 1000 spans, asked for 12 times lately"],
    ],
  );
});

test("choosePromotions: a dictionary for values that repeat", () => {
  const columnType = (sampled: number, distinctValues: number): string =>
    choosePromotions(
      { ...none, entries: [{ ...entry("a", 1), sampled, distinctValues }] },
      limits,
    )[0]!.attribute.columnType;
  assert.equal(columnType(1000, 5), "LowCardinality(Nullable(String))");
  assert.equal(columnType(1000, 251), "Nullable(String)");
  assert.equal(columnType(100_000, 1001), "Nullable(String)");
});
