/**
 * Parameters of a request's URL, and what is wrong with them in the words that Tempo has from Go's
 * strconv. An empty parameter is none. All throw Fault "invalid".
 */
import { Fault } from "../../base/fault.ts";

/** An integer as Go reads it. */
export interface IntegerKind {
  /** The function that Tempo reads it with: it is named in the message. */
  readonly parser: "ParseInt" | "ParseUint" | "Atoi";
  readonly min: bigint;
  readonly max: bigint;
}

const MAX_INT64 = 2n ** 63n - 1n;
/** Signed 64-bit. */
export const int64: IntegerKind = { parser: "ParseInt", min: -MAX_INT64 - 1n, max: MAX_INT64 };
/** The same by Go's other function for it. */
export const goInt: IntegerKind = { ...int64, parser: "Atoi" };

/** Unsigned 32-bit. */
export const uint32: IntegerKind = { parser: "ParseUint", min: 0n, max: 2n ** 32n - 1n };

/** The integer that a parameter gives, if it is there. */
export function integerParameter(
  query: URLSearchParams,
  name: string,
  kind: IntegerKind,
): bigint | undefined {
  const text = query.get(name) ?? "";
  return text === "" ? undefined : parseInteger(name, text, kind);
}

function parseInteger(name: string, text: string, { parser, min, max }: IntegerKind): bigint {
  const refuse = (reason: string): Fault =>
    new Fault("invalid", `invalid ${name}: strconv.${parser}: parsing ${quoted(text)}: ${reason}`);
  const syntax = parser === "ParseUint" ? /^\d+$/ : /^[+-]?\d+$/;
  if (!syntax.test(text)) throw refuse("invalid syntax");
  // No number that is taken has more digits, and making one of a megabyte of them takes its time.
  const value = text.length > 64 ? undefined : BigInt(text.replace(/^\+/, ""));
  if (value === undefined || value < min || value > max) throw refuse("value out of range");
  return value;
}

/** True or false as Go reads it; false if it is not there. */
export function booleanParameter(query: URLSearchParams, name: string): boolean {
  const text = query.get(name) ?? "";
  if (text === "" || /^(0|f|F|false|FALSE|False)$/.test(text)) return false;
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true;
  const reason = `strconv.ParseBool: parsing ${quoted(text)}: invalid syntax`;
  throw new Fault("invalid", `invalid ${name}: ${reason}`);
}

const MAX_QUOTED = 200;

/** Text in quotes, cut if it is long. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);
}
