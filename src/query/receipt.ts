import type { StatementCost } from "../store/client.ts";

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
  /** Aborted when nobody waits any more; what is under way in ClickHouse ends, too. */
  readonly signal?: AbortSignal | undefined;
}

/** Adds up what an answer takes. */
export class ReceiptBook {
  candidates = 0;
  inspectedSpans = 0;
  slicesDone = 0;
  slicesTotal = 0;
  /** A sentence. */
  incompleteBecause: string | undefined;
  #rowsRead = 0;
  #bytesRead = 0;
  #storeMs = 0;
  readonly #started = performance.now();

  /** To be told of each statement. */
  readonly onCost = (cost: StatementCost): void => {
    this.#rowsRead += cost.rows;
    this.#bytesRead += cost.bytes;
    this.#storeMs += cost.milliseconds;
  };

  receipt(upToNano: bigint): Receipt {
    return {
      rowsRead: this.#rowsRead,
      bytesRead: this.#bytesRead,
      storeMs: this.#storeMs,
      clewMs: Math.max(0, performance.now() - this.#started - this.#storeMs),
      slices: { done: this.slicesDone, total: Math.max(this.slicesTotal, this.slicesDone) },
      candidates: this.candidates,
      inspectedSpans: this.inspectedSpans,
      complete: this.incompleteBecause === undefined,
      ...(this.incompleteBecause !== undefined && { incompleteBecause: this.incompleteBecause }),
      upToNano,
    };
  }
}
