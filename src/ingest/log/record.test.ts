import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { printedSeed } from "../../../test/support/oracle.ts";
import { SINGLE_TENANT } from "../../model/tenant.ts";
import { batchToken, encodeRecord, isCutShort, type LogRecord, scanRecords } from "./record.ts";

const plain = { noNullPrototype: true };
const arbitraryDigest = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => Buffer.from(bytes).toString("latin1"));
const arbitraryRecord: fc.Arbitrary<LogRecord> = fc.oneof(
  fc.record(
    {
      kind: fc.constant("request" as const),
      tenant: fc.oneof(fc.constant(SINGLE_TENANT), fc.stringMatching(/^[\w!.*'()-]{1,150}$/)),
      arrivalSeconds: fc.nat({ max: 2 ** 32 - 1 }),
      digest: arbitraryDigest,
      // Bodies that look like the beginning of a record are no problem either.
      body: fc.oneof(
        fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
        fc.constant(Buffer.from("Clew Clew")),
      ),
    },
    plain,
  ),
  fc.constant({ kind: "seal" as const }),
  fc.record(
    {
      kind: fc.constant("digests" as const),
      digests: fc.array(fc.tuple(arbitraryDigest, fc.nat({ max: 2 ** 32 - 1 })), { maxLength: 5 }),
    },
    plain,
  ),
  fc.record(
    {
      kind: fc.constant("inserted" as const),
      token: fc
        .tuple(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.nat())
        .map(([id, from]) => batchToken(Buffer.from(id).toString("hex"), from)),
    },
    plain,
  ),
);

const bytesOf = (records: readonly LogRecord[]): Buffer =>
  Buffer.concat(records.flatMap((record) => encodeRecord(record)));
const recordsIn = (bytes: Buffer): LogRecord[] =>
  [...scanRecords(bytes, 0)].flatMap((part) => (part.kind === "record" ? [part.record] : []));

test("records read back as they were written", () => {
  const seed = printedSeed("log records");
  fc.assert(
    fc.property(fc.array(arbitraryRecord), (records) => {
      assert.deepEqual(recordsIn(bytesOf(records)), records);
    }),
    { seed },
  );
});

test("a request of the default tenant has the bytes that it had before there were tenants", () => {
  const digest = "0123456789abcdef";
  const body = Buffer.from("body");
  const bytes = bytesOf([
    { kind: "request", tenant: SINGLE_TENANT, arrivalSeconds: 7, digest, body },
  ]);
  const old = "436c65771800000076e68412010700000030313233343536373839616263646566626f6479";
  assert.equal(bytes.toString("hex"), old);
});

test("cut at any byte: the whole records before it, and what is left told as damage", () => {
  const seed = printedSeed("log cut");
  const [records] = fc.sample(fc.array(arbitraryRecord, { minLength: 6, maxLength: 6 }), {
    seed,
    numRuns: 1,
  });
  const ends = records!.map((_, i) => bytesOf(records!.slice(0, i + 1)).length);
  const bytes = bytesOf(records!);
  for (let cut = 0; cut < bytes.length; cut++) {
    const whole = ends.filter((end) => end <= cut).length;
    assert.deepEqual(recordsIn(bytes.subarray(0, cut)), records!.slice(0, whole), `cut at ${cut}`);
    const last = [...scanRecords(bytes.subarray(0, cut), 0)].at(-1);
    if (last !== undefined) assert.equal(last.to, cut);
    if (last?.kind === "damage") assert.ok(isCutShort(bytes.subarray(0, cut), last.from));
  }
});

test("one damaged byte costs its record and no other", () => {
  const seed = printedSeed("log damage");
  fc.assert(
    fc.property(
      fc.array(arbitraryRecord, { minLength: 1 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (records, place, change) => {
        const bytes = bytesOf(records);
        bytes[place % bytes.length]! ^= change;
        const hit = records.findIndex(
          (_, i) => bytesOf(records.slice(0, i + 1)).length > place % bytes.length,
        );
        assert.deepEqual(recordsIn(bytes), records.toSpliced(hit, 1));
      },
    ),
    { seed },
  );
});

test("a record that is whole in length and wrong in content is not cut short, nor are zeros", () => {
  const digest = "0123456789abcdef";
  const request = { kind: "request", tenant: "t", arrivalSeconds: 7, digest } as const;
  const bytes = bytesOf([{ ...request, body: Buffer.from("body") }]);
  bytes[bytes.length - 1]! ^= 1;
  assert.equal(isCutShort(bytes, 0), false);
  assert.equal(isCutShort(Buffer.alloc(100), 0), false);
  assert.equal(isCutShort(bytes.subarray(0, 20), 0), true);
});
