/**
 * OTLP's AnyValue, between its encoded form (how attribute values that no typed column holds are
 * kept) and its JSON form (how they are shown). Source: opentelemetry/proto/common/v1/common.proto.
 */
import { isUtf8 } from "node:buffer";
import { Fault } from "../base/fault.ts";
import { ProtoReader, ProtoWriter } from "../base/protobuf.ts";
import { doubleJson } from "./double-json.ts";
import type { AnyValue, KeyValue } from "./trace.ts";

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
 * Walks the array or key-value list that follows its tag `tag`, without keeping anything; says
 * whether all text in it is UTF-8. Throws Fault "invalid" if it is malformed or has lists within
 * lists deeper than `depthLimit`.
 */
export function checkListValue(reader: ProtoReader, tag: number, depthLimit: number): boolean {
  if (depthLimit <= 0) {
    throw new Fault("invalid", `attribute value nested too deeply at byte ${reader.at}`);
  }
  let isText = true;
  const check = tag === anyValueTags.array ? checkAnyValue : checkKeyValue;
  const outer = reader.enter();
  for (let item = reader.tag(); item !== 0; item = reader.tag()) {
    if (item !== listTag) {
      reader.skip(item);
      continue;
    }
    const list = reader.enter();
    isText = check(reader, depthLimit - 1) && isText;
    reader.leave(list);
  }
  reader.leave(outer);
  return isText;
}

function checkAnyValue(reader: ProtoReader, depthLimit: number): boolean {
  let isText = true;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === anyValueTags.string) isText = isUtf8(reader.slice()) && isText;
    else if (tag === anyValueTags.array || tag === anyValueTags.kvlist) {
      isText = checkListValue(reader, tag, depthLimit) && isText;
    } else reader.skip(tag);
  }
  return isText;
}

function checkKeyValue(reader: ProtoReader, depthLimit: number): boolean {
  let isText = true;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === keyValueTags.value) {
      const outer = reader.enter();
      isText = checkAnyValue(reader, depthLimit) && isText;
      reader.leave(outer);
    } else if (tag === keyValueTags.key) isText = isUtf8(reader.slice()) && isText;
    else reader.skip(tag);
  }
  return isText;
}

/** The JSON form of an encoded AnyValue whose lists have passed `checkListValue`. Fields that Clew
 * does not know (string table references of other signals among them) leave the value empty. */
export function decodeAnyValue(bytes: Uint8Array): AnyValue {
  return readAnyValue(new ProtoReader(bytes), {});
}

/** The same encoded AnyValue with U+FFFD in place of what is not UTF-8. */
export function repairAnyValue(bytes: Uint8Array): Uint8Array {
  const writer = new ProtoWriter(bytes.length * 2);
  writeAnyValue(writer, decodeAnyValue(bytes));
  return writer.finish();
}

/** Reads on from `value`: of several fields the last one counts, but lists are continued. */
function readAnyValue(reader: ProtoReader, before: AnyValue): AnyValue {
  let value = before;
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
        const values = "arrayValue" in value ? (value.arrayValue.values as AnyValue[]) : [];
        readList(reader, values, (item) => readAnyValue(item, {}));
        value = { arrayValue: { values } };
        break;
      }
      case anyValueTags.kvlist: {
        const values = "kvlistValue" in value ? (value.kvlistValue.values as KeyValue[]) : [];
        readList(reader, values, readKeyValue);
        value = { kvlistValue: { values } };
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return value;
}

/** Reads one list's items to the end of `items`. */
function readList<T>(reader: ProtoReader, items: T[], readItem: (reader: ProtoReader) => T): void {
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
}

function readKeyValue(reader: ProtoReader): KeyValue {
  let key = "";
  let value: AnyValue = {};
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === keyValueTags.key) key = reader.text();
    else if (tag === keyValueTags.value) {
      const outer = reader.enter();
      value = readAnyValue(reader, value);
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

const scratch = new DataView(new ArrayBuffer(8));

function float64(high: number, low: number): number {
  scratch.setUint32(0, low, true);
  scratch.setUint32(4, high, true);
  return scratch.getFloat64(0, true);
}
