/** What the page and the Worker that lays graphs out say to each other. */
import type { Ends } from "../../analysis/graph-difference.ts";
import type { Place } from "../../analysis/graph-layout.ts";

/** Places by node. */
export type Places = ReadonlyMap<string, Place>;

/** A graph to be laid out. */
export interface LayoutAsked {
  /** Counts what is asked. */
  readonly turn: number;
  readonly names: readonly string[];
  readonly edges: readonly Ends[];
  /** Places that nodes had. */
  readonly before: Places;
}

/** Where its nodes stand. */
export interface LayoutAnswered {
  readonly turn: number;
  readonly places: Places;
}
