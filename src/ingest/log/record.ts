/**
 * The bytes of the ingest log. A segment is a head and records, one after the other:
 *
 *     segment   "clewlog1"  boot id (16)  segment id (16)      40 bytes
 *     record    "Clew"  length  crc32  type  payload           13 bytes + length
 *               4       4       4      1     length            little-endian
 *
 *     request   arrival (seconds since 1970, 4)  digest (16)  body of an ExportTraceServiceRequest
 *     of tenant arrival (4)  digest (16)  length of name (1)  tenant's name  body
 *     seal      nothing: the requests since the seal before are one batch
 *     digests   (arrival (4)  digest (16))*: of requests in segments that are gone
 *     inserted  segment id (16)  offset (8): ClickHouse has the batch that begins there
 *
 * A request of the one tenant that there is by default is a `request`, any other an `of tenant`.
 * The checksum is over type and payload. A record's magic lets a reader find the next whole record
 * behind damaged bytes. A segment's id is random, so that a batch's token, made of the id and the
 * batch's offset, is never used for another batch.
 */
import { crc32 } from "node:zlib";
import { SINGLE_TENANT } from "../../model/tenant.ts";

/** The digest of a request that was taken, and when, in seconds since 1970. */
export type TakenDigest = readonly [digest: string, arrivalSeconds: number];

/** What the log is told. A digest is 16 bytes as a latin1 string. */
export type LogRecord =
  | {
      readonly kind: "request";
      readonly tenant: string;
      readonly arrivalSeconds: number;
      readonly digest: string;
      readonly body: Uint8Array;
    }
  | { readonly kind: "seal" }
  | { readonly kind: "digests"; readonly digests: readonly TakenDigest[] }
  | { readonly kind: "inserted"; readonly token: string };

/** What stands between two offsets of a segment. */
export type Scanned =
  | {
      readonly kind: "record";
      readonly record: LogRecord;
      readonly from: number;
      readonly to: number;
    }
  | { readonly kind: "damage"; readonly from: number; readonly to: number };

/** A segment's head. Both ids are 32 hex digits. */
export interface SegmentHead {
  /** The boot of the machine during which it was written. */
  readonly bootId: string;
  readonly segmentId: string;
}

const SEGMENT_MAGIC = Buffer.from("clewlog1");
const ID_BYTES = 16;
/** Where the first record of a segment starts. */
export const SEGMENT_HEAD_BYTES = SEGMENT_MAGIC.length + 2 * ID_BYTES;

const RECORD_MAGIC = Buffer.from("Clew");
const HEAD_BYTES = 13;
const REQUEST_HEAD_BYTES = 20;
const INSERTED_BYTES = ID_BYTES + 8;
/** Bytes of a digest. */
export const DIGEST_BYTES = 16;
const types = { request: 1, seal: 2, inserted: 3, ofTenant: 4, digests: 5 } as const;

/** The bytes of a segment's head. */
export function encodeSegmentHead({ bootId, segmentId }: SegmentHead): Uint8Array {
  return Buffer.concat([SEGMENT_MAGIC, Buffer.from(bootId, "hex"), Buffer.from(segmentId, "hex")]);
}

/** The head that `bytes` begin with, or undefined if they do not. */
export function readSegmentHead(bytes: Uint8Array): SegmentHead | undefined {
  if (bytes.length < SEGMENT_HEAD_BYTES) return undefined;
  const head = Buffer.from(bytes.subarray(0, SEGMENT_HEAD_BYTES));
  const at = SEGMENT_MAGIC.length;
  if (!head.subarray(0, at).equals(SEGMENT_MAGIC)) return undefined;
  return {
    bootId: head.toString("hex", at, at + ID_BYTES),
    segmentId: head.toString("hex", at + ID_BYTES),
  };
}

/** The name of the batch that begins at an offset of a segment: ClickHouse takes a token once. */
export function batchToken(segmentId: string, from: number): string {
  return `${segmentId}-${from}`;
}

/** A record's bytes, in pieces: a request's body is not copied. */
export function encodeRecord(record: LogRecord): Uint8Array[] {
  const payload = encodePayload(record);
  const body = record.kind === "request" ? [record.body] : [];
  const bodyBytes = body[0]?.length ?? 0;
  const head = Buffer.allocUnsafe(HEAD_BYTES + payload.length);
  RECORD_MAGIC.copy(head);
  head.writeUInt32LE(payload.length + bodyBytes, 4);
  head[12] = typeOf(record);
  payload.copy(head, HEAD_BYTES);
  const headCrc = crc32(head.subarray(12));
  head.writeUInt32LE(bodyBytes === 0 ? headCrc : crc32(body[0]!, headCrc), 8);
  return [head, ...body];
}

function typeOf(record: LogRecord): number {
  const isOfTenant = record.kind === "request" && record.tenant !== SINGLE_TENANT;
  return isOfTenant ? types.ofTenant : types[record.kind];
}

/** A record's payload, less a request's body. */
function encodePayload(record: LogRecord): Buffer {
  switch (record.kind) {
    case "request": {
      const { tenant, arrivalSeconds, digest } = record;
      const nameBytes = tenant === SINGLE_TENANT ? 0 : 1 + tenant.length;
      const payload = Buffer.allocUnsafe(REQUEST_HEAD_BYTES + nameBytes);
      payload.writeUInt32LE(arrivalSeconds, 0);
      payload.write(digest, 4, DIGEST_BYTES, "latin1");
      if (nameBytes > 0) {
        payload[REQUEST_HEAD_BYTES] = tenant.length;
        payload.write(tenant, REQUEST_HEAD_BYTES + 1, "latin1"); // names are ASCII
      }
      return payload;
    }
    case "seal":
      return Buffer.alloc(0);
    case "digests": {
      const payload = Buffer.allocUnsafe(record.digests.length * REQUEST_HEAD_BYTES);
      for (const [i, [digest, arrivalSeconds]] of record.digests.entries()) {
        payload.writeUInt32LE(arrivalSeconds, i * REQUEST_HEAD_BYTES);
        payload.write(digest, i * REQUEST_HEAD_BYTES + 4, DIGEST_BYTES, "latin1");
      }
      return payload;
    }
    case "inserted": {
      const [segmentId = "", from = ""] = record.token.split("-");
      const payload = Buffer.alloc(INSERTED_BYTES);
      payload.write(segmentId, "hex");
      payload.writeBigUInt64LE(BigInt(from), ID_BYTES);
      return payload;
    }
  }
}

/**
 * Goes through the records of `bytes` from `from` on. Bytes that are no whole record with the right
 * checksum are told as damage, up to the next one that is, or the end.
 */
export function* scanRecords(bytes: Uint8Array, from: number): Generator<Scanned> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = from; at < buffer.length;) {
    const found = readRecord(buffer, at);
    if (found !== undefined) {
      yield { kind: "record", record: found.record, from: at, to: found.to };
      at = found.to;
      continue;
    }
    let next = buffer.indexOf(RECORD_MAGIC, at + 1);
    while (next !== -1 && readRecord(buffer, next) === undefined) {
      next = buffer.indexOf(RECORD_MAGIC, next + 1);
    }
    const to = next === -1 ? buffer.length : next;
    yield { kind: "damage", from: at, to };
    at = to;
  }
}

function readRecord(buffer: Buffer, at: number): { record: LogRecord; to: number } | undefined {
  if (at + HEAD_BYTES > buffer.length) return undefined;
  if (!buffer.subarray(at, at + RECORD_MAGIC.length).equals(RECORD_MAGIC)) return undefined;
  const to = at + HEAD_BYTES + buffer.readUInt32LE(at + 4);
  if (to > buffer.length) return undefined;
  if (crc32(buffer.subarray(at + 12, to)) !== buffer.readUInt32LE(at + 8)) return undefined;
  const record = readPayload(buffer[at + 12]!, buffer.subarray(at + HEAD_BYTES, to));
  return record && { record, to };
}

function readPayload(type: number, payload: Buffer): LogRecord | undefined {
  switch (type) {
    case types.request:
      return readRequest(payload, SINGLE_TENANT, REQUEST_HEAD_BYTES);
    case types.ofTenant: {
      const from = REQUEST_HEAD_BYTES + 1;
      const to = from + (payload[REQUEST_HEAD_BYTES] ?? 0);
      return readRequest(payload, payload.toString("latin1", from, to), to);
    }
    case types.seal:
      return payload.length === 0 ? { kind: "seal" } : undefined;
    case types.digests:
      return readDigests(payload);
    case types.inserted: {
      if (payload.length !== INSERTED_BYTES) return undefined;
      const from = Number(payload.readBigUInt64LE(ID_BYTES));
      return { kind: "inserted", token: batchToken(payload.toString("hex", 0, ID_BYTES), from) };
    }
    default:
      return undefined;
  }
}

function readRequest(payload: Buffer, tenant: string, bodyAt: number): LogRecord | undefined {
  if (payload.length < bodyAt) return undefined;
  return {
    kind: "request",
    tenant,
    arrivalSeconds: payload.readUInt32LE(0),
    digest: payload.toString("latin1", 4, 4 + DIGEST_BYTES),
    body: payload.subarray(bodyAt),
  };
}

function readDigests(payload: Buffer): LogRecord | undefined {
  if (payload.length % REQUEST_HEAD_BYTES !== 0) return undefined;
  const digests: TakenDigest[] = [];
  for (let at = 0; at < payload.length; at += REQUEST_HEAD_BYTES) {
    const digest = payload.toString("latin1", at + 4, at + REQUEST_HEAD_BYTES);
    digests.push([digest, payload.readUInt32LE(at)]);
  }
  return { kind: "digests", digests };
}

/** Whether what stands from `at` to the end is the beginning of a record, as a process leaves it that
 * dies while it writes; anything else is damage. */
export function isCutShort(bytes: Uint8Array, at: number): boolean {
  const rest = Buffer.from(bytes.buffer, bytes.byteOffset + at, bytes.length - at);
  const magic = RECORD_MAGIC.subarray(0, rest.length);
  if (!rest.subarray(0, magic.length).equals(magic)) return false;
  return rest.length < HEAD_BYTES || HEAD_BYTES + rest.readUInt32LE(4) > rest.length;
}

/** Whether a seal may have stood in what cannot be read: not if that was one record of another length. */
export function mayHideSeal(
  bytes: Uint8Array,
  { from, to }: { readonly from: number; readonly to: number },
): boolean {
  const lost = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from);
  if (lost.length < HEAD_BYTES) return false;
  const isOne =
    lost.subarray(0, RECORD_MAGIC.length).equals(RECORD_MAGIC) &&
    HEAD_BYTES + lost.readUInt32LE(4) === lost.length;
  return !isOne || lost.length === HEAD_BYTES; // only a seal is nothing but a head
}
