/** Attribute values as text to read. */
import type { AnyValue, KeyValue } from "../../model/trace.ts";
import { sqlLines } from "./sql-lines.ts";

/** A value as it is shown. */
export interface ShownValue {
  /** OpenTelemetry's name of the value's type. */
  readonly type: "string" | "int" | "double" | "bool" | "bytes" | "array" | "map" | "empty";
  readonly text: string;
  /** Whether it has lines of its own, and is to be shown as they are. */
  readonly block: boolean;
}

/** How an attribute's value is shown. Strings are themselves; JSON in a string is indented. */
export function showValue(value: AnyValue): ShownValue {
  const type = typeOf(value);
  const text = "stringValue" in value ? readable(value.stringValue) : writeValue(value, "");
  return { type, text, block: text.includes("\n") };
}

const sqlKeys: ReadonlySet<string> = new Set(["db.query.text", "db.statement"]);

/** How an attribute is shown: as its value, SQL on several lines. */
export function showAttribute({ key, value }: KeyValue): ShownValue {
  const shown = showValue(value);
  if (!sqlKeys.has(key) || shown.type !== "string") return shown;
  const text = sqlLines(shown.text);
  return { type: shown.type, text, block: text.includes("\n") };
}

function typeOf(value: AnyValue): ShownValue["type"] {
  if ("stringValue" in value) return "string";
  if ("intValue" in value) return "int";
  if ("doubleValue" in value) return "double";
  if ("boolValue" in value) return "bool";
  if ("bytesValue" in value) return "bytes";
  if ("arrayValue" in value) return "array";
  return "kvlistValue" in value ? "map" : "empty";
}

/** JSON objects and lists get line breaks; any other string stays as it is. */
function readable(text: string): string {
  if (!/^\s*[[{][^]*[\]}]\s*$/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
}

/** A value on one line if it is flat and short, else one line per member. Strings are quoted. */
function writeValue(value: AnyValue, indent: string): string {
  if ("stringValue" in value) return JSON.stringify(value.stringValue);
  if ("bytesValue" in value) return writeBytes(value.bytesValue);
  if ("arrayValue" in value) return writeList(value.arrayValue.values, indent);
  if ("kvlistValue" in value) return writeMap(value.kvlistValue.values, indent);
  return String(Object.values(value)[0] ?? "(empty)");
}

function writeList(values: readonly AnyValue[], indent: string): string {
  return surround(
    ["[", "]"],
    values.map((value) => writeValue(value, `${indent}  `)),
    indent,
  );
}

function writeMap(values: readonly KeyValue[], indent: string): string {
  const members = values.map(({ key, value }) => `${key}: ${writeValue(value, `${indent}  `)}`);
  return surround(["{", "}"], members, indent);
}

const LINE_CHARACTERS = 60;

function surround(
  [open, close]: readonly [string, string],
  members: readonly string[],
  indent: string,
): string {
  const line = `${open}${members.join(", ")}${close}`;
  if (line.length <= LINE_CHARACTERS && !line.includes("\n")) return line;
  const lines = members.map((member) => `${indent}  ${member}`);
  return `${open}\n${lines.join(",\n")}\n${indent}${close}`;
}

const SHOWN_BYTES = 64;

function writeBytes(base64: string): string {
  const bytes = atob(base64);
  const hex = Array.from(bytes.slice(0, SHOWN_BYTES), (byte) =>
    byte.charCodeAt(0).toString(16).padStart(2, "0"),
  );
  const more = bytes.length > SHOWN_BYTES ? " …" : "";
  return `${bytes.length} B: ${hex.join(" ")}${more}`;
}

/** The attributes whose key or value contains `filter`, in any case; all for an empty filter. */
export function filterAttributes(
  attributes: readonly KeyValue[],
  filter: string,
): readonly KeyValue[] {
  const wanted = filter.trim().toLowerCase();
  if (wanted === "") return attributes;
  return attributes.filter(({ key, value }) =>
    `${key}\n${showValue(value).text}`.toLowerCase().includes(wanted),
  );
}
