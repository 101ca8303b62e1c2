/** What settings can be: each kind with its check, its words and how it is written. */
import { z } from "zod";
import { parseBytes } from "../base/byte-size.ts";

const KIB = 1024;
/** Bytes. */
export const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** What people are told about a setting. */
export interface Setting {
  readonly about: string;
  /** Completes "… is not ". */
  readonly expects: string;
  /** How text from a variable or a flag becomes a value. Numbers may come with a unit of bytes. */
  readonly kind: "text" | "number" | "bytes" | "list" | "switch";
  readonly whenReached?: string;
  /** Never shown. */
  readonly secret?: true;
}

/** The prose of every setting, by its schema. */
export const settings = z.registry<Setting>();

type Prose = Omit<Setting, "expects" | "kind">;

/** A whole number in a range, inclusive. */
export function whole(
  range: { min: number; max: number; unit: string },
  byDefault: number,
  prose: Prose,
) {
  const { min, max, unit } = range;
  const expects = `a whole number${unit && ` of ${unit}`} from ${min} to ${max}`;
  return z
    .int()
    .min(min)
    .max(max)
    .default(byDefault)
    .register(settings, { kind: "number", expects, ...prose });
}

/** A port to listen on. */
export function port(byDefault: number, about: string) {
  return whole({ min: 0, max: 65_535, unit: "" }, byDefault, {
    about: `${about} 0 takes any free port; the start message names it.`,
  });
}

/** A port that is listened on only if it is given. */
export function optionalPort(about: string) {
  return z
    .int()
    .min(0)
    .max(65_535)
    .optional()
    .register(settings, { kind: "number", expects: "a whole number from 0 to 65535", about });
}

/** What a size is told to be. */
export const bytesExpected = 'a size like 67108864, "64MiB" or "1.5 GB", from 1 KiB to 1 TiB';
/** A size in bytes, as a number or as text with a unit. */
export const bytesValue = z.preprocess(
  (value) => (typeof value === "string" ? parseBytes(value) : value),
  z
    .int()
    .min(KIB)
    .max(1024 * GIB),
);

/** A size that has a default. */
export function bytes(byDefault: number, prose: Prose) {
  return bytesValue
    .default(byDefault)
    .register(settings, { kind: "bytes", expects: bytesExpected, ...prose });
}

/** A rate that need not be given. */
export function spansPerSecond(prose: Prose) {
  const expects = "a whole number of spans from 1 to 1000000000";
  return z
    .int()
    .min(1)
    .max(1_000_000_000)
    .optional()
    .register(settings, { kind: "number", expects, ...prose });
}

/** Text that looks as it should. */
export function text(pattern: RegExp, expects: string, byDefault: string, prose: Prose) {
  return z
    .string()
    .regex(pattern)
    .default(byDefault)
    .register(settings, { kind: "text", expects, ...prose });
}

/** True or false. */
export function onOrOff(byDefault: boolean, prose: Prose) {
  const expects = "true or false";
  return z
    .boolean()
    .default(byDefault)
    .register(settings, { kind: "switch", expects, ...prose });
}

/** A group of settings. */
export function section<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape);
}
