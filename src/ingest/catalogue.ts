/**
 * Which attribute keys recent spans have, of which type, how often, and with how many different
 * values. Bounded: when it is full, further keys are counted together and not by name. Counts fade,
 * so a key that no longer comes makes room, and shares are those of the latest spans.
 */
import type { AttributeType } from "../model/attribute-columns.ts";
import type { AttributeScope } from "../store/promoted.ts";
import { type KeyCounts, VALUE_BITS } from "./key-counts.ts";

/** One key with values of one type. */
export interface CatalogueEntry {
  readonly scope: AttributeScope;
  readonly key: string;
  readonly type: AttributeType;
  /** How many of the latest spans have it, of 1. */
  readonly share: number;
  /** Values looked at since it came, and about how many different ones there were among them. Near a
   * few thousand, "many" is all that can be said. */
  readonly sampled: number;
  readonly distinctValues: number;
}

interface Entry {
  readonly scope: AttributeScope;
  readonly key: string;
  readonly type: AttributeType;
  spans: number;
  sampled: number;
  readonly valueBits: Uint32Array;
}

/** What came on top of a full catalogue. */
export interface Overflow {
  /** Attributes of all spans together. */
  readonly attributes: number;
  /** The service that brought most of them. */
  readonly service: string;
}

/** Spans over which shares are counted, at least: before that, nothing is forgotten. */
const FADE_SPANS = 100_000;
/** Services that are told apart as to what they brought on top; others count as one of them. */
const OVERFLOW_SERVICES = 100;

/** The catalogue of one Clew. */
export class KeyCatalogue {
  readonly #maxKeys: number;
  readonly #entries = new Map<string, Entry>();
  readonly #overflow = new Map<string, number>();
  #spans = 0;

  constructor(maxKeys: number) {
    this.#maxKeys = maxKeys;
  }

  /** How many keys are in it. */
  get size(): number {
    return this.#entries.size;
  }

  /** Spans behind the shares. */
  get spans(): number {
    return this.#spans;
  }

  /** Adds what a batch says; gives the number of its attributes that found no room. */
  add({ spans, keys, uncounted }: KeyCounts): number {
    this.#spans += spans;
    let left = 0;
    const leave = (service: string, attributes: number): void => {
      left += attributes;
      const name =
        this.#overflow.has(service) || this.#overflow.size < OVERFLOW_SERVICES
          ? service
          : this.#overflow.keys().next().value!;
      this.#overflow.set(name, (this.#overflow.get(name) ?? 0) + attributes);
    };
    for (const [service, attributes] of uncounted) leave(service, attributes);
    for (const count of keys) {
      const entry = this.#entry(count);
      if (entry === undefined) {
        leave(count.service, count.spans);
        continue;
      }
      entry.spans += count.spans;
      entry.sampled += count.sampled;
      count.valueBits.forEach((bits, i) => (entry.valueBits[i]! |= bits));
    }
    return left;
  }

  #entry({ scope, key, type }: KeyCounts["keys"][number]): Entry | undefined {
    const id = `${scope} ${type} ${key}`;
    let entry = this.#entries.get(id);
    if (entry === undefined && this.#entries.size < this.#maxKeys) {
      const valueBits = new Uint32Array(VALUE_BITS / 32);
      entry = { scope, key, type, spans: 0, sampled: 0, valueBits };
      this.#entries.set(id, entry);
    }
    return entry;
  }

  /** All keys, in no order. */
  entries(): CatalogueEntry[] {
    return [...this.#entries.values()].map(({ scope, key, type, spans, sampled, valueBits }) => ({
      scope,
      key,
      type,
      share: spans / this.#spans,
      sampled,
      distinctValues: distinctValues(valueBits),
    }));
  }

  /** Lets the older half of what was counted weigh half, if enough was or the catalogue is full;
   * keys that hardly any span had are forgotten. To be called at an even pace. */
  fade(): void {
    if (this.#spans < FADE_SPANS && this.#entries.size < this.#maxKeys) return;
    this.#spans /= 2;
    for (const [id, entry] of this.#entries) {
      entry.spans /= 2;
      if (entry.spans < 1) this.#entries.delete(id);
    }
  }

  /** What came on top of the full catalogue since this was last asked; undefined if nothing did. */
  takeOverflow(): Overflow | undefined {
    let attributes = 0;
    let [service, most] = ["", 0];
    for (const [name, count] of this.#overflow) {
      attributes += count;
      if (count > most) [service, most] = [name, count];
    }
    this.#overflow.clear();
    return attributes === 0 ? undefined : { attributes, service };
  }
}

/** How many values most probably set these bits ("linear counting"). */
function distinctValues(valueBits: Uint32Array): number {
  let clear = 0;
  for (const word of valueBits) {
    for (let bit = 0; bit < 32; bit++) if (((word >>> bit) & 1) === 0) clear++;
  }
  return Math.round(-VALUE_BITS * Math.log(Math.max(clear, 1) / VALUE_BITS));
}
