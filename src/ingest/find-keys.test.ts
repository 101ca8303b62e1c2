import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  arbitraryTraces,
  oracleEncode,
  type Plain,
  printedSeed,
} from "../../test/support/oracle.ts";
import { attributeTypes } from "../model/attribute-columns.ts";
import type { AttributeKey } from "../model/attribute-key.ts";
import { SpanColumns } from "../model/span-columns.ts";
import { OtlpDecoder } from "../wire/otlp/decode.ts";
import { findKeySteps } from "./find-keys.ts";
import { KnownKeys } from "./known-keys.ts";

function run<T>(steps: Generator<undefined, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

const NO_LIMIT = 2 ** 31;
const typeOf: Readonly<Record<string, number>> = {
  stringValue: attributeTypes.string,
  boolValue: attributeTypes.bool,
  intValue: attributeTypes.int,
  doubleValue: attributeTypes.double,
};

function list(value: unknown): Plain[] {
  return value as Plain[];
}

/** What the finder has to find, by walking through everything. */
function naiveKeys(requests: readonly Plain[], placeOf: (request: number, row: number) => string) {
  const found = new Set<string>();
  requests.forEach((traces, request) => {
    let row = 0;
    for (const { resource, scopeSpans } of list(traces["resourceSpans"])) {
      for (const { scope, spans } of list(scopeSpans)) {
        for (const span of list(spans)) {
          const place = placeOf(request, row++);
          const note = (name: string, owner: unknown): void => {
            for (const { key, value } of list((owner as Plain)["attributes"])) {
              const [member = ""] = Object.keys(value as Plain);
              found.add(
                `${place} ${name} ${typeOf[member] ?? attributeTypes.encoded} ${String(key)}`,
              );
            }
          };
          note("resource", resource);
          note("span", span);
          note("instrumentation", scope);
          for (const event of list(span["events"])) note("event", event);
          for (const link of list(span["links"])) note("link", link);
        }
      }
    }
  });
  return found;
}

const textOf = ({ tenant, timeBucket, scope, type, key }: AttributeKey): string =>
  `${tenant} ${timeBucket} ${scope} ${type} ${key}`;

describe("keys of a batch", () => {
  test("are those that a walk through its requests finds, and nothing else", () => {
    const requests = fc.array(
      fc.record({ traces: arbitraryTraces, tenant: fc.constantFrom("a", "b") }),
      { maxLength: 4 },
    );
    const property = fc.property(requests, fc.nat({ max: 2 }), (all, spread) => {
      const columns = new SpanColumns();
      const decoder = new OtlpDecoder(columns, { nestingDepth: 32, spansPerRequest: 100_000 });
      const bucketOf = (request: number, row: number): number =>
        300 * ((request + row) % (spread + 1));
      all.forEach(({ traces, tenant }, request) => {
        const from = columns.length;
        decoder.decode(oracleEncode("TracesData", traces));
        if (columns.length > from) columns.setTenant(from, tenant);
        for (let row = from; row < columns.length; row++) {
          columns.timeBucket[row] = bucketOf(request, row - from);
        }
      });
      const found = run(findKeySteps(columns, NO_LIMIT)).map(textOf);
      const want = naiveKeys(
        all.map(({ traces }) => traces),
        (request, row) => `${all[request]!.tenant} ${bucketOf(request, row)}`,
      );
      assert.equal(new Set(found).size, found.length);
      assert.deepEqual(found.sort(), [...want].sort());
    });
    fc.assert(property, { seed: printedSeed("keys of a batch"), numRuns: 100 });
  });
});

test("keys of a batch that are too many are said to be more", () => {
  const columns = new SpanColumns();
  const attributes = ["a", "b", "c"].map((key) => ({ key, value: { stringValue: "x" } }));
  const span = { traceId: Buffer.alloc(16, 1), spanId: Buffer.alloc(8, 2), attributes };
  new OtlpDecoder(columns, { nestingDepth: 32, spansPerRequest: 100 }).decode(
    oracleEncode("TracesData", { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }),
  );
  const scopes = (limit: number): string[] =>
    run(findKeySteps(columns, limit)).map(({ scope }) => scope);
  assert.deepEqual(scopes(3), ["span", "span", "span"]);
  assert.deepEqual(scopes(2), ["span", "span", ""]);
});

describe("known keys", () => {
  const batch = new SpanColumns();
  const span = {
    traceId: Buffer.alloc(16, 1),
    spanId: Buffer.alloc(8, 2),
    attributes: [
      { key: "a", value: { stringValue: "x" } },
      { key: "b", value: { intValue: "1" } },
    ],
  };
  const traces = { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] };
  new OtlpDecoder(batch, { nestingDepth: 32, spansPerRequest: 100 }).decode(
    oracleEncode("TracesData", traces),
  );

  test("are no news once they are stored, and not before", async () => {
    const known = new KnownKeys(async () => {});
    const first = run(known.news(batch));
    assert.deepEqual(
      first.map(({ key }) => key),
      ["a", "b"],
    );
    assert.deepEqual(run(known.news(batch)), first);
    await known.store(first.slice(0, 1));
    assert.deepEqual(run(known.news(batch)), first.slice(1));
    batch.timeBucket[0] = 300;
    assert.equal(run(known.news(batch)).length, 2);
  });

  test("stay news if they are not stored", async () => {
    const known = new KnownKeys(() => Promise.reject(new Error("away")));
    const news = run(known.news(batch));
    await assert.rejects(known.store(news));
    assert.deepEqual(run(known.news(batch)), news);
  });
});
