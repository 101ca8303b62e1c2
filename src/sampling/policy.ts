/**
 * Sampling policies, as data: an ordered list, of which the first whose filter a trace answers decides
 * what becomes of it. The last has no filter. `read-policies.ts` makes them from YAML, `judge.ts` finds
 * the one that decides, `decide.ts` says what it decides.
 */
import { unreachable } from "../base/fault.ts";
import { formatBytes } from "../base/byte-size.ts";
import type { SearchQuery } from "../traceql/ast.ts";

/** How much is kept of the traces that a policy decides about. */
export type Keep =
  | { readonly kind: "always" }
  | { readonly kind: "never" }
  /** A share of all traces, 0 to 1. */
  | { readonly kind: "probability"; readonly probability: number }
  /** So many of the traces that start within a second. */
  | { readonly kind: "tracesPerSecond"; readonly traces: number }
  /** As many traces that start within an hour as have so many spans together. */
  | { readonly kind: "spansPerHour"; readonly spans: number }
  /** The same in bytes as they are stored. */
  | { readonly kind: "bytesPerHour"; readonly bytes: number };

/** The filter of a policy: a search of TraceQL, and how it was written. */
export interface Match {
  readonly query: SearchQuery;
  readonly text: string;
}

/** What becomes of some traces. */
export interface Policy {
  readonly name: string;
  /** Absent for all traces. */
  readonly match?: Match;
  readonly keep: Keep;
}

/** At least one; the last is for all traces. */
export type Policies = readonly Policy[];

/** What a policy keeps, as the policy file has it. */
export function keepText(keep: Keep): string {
  switch (keep.kind) {
    case "always":
    case "never":
      return keep.kind;
    case "probability":
      return `${Number((keep.probability * 100).toPrecision(15))}%`;
    case "tracesPerSecond":
      return `{ tracesPerSecond: ${keep.traces} }`;
    case "spansPerHour":
      return `{ spansPerHour: ${keep.spans} }`;
    case "bytesPerHour":
      return `{ bytesPerHour: ${formatBytes(keep.bytes)} }`;
    default:
      return unreachable(keep);
  }
}
