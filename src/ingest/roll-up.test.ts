import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { oracleEncode, type Plain, printedSeed, runs } from "../../test/support/oracle.ts";
import { bucketOf } from "../model/latency-buckets.ts";
import { EXEMPLAR_BYTES, exemplarGroup, type RollUp } from "../model/roll-up.ts";
import { SpanColumns } from "../model/span-columns.ts";
import { OtlpDecoder } from "../wire/otlp/decode.ts";
import { markTimes } from "./mark-times.ts";
import { OTHER, TenantGuards } from "./name-guard.ts";
import { type RollUpOptions, rollUpSteps } from "./roll-up.ts";

const manyNames = { namesPerService: 100, services: 100, values: 100, nameChars: 100 };
const dimensions = ["region", "http.request.method", "retry"];
const ARRIVAL = 1_800_000_000;
const ARRIVAL_NANO = BigInt(ARRIVAL) * 10n ** 9n;
const timeLimits = { pastSeconds: 100_000, futureSeconds: 3600 };

/** A request as it is made here: plain, with one resource. */
interface Request {
  readonly tenant: string;
  readonly resource: readonly Plain[];
  readonly spans: readonly Plain[];
}

function columnsOf(requests: readonly Request[]): SpanColumns {
  const columns = new SpanColumns();
  const decoder = new OtlpDecoder(columns, { nestingDepth: 32, spansPerRequest: 1e6 });
  for (const { tenant, resource, spans } of requests) {
    const from = columns.length;
    decoder.decode(
      oracleEncode("TracesData", {
        resourceSpans: [{ resource: { attributes: resource }, scopeSpans: [{ spans }] }],
      }),
    );
    if (columns.length > from) columns.setTenant(from, tenant);
    markTimes(columns, from, ARRIVAL, timeLimits);
  }
  return columns;
}

function guards(limits = manyNames): TenantGuards {
  return new TenantGuards(limits, () => 0);
}

function rollUpOf(columns: SpanColumns, options: RollUpOptions): RollUp {
  const steps = rollUpSteps(columns, options);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

const text = (key: string, value: string): Plain => ({ key, value: { stringValue: value } });

const attribute = fc.oneof(
  fc.constantFrom("eu", "us", "").map((value) => text("region", value)),
  fc.constantFrom("GET", "POST").map((value) => text("http.request.method", value)),
  fc.constantFrom(true, false).map((value) => ({ key: "retry", value: { boolValue: value } })),
  fc.integer().map((value) => ({ key: "retry", value: { intValue: value } })),
  fc.constant({ key: "region", value: { arrayValue: { values: [] } } }),
  fc.constant(text("other", "x")),
);
const attributes = fc.uniqueArray(attribute, { maxLength: 4, selector: ({ key }) => key });
const resource = fc
  .tuple(
    fc.constantFrom(
      [],
      [text("service.name", "cart")],
      [text("service.name", "shop")],
      [text("service.name", "")],
      [{ key: "service.name", value: { intValue: 7 } }],
    ),
    attributes,
  )
  .map(([service, others]): Plain[] => [...service, ...others]);
const start = fc.oneof(
  { weight: 20, arbitrary: fc.bigInt({ min: -240n * 10n ** 9n, max: 10n ** 9n }) },
  // Just before and after a minute.
  { weight: 5, arbitrary: fc.bigInt({ min: -2n, max: 2n }).map((n) => n - 60n * 10n ** 9n) },
  { weight: 1, arbitrary: fc.constantFrom(-(10n ** 18n), 10n ** 18n) },
);
const elapsed = fc.oneof(
  fc.bigInt({ min: 0n, max: 10n ** 7n }),
  fc.bigInt({ min: -5n, max: 5n }),
  fc.bigInt({ min: 0n, max: 10n ** 12n }),
);
const span = fc
  .record({
    traceId: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((id) => id.fill(1, 0, 1)),
    spanId: fc.uint8Array({ minLength: 8, maxLength: 8 }).map((id) => id.fill(1, 0, 1)),
    name: fc.constantFrom("GET /", "list", "GET /u/1", ""),
    kind: fc.constantFrom(0, 2, 2, 3),
    status: fc.constantFrom({}, { code: 1 }, { code: 2 }),
    traceState: fc.constantFrom("", "", "ot=th:c", "a=b,ot=th:5", "ot=th:x"),
    attributes,
    start,
    elapsed,
  })
  .map(({ start: at, elapsed: nano, ...fields }): Plain => {
    const from = ARRIVAL_NANO + at;
    return { ...fields, startTimeUnixNano: `${from}`, endTimeUnixNano: `${from + nano}` };
  });
const request = fc.record({
  tenant: fc.constantFrom("a", "b"),
  resource,
  spans: fc.array(span, { maxLength: 12 }),
});

/** What the twin says of a row. */
interface Sums {
  calls: number;
  unseen: number;
  durationNano: number;
  unseenDurationNano: number;
  bytes: number;
  readonly cells: Map<number, { calls: number; unseen: number }>;
  readonly exemplars: Map<number, string[]>;
}

const weights: Record<string, number> = { "ot=th:c": 4, "a=b,ot=th:5": 16 / 11 };

/** The same, written as one would without a thought about speed. */
function twin(requests: readonly Request[]): Map<string, Sums> {
  const rows = new Map<string, Sums>();
  for (const { tenant, resource: resourceAttributes, spans } of requests) {
    const serviceName = valueOf(resourceAttributes, "service.name");
    const service =
      typeof serviceName === "string" && serviceName ? serviceName : "unknown_service";
    for (const each of spans) {
      const from = BigInt(each["startTimeUnixNano"] as string);
      const nano = Math.max(0, Number(BigInt(each["endTimeUnixNano"] as string) - from));
      const isNear =
        from >= ARRIVAL_NANO - BigInt(timeLimits.pastSeconds) * 10n ** 9n &&
        from < ARRIVAL_NANO + BigInt(timeLimits.futureSeconds + 1) * 10n ** 9n;
      const minute = isNear ? Number(from / 60n / 10n ** 9n) * 60 : ARRIVAL - (ARRIVAL % 300);
      const named = dimensions.flatMap((key) => {
        const value =
          textOf(valueOf(resourceAttributes, key)) ??
          textOf(valueOf(each["attributes"] as Plain[], key));
        return value === undefined ? [] : [[key, value]];
      });
      const { kind, status, name } = each as { kind: number; status: Plain; name: string };
      const code = Number(status["code"] ?? 0);
      const dimensionText = named.length === 0 ? "" : JSON.stringify(Object.fromEntries(named));
      const key = [tenant, service, name, kind, code, minute, dimensionText];
      add(rows, key.join("|"), each, nano);
    }
  }
  return rows;
}

function add(rows: Map<string, Sums>, key: string, each: Plain, nano: number): void {
  const none = { calls: 0, unseen: 0, durationNano: 0, unseenDurationNano: 0, bytes: 0 };
  const sums = rows.get(key) ?? { ...none, cells: new Map(), exemplars: new Map() };
  rows.set(key, sums);
  const unseen = (weights[each["traceState"] as string] ?? 1) - 1;
  sums.calls++;
  sums.unseen += unseen;
  sums.durationNano += nano;
  sums.unseenDurationNano += unseen * nano;
  sums.bytes += oracleEncode("Span", each).length;
  const bucket = bucketOf(nano);
  const cell = sums.cells.get(bucket) ?? { calls: 0, unseen: 0 };
  sums.cells.set(bucket, { calls: cell.calls + 1, unseen: cell.unseen + unseen });
  const ids = sums.exemplars.get(exemplarGroup(bucket)) ?? [];
  const id = Buffer.concat([each["traceId"] as Buffer, each["spanId"] as Buffer]).toString("hex");
  sums.exemplars.set(exemplarGroup(bucket), [...ids, `${id} ${nano}`]);
}

function valueOf(list: readonly Plain[], key: string): unknown {
  const value = list.find((item) => item["key"] === key)?.["value"] as Plain | undefined;
  return value === undefined ? undefined : Object.values(value)[0];
}

function textOf(value: unknown): string | undefined {
  if (typeof value === "number" || typeof value === "boolean") return JSON.stringify(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

function keyOf(rollUp: RollUp, row: number): string {
  const { texts } = rollUp;
  const named = [rollUp.tenant, rollUp.service, rollUp.name].map((of) => texts.text(of[row]!));
  const rest = [rollUp.kind[row], rollUp.statusCode[row], rollUp.minute[row]];
  return [...named, ...rest, texts.text(rollUp.dimensions[row]!)].join("|");
}

function check(rollUp: RollUp, want: Map<string, Sums>): void {
  const keys = Array.from({ length: rollUp.rows }, (_, row) => keyOf(rollUp, row));
  assert.deepEqual(keys.toSorted(), [...want.keys()].sort());
  for (const [row, key] of keys.entries()) {
    const { cells, exemplars, ...sums } = want.get(key)!;
    for (const [name, sum] of Object.entries(sums)) {
      const got = rollUp[name as keyof typeof sums][row]!;
      assert.ok(Math.abs(got - sum) <= 1e-9 * Math.abs(sum), `${name} of ${key}: ${got}, ${sum}`);
    }
    const ordered = [...cells].sort(([a], [b]) => a - b);
    const from = row === 0 ? 0 : rollUp.cellEnds[row - 1]!;
    const found = Array.from({ length: rollUp.cellEnds[row]! - from }, (_, i) => [
      rollUp.bucket[from + i],
      { calls: rollUp.cellCalls[from + i], unseen: rollUp.cellUnseen[from + i] },
    ]);
    assert.deepEqual(found, ordered);
    checkExemplars(rollUp, row, exemplars);
  }
}

function checkExemplars(rollUp: RollUp, row: number, want: Sums["exemplars"]): void {
  const from = row === 0 ? 0 : rollUp.exemplarEnds[row - 1]!;
  const groups = [...rollUp.exemplarGroup.subarray(from, rollUp.exemplarEnds[row])];
  assert.deepEqual(
    groups,
    [...want.keys()].sort((a, b) => a - b),
  );
  for (const [i, group] of groups.entries()) {
    const at = (from + i) * EXEMPLAR_BYTES;
    const id = Buffer.from(rollUp.exemplarId.subarray(at, at + EXEMPLAR_BYTES)).toString("hex");
    assert.ok(want.get(group)!.includes(`${id} ${rollUp.exemplarNano[from + i]}`));
  }
}

test("a roll-up is what a plain loop over the spans adds up", () => {
  fc.assert(
    fc.property(fc.array(request, { maxLength: 8 }), (requests) => {
      const columns = columnsOf(requests);
      check(rollUpOf(columns, { guards: guards(), dimensions }), twin(requests));
    }),
    { seed: printedSeed("roll-up"), numRuns: runs(300) },
  );
});

test("more rows and buckets than there was room for at first", () => {
  const spans = Array.from({ length: 30_000 }, (_, i) => ({
    traceId: Buffer.alloc(16, 1),
    spanId: Buffer.alloc(8, 1),
    name: `operation ${i % 5000}`,
    status: {},
    kind: 1,
    traceState: i % 7 === 0 ? "ot=th:c" : "",
    startTimeUnixNano: `${ARRIVAL_NANO}`,
    endTimeUnixNano: `${ARRIVAL_NANO + BigInt(i) ** 3n}`,
    attributes: [],
  }));
  const requests = [{ tenant: "a", resource: [], spans }];
  const limits = { ...manyNames, namesPerService: 10_000 };
  check(rollUpOf(columnsOf(requests), { guards: guards(limits), dimensions: [] }), twin(requests));
});

test("names beyond the caps are counted under others, and how many is told", () => {
  const spans = (names: readonly string[]): Plain[] =>
    names.map((name) => ({
      traceId: Buffer.alloc(16, 1),
      spanId: Buffer.alloc(8, 1),
      name,
      startTimeUnixNano: `${ARRIVAL_NANO}`,
      endTimeUnixNano: `${ARRIVAL_NANO + 5n}`,
    }));
  const of = (service: string): Plain[] => [text("service.name", service)];
  const columns = columnsOf([
    { tenant: "t", resource: of("a"), spans: spans(["GET /1", "GET /2", "GET /3", "GET /4"]) },
    { tenant: "t", resource: of("b"), spans: spans(["x", "y", "z", "z", "x"]) },
    { tenant: "t", resource: of("c"), spans: spans(["x"]) },
    { tenant: "t", resource: of("d"), spans: spans(["x"]) },
    { tenant: "u", resource: of("c"), spans: spans(["x"]) },
  ]);
  const limits = { ...manyNames, namesPerService: 2, services: 2 };
  const rollUp = rollUpOf(columns, { guards: guards(limits), dimensions: [] });
  const calls = Array.from({ length: rollUp.rows }, (_, row) => {
    const [tenant, service, name] = keyOf(rollUp, row).split("|");
    return [tenant, service, name, rollUp.calls[row]].join(" ");
  });
  assert.deepEqual(calls.toSorted(), [
    `t ${OTHER} x 2`,
    "t a GET /1 1",
    "t a GET /2 1",
    "t a GET /{id} 2",
    `t b ${OTHER} 2`,
    "t b x 2",
    "t b y 1",
    "u c x 1",
  ]);
  assert.deepEqual(rollUp.renamed, [
    { tenant: "t", service: "a", templated: 2, other: 0 },
    { tenant: "t", service: "b", templated: 0, other: 2 },
    { tenant: "t", service: OTHER, templated: 0, other: 2 },
  ]);
});
