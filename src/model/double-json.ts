import type { DoubleJson } from "./trace.ts";

/** A double as JSON can carry it. */
export function doubleJson(value: number): DoubleJson {
  if (Object.is(value, -0)) return "-0";
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}
