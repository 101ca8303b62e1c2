import type { AttributeKey } from "../model/attribute-key.ts";
import type { SpanColumns } from "../model/span-columns.ts";
import { findKeySteps } from "./find-keys.ts";

/** Attributes of one batch that are named, of each kind of owner: enough for a batch of spans from a whole
 * day. */
const MOST_OF_BATCH = 50_000;

/** Characters that are remembered: some twenty thousand keys by five minutes and tenant. */
const MOST_KNOWN_CHARS = 4_000_000;

/** Says which attributes of a batch are news, and has them stored. */
export class KnownKeys {
  readonly #store: (keys: readonly AttributeKey[]) => Promise<void>;
  /** What is stored; forgetting only means that it is stored again. */
  readonly #known = new Set<string>();
  #chars = 0;

  /** `store` settles when they are stored; the same ones may come again. */
  constructor(store: (keys: readonly AttributeKey[]) => Promise<void>) {
    this.#store = store;
  }

  /** Finds those that are not known to be stored, in steps of well below a millisecond. */
  *news(columns: SpanColumns): Generator<undefined, AttributeKey[]> {
    const found = yield* findKeySteps(columns, MOST_OF_BATCH);
    return found.filter((key) => !this.#known.has(textOf(key)));
  }

  /** Stores them; throws what the store throws. */
  async store(keys: readonly AttributeKey[]): Promise<void> {
    await this.#store(keys);
    for (const key of keys) this.#remember(textOf(key));
  }

  #remember(text: string): void {
    if (this.#known.has(text)) return;
    if (this.#chars + text.length > MOST_KNOWN_CHARS) {
      this.#known.clear();
      this.#chars = 0;
    }
    this.#known.add(text);
    this.#chars += text.length;
  }
}

function textOf({ tenant, timeBucket, scope, key, type }: AttributeKey): string {
  return `${timeBucket} ${scope} ${type} ${tenant.length} ${tenant}${key}`;
}
