/** Attributes as Tempo's answers of flat JSON have them: maps, and plain numbers. */
import type { AnyValue, KeyValue } from "../../model/trace.ts";

/** Numbers beyond what JavaScript's can say go into the text as they are. */
const { rawJSON } = JSON as typeof JSON & { rawJSON(this: void, text: string): unknown };

/** How bytes are written. */
export type BytesForm = "hex" | "base64";

/** Attributes as an object for JSON.stringify. */
export function plainAttributes(attributes: readonly KeyValue[], bytes: BytesForm): object {
  // Without a prototype's names: "__proto__" is a key like any other.
  const object = Object.create(null) as { [key: string]: unknown };
  for (const { key, value } of attributes) object[key] = plainValue(value, bytes);
  return object;
}

/** A value for JSON.stringify; an empty one is null. */
export function plainValue(value: AnyValue, bytes: BytesForm): unknown {
  if ("stringValue" in value) return value.stringValue;
  if ("boolValue" in value) return value.boolValue;
  if ("intValue" in value) return rawJSON(value.intValue);
  if ("doubleValue" in value) return value.doubleValue;
  if ("bytesValue" in value) {
    return bytes === "base64"
      ? value.bytesValue
      : Buffer.from(value.bytesValue, "base64").toString("hex");
  }
  if ("arrayValue" in value) return value.arrayValue.values.map((item) => plainValue(item, bytes));
  if ("kvlistValue" in value) return plainAttributes(value.kvlistValue.values, bytes);
  return null;
}
