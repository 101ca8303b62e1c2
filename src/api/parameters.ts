/** Parameters of Clew's own API: how they are read, and what is said of wrong ones. */
import { z } from "zod";
import { Fault } from "../base/fault.ts";
import type { TimeRange, TimeSteps } from "../query/red.ts";

/** A whole number, perhaps absent. */
export function whole(least: number, highest: number) {
  const problem = `is not a whole number from ${least} to ${highest}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, problem)
    .transform(Number)
    .refine((value) => value >= least && value <= highest, problem)
    .meta({ type: "integer", minimum: least, maximum: highest })
    .optional();
}

/** The parameters that are not empty; of the same name the last one. */
export function givenParameters(query: URLSearchParams): [name: string, value: string][] {
  return [...query].filter(([, value]) => value !== "");
}

/** What the schema makes of the parameters. Throws Fault "invalid", with the first that is wrong. */
export function parseParameters<T>(
  schema: z.ZodType<T>,
  given: Readonly<Record<string, unknown>>,
): T {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue?.code === "unrecognized_keys") {
    throw new Fault("invalid", `there is no parameter ${JSON.stringify(issue.keys[0])}`);
  }
  const name = String(issue?.path[0]);
  throw new Fault("invalid", `${name}: ${JSON.stringify(given[name])} ${issue?.message}`);
}

const HIGHEST_SECONDS = 2 ** 32 - 2 * 86_400; // what a DateTime holds, less a step
const DEFAULT_SINCE_SECONDS = 3600;
const NANO_DIGITS = 9;

/** The parameters of a stretch of time in whole seconds. */
export const rangeParameters = {
  since: whole(1, HIGHEST_SECONDS),
  start: whole(0, HIGHEST_SECONDS),
  end: whole(0, HIGHEST_SECONDS),
};

interface RangeParameters {
  readonly since?: number | undefined;
  readonly start?: number | undefined;
  readonly end?: number | undefined;
}

/** `since=<seconds up to now>`, or `start=` and `end=`; the last hour if nothing is said. Throws Fault
 * "invalid" for what does not go together. */
export function rangeOf({ since, start, end }: RangeParameters): TimeRange {
  if (start === undefined && end === undefined) {
    return { kind: "since", seconds: since ?? DEFAULT_SINCE_SECONDS };
  }
  if (since !== undefined) throw new Fault("invalid", "since cannot be with start or end");
  if (start === undefined) throw new Fault("invalid", "end needs a start");
  if (end === undefined) throw new Fault("invalid", "start needs an end");
  return { kind: "between", fromSeconds: start, toSeconds: end };
}

/** When each step begins, in seconds since 1970. */
export function stepTimes({ fromSeconds, stepSeconds, count }: TimeSteps): number[] {
  return Array.from({ length: count }, (_, step) => fromSeconds + step * stepSeconds);
}

/** A moment in seconds since 1970, with a fraction perhaps, as unix nanoseconds. */
function moment() {
  const problem = `is not a time in seconds since 1970`;
  return z
    .string()
    .regex(/^\d{1,10}(\.\d{1,9})?$/, problem)
    .transform((text) => {
      const [seconds = "", fraction = ""] = text.split(".");
      return BigInt(seconds + fraction.padEnd(NANO_DIGITS, "0"));
    })
    .refine((nano) => nano <= BigInt(HIGHEST_SECONDS) * 1_000_000_000n, problem)
    .meta({ type: "number", minimum: 0, description: "Seconds since 1970" })
    .optional();
}

/** The parameters of a stretch of time. */
export const spanOfTime = { since: whole(1, HIGHEST_SECONDS), from: moment(), to: moment() };

/** A stretch of time in unix nanoseconds, [from, to). */
export interface Stretch {
  readonly fromNano: bigint;
  readonly toNano: bigint;
}

interface TimeParameters {
  readonly since?: number | undefined;
  readonly from?: bigint | undefined;
  readonly to?: bigint | undefined;
}

/** `since=<seconds up to now>`, or `from=` and `to=`, of which the latter may be left out; undefined if
 * nothing is said of time. Throws Fault "invalid" for what makes no sense. */
export function stretchOf(
  { since, from, to }: TimeParameters,
  nowSeconds: number,
): Stretch | undefined {
  const nowNano = BigInt(nowSeconds + 1) * 1_000_000_000n;
  if (since !== undefined) {
    if (from !== undefined || to !== undefined) {
      throw new Fault("invalid", "since cannot be with from or to");
    }
    return { fromNano: BigInt(Math.max(0, nowSeconds - since)) * 1_000_000_000n, toNano: nowNano };
  }
  if (from === undefined) {
    if (to !== undefined) throw new Fault("invalid", "to needs a from");
    return undefined;
  }
  const toNano = to ?? nowNano;
  if (from >= toNano) throw new Fault("invalid", "from is not before to");
  return { fromNano: from, toNano };
}
