/**
 * A second opinion on the messages of Tempo's API, generated from `tempo.proto`: what it decodes it
 * decodes strictly, as Grafana does. Protobuf and JSON come to the same form.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import protobuf from "protobufjs";

const root = new protobuf.Root();
for (const file of ["otlp.proto", "tempo.proto"]) {
  const text = readFileSync(new URL(file, import.meta.url), "utf8");
  protobuf.parse(text, root, { keepCase: file === "tempo.proto" });
}
root.resolveAll();

/** A message in proto3's JSON form. */
export type Plain = { [key: string]: unknown };

function typeOf(name: string): protobuf.Type {
  return root.lookupType(`tempopb.${name}`);
}

/** Encodes a request given in its JSON form. */
export function encodeTempo(name: string, plain: Plain): Buffer {
  const type = typeOf(name);
  return Buffer.from(type.encode(type.fromObject(plain)).finish());
}

/** Decodes, and fails if the bytes hold anything that the message does not have. */
export function decodeTempo(name: string, bytes: Uint8Array): Plain {
  const type = typeOf(name);
  const decoded = type.decode(bytes);
  assert.equal(type.encode(decoded).finish().length, bytes.length, `${name} has unknown fields`);
  return type.toObject(decoded, { longs: String, enums: String, bytes: String, json: true });
}

/** Reads JSON, and fails if it is not the message's: unknown members, members that hold their default
 * (but lists, which may be empty), values of the wrong type. */
export function readTempoJson(name: string, text: string): Plain {
  const value: unknown = JSON.parse(text);
  checkMessage(typeOf(name), value, name);
  return value as Plain;
}

function checkMessage(type: protobuf.Type, value: unknown, place: string): void {
  assert.ok(
    typeof value === "object" && value !== null && !Array.isArray(value),
    `${place}: object`,
  );
  for (const [name, member] of Object.entries(value)) {
    const field = type.fields[name];
    assert.ok(field !== undefined, `${place}: unknown member ${name}`);
    checkField(field, member, `${place}.${name}`);
  }
}

function checkField(field: protobuf.Field, value: unknown, place: string): void {
  if (field.map) {
    for (const [key, item] of Object.entries(value as object)) {
      checkValue(field, item, `${place}.${key}`);
    }
    return;
  }
  if (field.repeated) {
    assert.ok(Array.isArray(value), `${place}: list`);
    value.forEach((item, i) => checkValue(field, item, `${place}[${i}]`));
    return;
  }
  checkValue(field, value, place);
  const isDefault = [0, "", "0", false].includes(value as string);
  assert.ok(field.partOf || !isDefault, `${place}: a default that is written`);
}

function checkValue(field: protobuf.Field, value: unknown, place: string): void {
  const type = field.resolvedType;
  if (type instanceof protobuf.Type) return checkMessage(type, value, place);
  if (type instanceof protobuf.Enum) {
    assert.ok(Object.hasOwn(type.values, value as string), `${place}: name of an enum`);
    return;
  }
  const isRight = {
    string: () => typeof value === "string",
    bytes: () => typeof value === "string",
    bool: () => typeof value === "boolean",
    uint32: () => Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 32,
    uint64: () => typeof value === "string" && /^\d+$/.test(value),
    int64: () => typeof value === "string" && /^-?\d+$/.test(value),
    double: () => typeof value === "number" || /^(NaN|-?Infinity)$/.test(String(value)),
  }[field.type];
  assert.ok(isRight?.() === true, `${place}: ${field.type}, got ${JSON.stringify(value)}`);
}

/** The form that both encodings come to: what `decodeTempo` gives. */
export function canonical(name: string, json: Plain): Plain {
  return decodeTempo(name, encodeTempo(name, json));
}
