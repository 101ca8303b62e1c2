/** Counts the attribute keys of what one process takes, for the promoter, which may be in another. */
import { every, type Repeated } from "../base/every.ts";
import type { Logger } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import type { SpanColumns } from "../model/span-columns.ts";
import { type CatalogueSnapshot, KeyCatalogue } from "./catalogue.ts";
import { countKeys, type KeyCountLimits } from "./key-counts.ts";

interface CounterOptions {
  /** How often older counts fade. */
  readonly everySeconds: number;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** Keys in the catalogue, each about half a kilobyte. */
const CATALOGUE_KEYS = 4096;

const countLimits: KeyCountLimits = { keys: 2000, keyBytes: 200, sampledOwners: 256 };

/** How long the log is silent about a full catalogue once it has told of it. */
const OVERFLOW_SILENCE_MS = 3_600_000;

/** The catalogue, kept. */
export class KeyCounter {
  readonly #options: CounterOptions;
  readonly #catalogue = new KeyCatalogue(CATALOGUE_KEYS);
  readonly #repeated: Repeated;
  #toldMs = -Infinity;

  constructor(options: CounterOptions) {
    this.#options = options;
    const { everySeconds, log } = options;
    this.#repeated = every(
      everySeconds * 1000,
      async () => {
        this.#tellOverflow();
        this.#catalogue.fade();
      },
      (error) => log.error("attribute keys are not counted", { error }),
    );
  }

  /** Counts a batch. */
  count(columns: SpanColumns): void {
    const { metrics } = this.#options;
    const left = this.#catalogue.add(countKeys(columns, countLimits));
    if (left > 0) metrics.attributeKeysOverflow.inc(left);
    metrics.attributeKeys.set(this.#catalogue.size);
  }

  snapshot(): CatalogueSnapshot {
    return this.#catalogue.snapshot();
  }

  close(): void {
    this.#repeated.close();
  }

  /** Names whose keys are too many: on /metrics for as long as they come, in the log now and then. */
  #tellOverflow(): void {
    const { metrics, log } = this.#options;
    const overflow = this.#catalogue.takeOverflow();
    metrics.attributeKeysOverflowing.reset();
    if (overflow === undefined) return;
    const { attributes, service, exampleKey } = overflow;
    metrics.attributeKeysOverflowing.set(
      { service: service.slice(0, 100), key: exampleKey },
      attributes,
    );
    const nowMs = performance.now();
    if (nowMs - this.#toldMs < OVERFLOW_SILENCE_MS) return;
    this.#toldMs = nowMs;
    log.warn(
      "spans have more attribute keys than are counted one by one; is something that changes part" +
        " of a key?",
      { keys: this.#catalogue.size, mostFromService: service, exampleKey },
    );
  }
}
