/** Command line arguments, checked: what is wrong is named, with the nearest that is right. */
import { parseArgs } from "node:util";
import { nearest } from "../server/nearest.ts";

/** The command line is wrong; the message says what. Exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** An option of a command. */
export interface Option {
  readonly type: "flag" | "text" | "texts";
  /** What stands for the value in the help, like "FILE". */
  readonly value?: string;
  readonly about: string;
}

/** What was given: flags, texts and lists by option name, and the arguments that are no options. */
export interface Given {
  readonly positionals: readonly string[];
  has(name: string): boolean;
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
}

/** Reads arguments against a command's options. Throws UsageError. */
export function readArguments(
  args: readonly string[],
  options: Readonly<Record<string, Option>>,
): Given {
  const known = Object.entries(options).map(
    ([name, { type }]) => [name, { type: type === "flag" ? "boolean" : "string" }] as const,
  );
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(known),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values = new Map<string, string[]>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    if (option === undefined) {
      const meant = nearest(token.name, Object.keys(options));
      throw new UsageError(
        `unknown option ${token.rawName}${meant ? `; did you mean --${meant}?` : ""}`,
      );
    }
    checkValue(token, option);
    values.set(token.name, [...(values.get(token.name) ?? []), token.value ?? ""]);
  }
  return {
    positionals,
    has: (name) => values.has(name),
    text: (name) => values.get(name)?.at(-1),
    texts: (name) => values.get(name) ?? [],
  };
}

interface OptionToken {
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function checkValue({ rawName, value, inlineValue }: OptionToken, { type, value: what }: Option) {
  if (type === "flag") {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value, got "${value}"`);
    return;
  }
  if (value === undefined || value === "") {
    throw new UsageError(`${rawName} needs a value: ${rawName} ${what}`);
  }
  if (!inlineValue && /^--?[a-z]/i.test(value)) {
    throw new UsageError(`${rawName} needs a value, but ${value} follows it`);
  }
}

interface Range {
  readonly min: number;
  readonly max: number;
  readonly whole?: boolean;
}

/** The number an option gives, or undefined if it is not there. Throws UsageError. */
export function numberOption(given: Given, name: string, range: Range): number | undefined {
  const text = given.text(name);
  if (text === undefined) return undefined;
  const { min, max, whole = false } = range;
  const value = /^-?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max && (!whole || Number.isInteger(value))) return value;
  const kind = whole ? "whole number" : "number";
  throw new UsageError(`--${name} takes a ${kind} from ${min} to ${max}, got "${text}"`);
}

const secondsPerUnit: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** The seconds that an option like "90s", "15m", "1h" or "2d" gives. Throws UsageError. */
export function secondsOption(given: Given, name: string): number | undefined {
  const text = given.text(name);
  if (text === undefined) return undefined;
  const match = /^(\d{1,9}(?:\.\d+)?)([smhd])$/.exec(text);
  const seconds = match && Math.round(Number(match[1]) * secondsPerUnit[match[2]!]!);
  if (seconds) return seconds;
  throw new UsageError(`--${name} takes a time like 90s, 15m, 1h or 2d, got "${text}"`);
}

/** Throws UsageError unless there are exactly as many arguments as `names`; gives them back. */
export function positionals<const Names extends readonly string[]>(
  given: Given,
  names: Names,
): { [I in keyof Names]: string } {
  const { positionals } = given;
  if (positionals.length < names.length) {
    throw new UsageError(`missing argument: ${names[positionals.length]}`);
  }
  if (positionals.length > names.length) {
    throw new UsageError(`unexpected argument: ${positionals[names.length]}`);
  }
  return positionals as unknown as { [I in keyof Names]: string };
}
