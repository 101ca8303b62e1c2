/** Queries about an attribute of a span that somebody is looking at. */
import type { AnyValue } from "../../model/trace.ts";
import { fieldText } from "../../traceql/expression-text.ts";
import { quoteString } from "../../traceql/strings.ts";

/** Whose attribute it is. */
export type AttributeOwner = "span" | "resource" | "scope" | "event" | "link";

/** The attribute as the query language writes it: `span.http.route`. */
export function attributeField(owner: AttributeOwner, key: string): string {
  const scope = owner === "scope" ? "instrumentation" : owner;
  return fieldText({ kind: "attribute", scope, name: key, ofParent: false, from: 0, to: 0 });
}

/** The value as the query language writes it; undefined for what it cannot compare. */
export function valueText(value: AnyValue): string | undefined {
  if ("stringValue" in value) return quoteString(value.stringValue);
  if ("intValue" in value) return value.intValue;
  if ("boolValue" in value) return String(value.boolValue);
  if (!("doubleValue" in value) || typeof value.doubleValue !== "number") return undefined;
  const text = String(value.doubleValue);
  // A whole number would be an int, and other than the double.
  return /^-?\d+$/.test(text) ? `${text}.0` : /e/.test(text) ? undefined : text;
}

/** The address of Explore with a query. */
export function exploreHref(query: string): string {
  return `/?${new URLSearchParams({ q: query })}`;
}
