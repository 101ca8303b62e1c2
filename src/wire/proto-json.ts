/**
 * Protobuf ↔ its JSON mapping, driven by tables of fields. One decoder and one encoder of spans
 * then serve both encodings. Source: protobuf.dev/programming-guides/json, and OTLP's deviations.
 */
import { parseExactJson } from "../base/exact-json.ts";
import { Fault, unreachable } from "../base/fault.ts";
import { ProtoReader, ProtoWriter } from "../base/protobuf.ts";
import { int64Text } from "../model/any-value.ts";
import { doubleJson } from "../model/double-json.ts";

/** A field of a message. `id` is bytes that OTLP writes as hex and others as base64. */
export interface Field {
  readonly number: number;
  readonly type:
    | "string"
    | "bytes"
    | "id"
    | "bool"
    | "int64"
    | "uint64"
    | "fixed64"
    | "uint32"
    | "fixed32"
    | "double"
    | "enum"
    | "message";
  readonly repeated: boolean;
  /** The repeated message is an entry of a map from strings, with the fields `key` and `value`: an
   * object in JSON. */
  readonly map?: true;
  /** Written even if it holds the default (a member of a oneof). */
  readonly presence?: boolean;
  readonly message?: () => Message;
  /** An enum's names, by number. */
  readonly names?: readonly string[];
}

/** A message's fields by their names in JSON. */
export type Message = Readonly<Record<string, Field>>;

/** A field that comes once. */
export function field(number: number, type: Field["type"], more: Partial<Field> = {}): Field {
  return { number, type, repeated: false, ...more };
}

/** A field with a list of messages. */
export function many(number: number, message: () => Message): Field {
  return field(number, "message", { repeated: true, message });
}

/** A field with a message. */
export function one(number: number, message: () => Message): Field {
  return field(number, "message", { message });
}

const wireTypes = {
  string: 2,
  bytes: 2,
  id: 2,
  message: 2,
  bool: 0,
  int64: 0,
  uint64: 0,
  uint32: 0,
  enum: 0,
  fixed64: 1,
  double: 1,
  fixed32: 5,
} satisfies Record<Field["type"], number>;

/** Keeps the call stack safe; who reads the protobuf has the limit that senders are told of. (A
 * list in a list is three messages deeper, a span's attribute value starts at six.) */
const MESSAGE_DEPTH_LIMIT = 256;

type Json = string | number | bigint | boolean | null | Json[] | { readonly [key: string]: Json };

/**
 * Encodes JSON text as `message`. Integers too large for a JavaScript number are taken as written.
 * Throws Fault "invalid" that names the member and what stands there.
 */
export function jsonToProto(text: string, message: Message): Uint8Array {
  const value = parseJson(text);
  const writer = new ProtoWriter(text.length);
  writeMessage(writer, message, value, "", MESSAGE_DEPTH_LIMIT);
  return writer.finish();
}

/** Encodes what is in a message's JSON form already. Throws as `jsonToProto` does. */
export function objectToProto(value: object, message: Message): Uint8Array {
  const writer = new ProtoWriter();
  writeMessage(writer, message, value as Json, "", MESSAGE_DEPTH_LIMIT);
  return writer.finish();
}

function parseJson(text: string): Json {
  try {
    return parseExactJson(text) as Json;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new Fault("invalid", `body is not JSON: ${problem}`, { cause: error });
  }
}

function bad(path: string, want: string, got: unknown): Fault {
  return new Fault("invalid", `${path === "" ? "body" : path}: expected ${want}, got ${show(got)}`);
}

/** A value in at most about 80 characters, whatever its size and depth. */
function show(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  const text = typeof value === "string" ? JSON.stringify(value.slice(0, 80)) : String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function writeMessage(
  writer: ProtoWriter,
  message: Message,
  json: Json,
  path: string,
  depthLimit: number,
): void {
  if (json === null || typeof json !== "object" || Array.isArray(json)) {
    throw bad(path, "an object", json);
  }
  if (depthLimit < 0) {
    throw new Fault("invalid", `${path.slice(0, 80)}…: nested deeper than ${MESSAGE_DEPTH_LIMIT}`);
  }
  for (const [name, value] of Object.entries(json)) {
    const field = Object.hasOwn(message, name) ? message[name] : undefined;
    if (field === undefined || value === null) continue;
    const place = path === "" ? name : `${path}.${name}`;
    if (!field.repeated) writeField(writer, field, value, place, depthLimit);
    else if (field.map === true) writeMap(writer, field, value, place, depthLimit);
    else if (!Array.isArray(value)) throw bad(place, "an array", value);
    else {
      value.forEach((item, i) => writeField(writer, field, item, `${place}[${i}]`, depthLimit));
    }
  }
}

function writeMap(
  writer: ProtoWriter,
  field: Field,
  json: Json,
  path: string,
  depthLimit: number,
): void {
  if (json === null || typeof json !== "object" || Array.isArray(json)) {
    throw bad(path, "an object", json);
  }
  for (const [key, value] of Object.entries(json)) {
    writeField(writer, field, { key, value }, `${path}.${key}`, depthLimit);
  }
}

function writeField(
  writer: ProtoWriter,
  field: Field,
  json: Json,
  path: string,
  depthLimit: number,
): void {
  const tag = (field.number << 3) | wireTypes[field.type];
  switch (field.type) {
    case "message": {
      const inner = field.message!();
      writer.message(tag, () => writeMessage(writer, inner, json, path, depthLimit - 1));
      return;
    }
    case "string":
      if (typeof json !== "string") throw bad(path, "a string", json);
      writer.text(tag, json);
      return;
    case "bytes":
      writer.bytes(tag, base64(json, path));
      return;
    case "id":
      writer.bytes(tag, hex(json, path));
      return;
    case "bool":
      if (typeof json !== "boolean") throw bad(path, "true or false", json);
      writer.varint(tag);
      writer.varint(json ? 1 : 0);
      return;
    case "double":
      writer.varint(tag);
      writer.double(double(json, path));
      return;
    case "enum":
      writer.varint(tag);
      writer.varint(enumNumber(field, json, path));
      return;
    case "int64":
    case "uint64":
    case "fixed64": {
      const signed = field.type === "int64";
      const bits = BigInt.asUintN(64, integer(json, path, 64, signed));
      const [high, low] = [Number(bits >> 32n), Number(bits & 0xffffffffn)];
      writer.varint(tag);
      if (field.type === "fixed64") writer.fixed64(high, low);
      else writer.varint64(high, low);
      return;
    }
    case "uint32":
    case "fixed32": {
      const value = Number(integer(json, path, 32, false));
      writer.varint(tag);
      if (field.type === "fixed32") writer.fixed32(value);
      else writer.varint(value);
      return;
    }
    default:
      unreachable(field.type);
  }
}

function integer(json: Json, path: string, bits: number, signed: boolean): bigint {
  let value: bigint | undefined;
  if (typeof json === "bigint") value = json;
  else if (typeof json === "number" && Number.isInteger(json)) value = BigInt(json);
  else if (typeof json === "string" && /^-?\d{1,20}$/.test(json)) value = BigInt(json);
  const lowest = signed ? -(2n ** BigInt(bits - 1)) : 0n;
  const highest = 2n ** BigInt(signed ? bits - 1 : bits) - 1n;
  if (value === undefined || value < lowest || value > highest) {
    throw bad(path, `a${signed ? " signed" : "n unsigned"} ${bits}-bit integer`, json);
  }
  return value;
}

function double(json: Json, path: string): number {
  if (typeof json === "number") return json;
  if (typeof json === "bigint") return Number(json);
  if (typeof json === "string") {
    if (json === "NaN") return NaN;
    const value = Number(json);
    if (json.trim() !== "" && !Number.isNaN(value)) return value;
  }
  throw bad(path, "a number", json);
}

function enumNumber(field: Field, json: Json, path: string): number {
  const named = typeof json === "string" ? field.names!.indexOf(json) : -1;
  if (named !== -1) return named;
  return Number(integer(json, path, 31, false));
}

function hex(json: Json, path: string): Buffer {
  if (typeof json !== "string" || json.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(json)) {
    throw bad(path, "hex digits", json);
  }
  return Buffer.from(json, "hex");
}

function base64(json: Json, path: string): Buffer {
  if (typeof json !== "string" || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(json)) {
    throw bad(path, "base64", json);
  }
  return Buffer.from(json, "base64");
}

/** How the two dialects of OTLP in JSON differ: its own writes ids as hex and enums as numbers,
 * plain proto3 JSON (Tempo's) writes base64 and names. */
export type JsonDialect = "otlp" | "proto3";

type JsonObject = { [key: string]: unknown };

/** The JSON form of an encoded `message`. Defaults are left out, embedded messages are kept even if
 * empty, 64-bit integers are strings; fields that the table does not know are left out. */
export function protoToJson(bytes: Uint8Array, message: Message, dialect: JsonDialect): JsonObject {
  return readMessage(new ProtoReader(bytes), tableOf(message), dialect);
}

type Table = ReadonlyMap<number, readonly [name: string, field: Field]>;
const tables = new WeakMap<Message, Table>();

function tableOf(message: Message): Table {
  let table = tables.get(message);
  if (table === undefined) {
    table = new Map(
      Object.entries(message).map((entry) => [
        (entry[1].number << 3) | wireTypes[entry[1].type],
        entry,
      ]),
    );
    tables.set(message, table);
  }
  return table;
}

function readMessage(reader: ProtoReader, table: Table, dialect: JsonDialect): JsonObject {
  const object: JsonObject = {};
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    const entry = table.get(tag);
    if (entry === undefined) {
      reader.skip(tag);
      continue;
    }
    const [name, field] = entry;
    const value = readField(reader, field, dialect);
    if (field.map === true) {
      const entry = value as { readonly key?: string; readonly value?: unknown };
      const map = (object[name] ??= Object.create(null)) as JsonObject;
      map[entry.key ?? ""] = entry.value ?? defaultOf(field.message!()["value"]!);
    } else if (field.repeated) ((object[name] ??= []) as unknown[]).push(value);
    else if (field.presence === true || !isDefault(value, field)) object[name] = value;
  }
  return object;
}

/** What a field that is not there stands for. */
function defaultOf({ type, names }: Field): unknown {
  switch (type) {
    case "string":
    case "bytes":
    case "id":
      return "";
    case "bool":
      return false;
    case "int64":
    case "uint64":
    case "fixed64":
      return "0";
    case "double":
    case "uint32":
    case "fixed32":
      return 0;
    case "enum":
      return names![0];
    case "message":
      return {};
    default:
      return unreachable(type);
  }
}

function isDefault(value: unknown, field: Field): boolean {
  if (field.type === "enum") return value === 0 || value === field.names![0];
  if (field.type === "string") return value === "";
  return value === "" || value === 0 || value === "0" || value === false;
}

function readField(reader: ProtoReader, field: Field, dialect: JsonDialect): unknown {
  switch (field.type) {
    case "message": {
      const outer = reader.enter();
      const value = readMessage(reader, tableOf(field.message!()), dialect);
      reader.leave(outer);
      return value;
    }
    case "string":
      return reader.text();
    case "bytes":
      return Buffer.from(reader.slice()).toString("base64");
    case "id":
      return Buffer.from(reader.slice()).toString(dialect === "otlp" ? "hex" : "base64");
    case "bool":
      reader.varint64();
      return (reader.low | reader.high) !== 0;
    case "double": {
      reader.fixed64();
      return doubleJson(new Float64Array(Uint32Array.of(reader.low, reader.high).buffer)[0]!);
    }
    case "enum": {
      const number = reader.varint32();
      return dialect === "otlp" ? number : (field.names![number] ?? number);
    }
    case "int64":
      reader.varint64();
      return int64Text(reader.high, reader.low);
    case "uint64":
      reader.varint64();
      return uint64Text(reader.high, reader.low);
    case "fixed64":
      reader.fixed64();
      return uint64Text(reader.high, reader.low);
    case "uint32":
      return reader.varint32();
    case "fixed32":
      return reader.fixed32();
    default:
      return unreachable(field.type);
  }
}

function uint64Text(high: number, low: number): string {
  return ((BigInt(high) << 32n) | BigInt(low)).toString();
}
