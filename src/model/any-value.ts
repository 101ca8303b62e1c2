/**
 * OTLP's AnyValue, between its encoded form (how attribute values that no typed column holds are
 * kept) and its JSON form (how they are shown). Source: opentelemetry/proto/common/v1/common.proto.
 */
import { Fault } from "../base/fault.ts";
import { ProtoReader, ProtoWriter } from "../base/protobuf.ts";
import type { AnyValue, DoubleJson, KeyValue } from "./trace.ts";

/** Field tags of AnyValue. */
export const anyValueTags = {
  string: 0x0a,
  bool: 0x10,
  int: 0x18,
  double: 0x21,
  array: 0x2a,
  kvlist: 0x32,
  bytes: 0x3a,
} as const;
/** Field tags of KeyValue; ArrayValue and KeyValueList hold their items under `listTag`. */
export const keyValueTags = { key: 0x0a, value: 0x12 } as const;
const listTag = 0x0a;

/**
 * Walks the AnyValue that `reader` is in to its end, without keeping anything.
 * Throws Fault "invalid" if it is malformed or nested deeper than `depthLimit`.
 */
export function checkAnyValue(reader: ProtoReader, depthLimit: number): void {
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag !== anyValueTags.array && tag !== anyValueTags.kvlist) {
      reader.skip(tag);
      continue;
    }
    if (depthLimit <= 0) {
      throw new Fault("invalid", `attribute value nested too deeply at byte ${reader.at}`);
    }
    const outer = reader.enter();
    for (let item = reader.tag(); item !== 0; item = reader.tag()) {
      if (item !== listTag) {
        reader.skip(item);
        continue;
      }
      const list = reader.enter();
      if (tag === anyValueTags.array) checkAnyValue(reader, depthLimit - 1);
      else checkKeyValue(reader, depthLimit - 1);
      reader.leave(list);
    }
    reader.leave(outer);
  }
}

function checkKeyValue(reader: ProtoReader, depthLimit: number): void {
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag !== keyValueTags.value) {
      reader.skip(tag);
      continue;
    }
    const outer = reader.enter();
    checkAnyValue(reader, depthLimit);
    reader.leave(outer);
  }
}

/** The JSON form of an encoded AnyValue that `checkAnyValue` has passed. Fields that Clew does not
 * know (string table references of other signals among them) leave the value empty. */
export function decodeAnyValue(bytes: Uint8Array): AnyValue {
  return readAnyValue(new ProtoReader(bytes));
}

function readAnyValue(reader: ProtoReader): AnyValue {
  let value: AnyValue = {};
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    switch (tag) {
      case anyValueTags.string:
        value = { stringValue: reader.text() };
        break;
      case anyValueTags.bool:
        reader.varint64();
        value = { boolValue: (reader.low | reader.high) !== 0 };
        break;
      case anyValueTags.int:
        reader.varint64();
        value = { intValue: int64Text(reader.high, reader.low) };
        break;
      case anyValueTags.double:
        reader.fixed64();
        value = { doubleValue: doubleJson(float64(reader.high, reader.low)) };
        break;
      case anyValueTags.bytes:
        value = { bytesValue: Buffer.from(reader.slice()).toString("base64") };
        break;
      case anyValueTags.array: {
        const before: readonly AnyValue[] = "arrayValue" in value ? value.arrayValue.values : [];
        value = { arrayValue: { values: [...before, ...readList(reader, readAnyValue)] } };
        break;
      }
      case anyValueTags.kvlist: {
        const before: readonly KeyValue[] = "kvlistValue" in value ? value.kvlistValue.values : [];
        value = { kvlistValue: { values: [...before, ...readList(reader, readKeyValue)] } };
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return value;
}

function readList<T>(reader: ProtoReader, readItem: (reader: ProtoReader) => T): T[] {
  const items: T[] = [];
  const outer = reader.enter();
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag !== listTag) {
      reader.skip(tag);
      continue;
    }
    const list = reader.enter();
    items.push(readItem(reader));
    reader.leave(list);
  }
  reader.leave(outer);
  return items;
}

function readKeyValue(reader: ProtoReader): KeyValue {
  let key = "";
  let value: AnyValue = {};
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === keyValueTags.key) key = reader.text();
    else if (tag === keyValueTags.value) {
      const outer = reader.enter();
      value = readAnyValue(reader);
      reader.leave(outer);
    } else reader.skip(tag);
  }
  return { key, value };
}

/** Writes the fields of `value`, without a tag or a length of its own. */
function writeAnyValue(writer: ProtoWriter, value: AnyValue): void {
  if ("stringValue" in value) writer.text(anyValueTags.string, value.stringValue);
  else if ("boolValue" in value) {
    writer.varint(anyValueTags.bool);
    writer.varint(value.boolValue ? 1 : 0);
  } else if ("intValue" in value) {
    const bits = BigInt.asUintN(64, BigInt(value.intValue));
    writer.varint(anyValueTags.int);
    writer.varint64(Number(bits >> 32n), Number(bits & 0xffffffffn));
  } else if ("doubleValue" in value) {
    writer.varint(anyValueTags.double);
    writer.double(Number(value.doubleValue));
  } else if ("bytesValue" in value) {
    writer.bytes(anyValueTags.bytes, Buffer.from(value.bytesValue, "base64"));
  } else if ("arrayValue" in value) {
    const { values } = value.arrayValue;
    writer.message(anyValueTags.array, () => {
      for (const item of values) writer.message(listTag, () => writeAnyValue(writer, item));
    });
  } else if ("kvlistValue" in value) {
    const { values } = value.kvlistValue;
    writer.message(anyValueTags.kvlist, () => {
      for (const item of values) writer.message(listTag, () => writeKeyValue(writer, item));
    });
  }
}

/** Writes the fields of a KeyValue, as `writeAnyValue`. */
export function writeKeyValue(writer: ProtoWriter, { key, value }: KeyValue): void {
  writer.text(keyValueTags.key, key);
  writer.message(keyValueTags.value, () => writeAnyValue(writer, value));
}

/** A signed 64-bit integer, given as its unsigned halves, in decimal. */
export function int64Text(high: number, low: number): string {
  return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low)).toString();
}

/** A double as JSON can carry it. */
export function doubleJson(value: number): DoubleJson {
  if (Object.is(value, -0)) return "-0";
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

const scratch = new DataView(new ArrayBuffer(8));

function float64(high: number, low: number): number {
  scratch.setUint32(0, low, true);
  scratch.setUint32(4, high, true);
  return scratch.getFloat64(0, true);
}
