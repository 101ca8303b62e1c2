/**
 * Gives the attributes that many spans have, or that many questions ask for, columns of their own:
 *
 *     batches ─▶ countKeys ─▶ KeyCatalogue ─┐
 *        ▲       in every process           ├▶ choosePromotions ─▶ ALTER TABLE, ledger
 *        │                     QueriedKeys ─┘                              │
 *        └──────────── blocks for the table as it is then ◀── readTables ──┘
 *
 * A Clew has one, which adds up what its processes count: what is much in one of them may be little in
 * all. Several Clews meet in the ledger of the database only: two that choose the same attribute choose
 * the same column, and adding it twice is adding it once.
 */
import { every, type Repeated } from "../base/every.ts";
import type { Logger } from "../base/log.ts";
import type { StoreClient } from "../store/client.ts";
import { promote, readTables } from "../store/promote.ts";
import type { AttributeScope } from "../store/promoted.ts";
import { type CatalogueSnapshot, mergeSnapshots } from "./catalogue.ts";
import { choosePromotions, type PromotionLimits } from "./choose-promotions.ts";
import { QueriedKeys } from "./queried-keys.ts";

/** Where columns are added, how often that is thought about, and how many there may be. */
export interface PromoterOptions {
  readonly client: StoreClient;
  readonly database: string;
  readonly cluster: string | undefined;
  readonly maxAttributes: number;
  readonly everySeconds: number;
  /** What all processes have counted. */
  readonly catalogues: () => Promise<readonly CatalogueSnapshot[]>;
  readonly log: Logger;
}

const promotionLimits: Omit<PromotionLimits, "attributes"> = {
  share: 0.2,
  queries: 10,
  spans: 10_000,
  sampled: 20,
  atOnce: 32,
};

const QUERIES_HALF_LIFE_SECONDS = 86_400;

/** See the head of the file. */
export class Promoter {
  readonly #options: PromoterOptions;
  readonly #queried = new QueriedKeys(QUERIES_HALF_LIFE_SECONDS);
  readonly #repeated: Repeated;

  constructor(options: PromoterOptions) {
    this.#options = options;
    const { everySeconds, log } = options;
    this.#repeated = every(
      everySeconds * 1000,
      () => this.#look(),
      (error) => log.warn("attributes cannot be given columns now, tried again later", { error }),
    );
  }

  /** Notes that a question asks for an attribute: what is asked for often gets a column, too. */
  noteQueried(scope: AttributeScope, key: string): void {
    this.#queried.note(scope, key);
  }

  /** Adds no more columns. */
  close(): void {
    this.#repeated.close();
  }

  async #look(): Promise<void> {
    const { client, database, cluster, everySeconds, maxAttributes, catalogues, log } =
      this.#options;
    this.#queried.fade(everySeconds);
    const settle = { database, settleSeconds: everySeconds };
    const { byTraffic, read } = await readTables(client, settle);
    const promotions = choosePromotions(
      {
        ...mergeSnapshots(await catalogues()),
        queries: (scope, key) => this.#queried.count(scope, key),
        promoted: read.promoted,
        byTraffic,
      },
      { ...promotionLimits, attributes: maxAttributes },
    );
    if (promotions.length === 0) return;
    await promote(client, { database, cluster }, promotions);
    for (const { attribute, reason } of promotions) {
      const { scope, key, column, columnType } = attribute;
      const fields = { scope, key, column, columnType, reason };
      log.info("attribute gets a column of its own", fields);
    }
  }
}
