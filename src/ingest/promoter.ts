/**
 * Gives the attributes that many spans have columns of their own:
 *
 *     batches ─▶ countKeys ─▶ KeyCatalogue ─▶ choosePromotions ─▶ ALTER TABLE, ledger
 *        ▲                                                              │
 *        └──────────── blocks for the table as it is then ◀── readTables
 *
 * Every process that inserts has one. They meet in the ledger of the database only: two that choose
 * the same attribute choose the same column, and adding it twice is adding it once.
 */
import { every, type Repeated } from "../base/every.ts";
import type { Logger } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import type { SpanColumns } from "../model/span-columns.ts";
import type { StoreClient } from "../store/client.ts";
import { promote, readTables } from "../store/promote.ts";
import { builtInTable, type SpansTable } from "../store/schema.ts";
import { KeyCatalogue } from "./catalogue.ts";
import { choosePromotions, type PromotionLimits } from "./choose-promotions.ts";
import { countKeys, type KeyCountLimits } from "./key-counts.ts";

/** Where columns are added, how often that is thought about, and how many there may be. */
export interface PromoterOptions {
  readonly client: StoreClient;
  readonly database: string;
  readonly cluster: string | undefined;
  readonly maxAttributes: number;
  readonly everySeconds: number;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** Keys in the catalogue, each about half a kilobyte. */
const CATALOGUE_KEYS = 4096;

const countLimits: KeyCountLimits = { keys: 2000, keyBytes: 200, sampledOwners: 256 };

const promotionLimits: Omit<PromotionLimits, "attributes"> = {
  share: 0.2,
  spans: 10_000,
  sampled: 20,
  atOnce: 32,
};

/** How long the log is silent about a full catalogue once it has told of it. */
const OVERFLOW_SILENCE_MS = 3_600_000;

/** See the head of the file. */
export class Promoter {
  readonly #options: PromoterOptions;
  readonly #catalogue = new KeyCatalogue(CATALOGUE_KEYS);
  readonly #repeated: Repeated;
  /** Until ClickHouse has been asked, blocks are made for the table built in, which is never wrong. */
  #table = builtInTable;
  #toldMs = -Infinity;

  constructor(options: PromoterOptions) {
    this.#options = options;
    const { everySeconds, log } = options;
    this.#repeated = every(
      everySeconds * 1000,
      () => this.#look(),
      (error) => log.warn("attributes cannot be given columns now, tried again later", { error }),
    );
  }

  /** The table that blocks are to be made for. */
  get table(): SpansTable {
    return this.#table;
  }

  /** Counts a batch. */
  count(columns: SpanColumns): void {
    const { metrics } = this.#options;
    const left = this.#catalogue.add(countKeys(columns, countLimits));
    if (left > 0) metrics.attributeKeysOverflow.inc(left);
    metrics.attributeKeys.set(this.#catalogue.size);
  }

  /** Adds no more columns. */
  close(): void {
    this.#repeated.close();
  }

  async #look(): Promise<void> {
    this.#tellOverflow();
    const { client, database, cluster, everySeconds, maxAttributes, log } = this.#options;
    const settle = { database, settleSeconds: everySeconds };
    const { byTraffic, read, write } = await readTables(client, settle);
    this.#table = write;
    const promotions = choosePromotions(
      {
        spans: this.#catalogue.spans,
        entries: this.#catalogue.entries(),
        promoted: read.promoted,
        byTraffic,
      },
      { ...promotionLimits, attributes: maxAttributes },
    );
    this.#catalogue.fade();
    if (promotions.length === 0) return;
    await promote(client, { database, cluster }, promotions);
    for (const { attribute, reason } of promotions) {
      const { scope, key, column, columnType } = attribute;
      const fields = { scope, key, column, columnType, reason };
      log.info("attribute gets a column of its own", fields);
    }
  }

  #tellOverflow(): void {
    const overflow = this.#catalogue.takeOverflow();
    const nowMs = performance.now();
    if (overflow === undefined || nowMs - this.#toldMs < OVERFLOW_SILENCE_MS) return;
    this.#toldMs = nowMs;
    this.#options.log.warn(
      "spans have more attribute keys than are counted one by one; is something that changes part" +
        " of a key?",
      { keys: this.#catalogue.size, mostFromService: overflow.service },
    );
  }
}
