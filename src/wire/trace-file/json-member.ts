/** Members of parsed JSON, checked. What is wrong is told with its place and value, as Fault "invalid". */
import { Fault } from "../../base/fault.ts";

/** An object of JSON. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** A complaint about what stands at `place`. */
export function wrong(place: string, want: string, got: unknown): Fault {
  return new Fault("invalid", `${place}: expected ${want}, got ${show(got)}`);
}

const SHOWN_CHARACTERS = 60;

/** A value in a few characters, whatever its size. */
export function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) {
    const keys = Object.keys(value);
    const named = keys.slice(0, 4).map((key) => key.slice(0, 20));
    return keys.length === 0 ? "{}" : `an object with ${named.join(", ")}`;
  }
  const text = typeof value === "bigint" ? `${value}` : JSON.stringify(value);
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}

/** Whether a value is an object and no list. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An object that has to be one. */
export function objectAt(value: unknown, place: string): JsonObject {
  if (!isObject(value)) throw wrong(place, "an object", value);
  return value;
}

/** A list; empty if there is none. */
export function listAt(value: unknown, place: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw wrong(place, "a list", value);
  return value as unknown[];
}

/** A text; "" if there is none. */
export function textAt(value: unknown, place: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") throw wrong(place, "a string", value);
  return value;
}

/** A whole number of at most 64 bits, also as digits in a string; undefined if there is none. */
export function integerAt(value: unknown, place: string): bigint | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "bigint") return value;
  if (typeof value === "number" && Number.isInteger(value)) return BigInt(value);
  if (typeof value === "string" && /^-?\d{1,20}$/.test(value)) return BigInt(value);
  throw wrong(place, "a whole number", value);
}

/** A count; 0 if there is none. */
export function countAt(value: unknown, place: string): number {
  const count = Number(integerAt(value, place) ?? 0n);
  if (count < 0 || count > 0xffffffff) throw wrong(place, "a count", value);
  return count;
}

/** The digits of an id, lower-case, with zeros in front up to `digits`; "" if there are none but zeros. */
export function idAt(value: unknown, digits: number, place: string): string {
  const text = textAt(value, place).toLowerCase();
  if (!/^[0-9a-f]*$/.test(text) || text.length > digits) {
    throw wrong(place, `at most ${digits} hexadecimal digits`, value);
  }
  return /^0*$/.test(text) ? "" : text.padStart(digits, "0");
}

/** An id that has to be there. */
export function neededId(value: unknown, digits: number, place: string): string {
  const id = idAt(value, digits, place);
  if (id === "") throw wrong(place, "an id that is not all zeros", value);
  return id;
}
