/**
 * Keeps the service graph up to date. A slice is computed when it is over, and again when more spans of
 * it, or of the two minutes around it, have come since:
 *
 *     red_1m: how many spans were counted ─┐
 *     service_graph_slices: … by the run ──┴▶ slices that are due ─▶ spans ─▶ edges ─▶ service_graph_1m
 *
 * Roll-ups are written after spans, so what they have counted is there to be read. When less is there,
 * spans have been deleted, and the slice stays as it is: it was computed from all of them. A run counts
 * once it is in the ledger, as a whole and instead of earlier ones, so it does no harm that it dies half
 * way, or that two Clews that share a database compute the same slice.
 */
import { randomInt } from "node:crypto";
import { every, type Repeated } from "../base/every.ts";
import type { Logger } from "../base/log.ts";
import type { StoreClient } from "../store/client.ts";
import { countStoredSpans, readSliceStates, type SliceState } from "../store/graph/slice-ledger.ts";
import { MARGIN_SECONDS, SLICE_SECONDS } from "../store/graph/slices.ts";
import { deleteOldEdges, writeEdges } from "../store/graph/write-edges.ts";
import { type ComputedEdges, computeEdges } from "./compute-edges.ts";

/** Where spans are, and how often they are looked at. */
export interface GraphJobOptions {
  readonly client: StoreClient;
  readonly database: string;
  readonly cluster: string | undefined;
  readonly everySeconds: number;
  /** How long spans are kept. */
  readonly spanDays: number;
  readonly nowSeconds: () => number;
  /** Told of each slice that has been computed: when it begins, and whether it was for the first time. */
  readonly onSlice: (slice: number, isFirst: boolean, computed: ComputedEdges) => void;
  readonly log: Logger;
}

/** Spans that come later than that after a slice are looked for only now and then. */
const RECENT_SECONDS = 6 * 3600;
const LOOKS_BETWEEN_ALL = 60;
/** Late spans wait for others: a twentieth of how late they are. */
const PATIENCE = 20;
/** Runs are numbered by time; two at the same moment differ by chance. */
const RUNS_A_MILLISECOND = 2 ** 20;

/** See the head of the file. */
export class GraphJob {
  readonly #options: GraphJobOptions;
  readonly #repeated: Repeated;
  #isClosed = false;
  #looks = 0;

  constructor(options: GraphJobOptions) {
    this.#options = options;
    const { everySeconds, log } = options;
    this.#repeated = every(
      everySeconds * 1000,
      () => this.#look(),
      (error) => log.warn("the service graph is not up to date, tried again later", { error }),
    );
  }

  /** Computes no further slice. */
  close(): void {
    this.#isClosed = true;
    this.#repeated.close();
  }

  async #look(): Promise<void> {
    const { spanDays, nowSeconds } = this.#options;
    const reach = this.#looks++ % LOOKS_BETWEEN_ALL === 0 ? spanDays * 86_400 : RECENT_SECONDS;
    const now = nowSeconds();
    for (const state of await readSliceStates(this.#options, now - reach)) {
      if (this.#isClosed) return;
      if (isDue(state, now)) await this.#compute(state);
    }
  }

  async #compute({ slice, counted, countedAround, run: before }: SliceState): Promise<void> {
    const { client, database, cluster, onSlice } = this.#options;
    if ((await countStoredSpans(this.#options, slice)) < counted) return;
    const reading = { client, database, settings: { max_threads: 1 } } as const;
    const stretch = { fromSeconds: slice, toSeconds: slice + SLICE_SECONDS };
    const computed = await computeEdges(reading, stretch, countedAround);
    // Or spans were deleted meanwhile.
    if ((await countStoredSpans(this.#options, slice)) < counted) return;
    const run = newRun();
    await writeEdges(this.#options, { slice, run, countedAround, ...computed });
    onSlice(slice, before === "0", computed);
    // Whoever reads just now may still read the run before this one.
    if (before !== "0") await deleteOldEdges(this.#options, { slice, run: before, cluster });
  }
}

/** Whether a slice is to be computed, at some moment in seconds since 1970. */
export function isDue(
  { slice, countedAround, computed, computedSeconds }: Omit<SliceState, "counted" | "run">,
  nowSeconds: number,
): boolean {
  const age = nowSeconds - (slice + SLICE_SECONDS + MARGIN_SECONDS);
  if (age < 0 || countedAround <= computed) return false;
  return computed === 0 || nowSeconds - computedSeconds >= age / PATIENCE;
}

function newRun(): string {
  const chance = BigInt(randomInt(RUNS_A_MILLISECOND));
  return String(BigInt(Date.now()) * BigInt(RUNS_A_MILLISECOND) + chance);
}
