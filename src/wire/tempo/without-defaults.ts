/** Members of a message in JSON. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The members that proto3's JSON mapping writes: none that hold their type's default (0 as a number or
 * as the text of a 64-bit integer, "", false, an empty list), and none that are undefined.
 */
export function withoutDefaults(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => !isDefault(value)));
}

function isDefault(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return value === undefined || value === "" || value === 0 || value === "0" || value === false;
}
