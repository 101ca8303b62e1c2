/** Attribute values out of what no typed column holds. */
import { ProtoReader } from "../base/protobuf.ts";
import { decodeAnyValue, keyValueTags } from "../model/any-value.ts";
import type { AttributeValue } from "../traceql/evaluate/trace-view.ts";
import { searchableValue } from "../traceql/evaluate/view-of-trace.ts";
import { exactTags } from "./schema.ts";

/** The tag in `exact` of the attributes of each owner. */
export const exactTagOf = {
  span: exactTags.attributes,
  resource: exactTags.resourceAttributes,
  instrumentation: exactTags.scopeAttributes,
} as const;

/** The searchable value of a key among the encoded KeyValues under this tag. */
export function keyValueOf(
  message: Uint8Array,
  wanted: number,
  key: string,
): AttributeValue | undefined {
  if (message.length === 0) return undefined;
  const reader = new ProtoReader(message);
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    const bytes = reader.slice();
    if (tag !== wanted) continue;
    const pair = new ProtoReader(bytes);
    let name = "";
    let value = new Uint8Array(0) as Uint8Array;
    for (let part = pair.tag(); part !== 0; part = pair.tag()) {
      const slice = pair.slice();
      if (part === keyValueTags.key) name = Buffer.from(slice).toString();
      else value = slice;
    }
    if (name === key) return searchableValue(decodeAnyValue(value));
  }
  return undefined;
}
