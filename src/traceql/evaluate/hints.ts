import type { Hint, Literal } from "../ast.ts";

/** What `with (…)` of a query asks for, as far as it is known and of the right type. */
export interface Hints {
  /** The newest traces of all that match. */
  readonly mostRecent?: boolean;
  /** How many exemplars; true is as many as there may be. */
  readonly exemplars?: number | boolean;
  /** Which share of the spans or traces may stand for all; true leaves it to whoever answers. */
  readonly sample?: number | boolean;
  readonly spanSample?: number | boolean;
  readonly traceSample?: number | boolean;
  /** A sampled span counts for as many as it stands for. */
  readonly extrapolate?: boolean;
}

/** The hints of a query. Unknown ones and values of a wrong type are ignored. */
export function readHints(hints: readonly Hint[]): Hints {
  const entries = hints.flatMap(({ name, value }) => {
    const [key, read] = readers.get(name) ?? [];
    const found = read?.(value);
    return key === undefined || found === undefined ? [] : [[key, found] as const];
  });
  return Object.fromEntries(entries);
}

type Reader = (literal: Literal) => number | boolean | undefined;

const readers = new Map<string, readonly [keyof Hints, Reader]>([
  ["most_recent", ["mostRecent", bool]],
  ["exemplars", ["exemplars", (literal) => count(literal) ?? bool(literal)]],
  ["sample", ["sample", (literal) => share(literal) ?? bool(literal)]],
  ["span_sample", ["spanSample", (literal) => share(literal) ?? bool(literal)]],
  ["trace_sample", ["traceSample", (literal) => share(literal) ?? bool(literal)]],
  ["extrapolate", ["extrapolate", bool]],
]);

function bool({ value }: Literal): boolean | undefined {
  return value.type === "bool" ? value.value : undefined;
}

function count({ value }: Literal): number | undefined {
  return value.type === "int" && value.value >= 0n ? Number(value.value) : undefined;
}

function share({ value }: Literal): number | undefined {
  if (value.type !== "float" && value.type !== "int") return undefined;
  const number = Number(value.value);
  return number >= 0 && number <= 1 ? number : undefined;
}

/** How many exemplars a metrics query is to have: what its hint says, else what the request does (0
 * says nothing), never more than `max`. */
export function exemplarLimit(hints: Hints, requested: number, max: number): number {
  const { exemplars } = hints;
  if (exemplars === false) return 0;
  if (typeof exemplars === "number") return Math.min(exemplars, max);
  return requested > 0 ? Math.min(requested, max) : max;
}
