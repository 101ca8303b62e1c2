/** How a service's SDK shall decide about traces that begin there. */
export interface Strategy {
  readonly keep:
    | { readonly kind: "probability"; readonly probability: number }
    | { readonly kind: "tracesPerSecond"; readonly traces: number };
  /** Absent if it is the same for all operations. */
  readonly operations?: {
    /** Of operations that are not named. */
    readonly probability: number;
    /** Of each operation at least so many traces a second, whatever its share. */
    readonly atLeastPerSecond: number;
    /** Shares by operation: the name of a trace's first span. */
    readonly shares: ReadonlyMap<string, number>;
  };
}
