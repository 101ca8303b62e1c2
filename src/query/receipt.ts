/** What it took to answer, and how much of the question the answer covers. */
export interface Receipt {
  /** By ClickHouse. */
  readonly rowsRead: number;
  readonly bytesRead: number;
  /** Time in ClickHouse. */
  readonly storeMs: number;
  /** Time in Clew. */
  readonly clewMs: number;
  readonly slices: { readonly done: number; readonly total: number };
  /** Traces that were looked at whole; 0 where SQL answered alone. */
  readonly candidates: number;
  readonly inspectedSpans: number;
  readonly complete: boolean;
  /** Why it is not complete: a sentence. */
  readonly incompleteBecause?: string;
  /** Spans up to this moment (unix ns) are in the answer, as far as they have arrived. */
  readonly upToNano: bigint;
}

/** Who waits for an answer. */
export interface Asking {
  readonly signal?: AbortSignal;
}
