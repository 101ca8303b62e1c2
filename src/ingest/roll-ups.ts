import type { RollUp } from "../model/roll-up.ts";
import type { SpanColumns } from "../model/span-columns.ts";
import type { RollUpInsert } from "../store/write-roll-up.ts";
import { type NameLimits, TenantGuards } from "./name-guard.ts";
import { rollUpSteps } from "./roll-up.ts";

/** What becomes of roll-ups, and how they are made. */
export interface RollUpsOptions {
  /** Keys of attributes by which spans are told apart beside operation and outcome; each once. */
  readonly dimensions: readonly string[];
  readonly limits: NameLimits;
  readonly nowMs: () => number;
  readonly insert: (insert: RollUpInsert) => Promise<void>;
  /** Told of each batch that this process took, once it is on disk; not of those from before. */
  readonly onTaken: (rollUp: RollUp) => void;
}

/** Adds up the batches of one queue. */
export class RollUps {
  readonly #options: RollUpsOptions;
  readonly #guards: TenantGuards;

  constructor(options: RollUpsOptions) {
    this.#options = options;
    this.#guards = new TenantGuards(options.limits, options.nowMs);
  }

  /** Adds up a batch's spans, in steps. */
  steps(columns: SpanColumns): Generator<undefined, RollUp> {
    return rollUpSteps(columns, { guards: this.#guards, dimensions: this.#options.dimensions });
  }

  /** Notes what a batch says that this process took. */
  taken(rollUp: RollUp): void {
    this.#options.onTaken(rollUp);
  }

  /** Sends an insert; throws what the store throws. */
  insert(insert: RollUpInsert): Promise<void> {
    return this.#options.insert(insert);
  }
}
