/**
 * Which attribute keys recent spans have, of which type, how often, and with how many different
 * values. Bounded: when it is full, further keys are counted together and not by name. Counts fade,
 * so a key that no longer comes makes room, and shares are those of the latest spans.
 */
import type { AttributeType } from "../model/attribute-columns.ts";
import type { AttributeScope } from "../store/promoted.ts";
import { type KeyCounts, type Uncounted, VALUE_BITS } from "./key-counts.ts";

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
  /** The service that brought most of them, and one of their keys. */
  readonly service: string;
  readonly exampleKey: string;
}

/** What a catalogue knows, as plain data for another process. */
export interface CatalogueSnapshot {
  readonly spans: number;
  readonly entries: readonly (Omit<Entry, "valueBits"> & {
    /** In base64. */
    readonly valueBits: string;
  })[];
}

/** Spans over which shares are counted, at least: before that, nothing is forgotten. */
const FADE_SPANS = 100_000;
/** Services that are told apart as to what they brought on top; others count as one of them. */
const OVERFLOW_SERVICES = 100;

/** The catalogue of one process that takes spans. */
export class KeyCatalogue {
  readonly #maxKeys: number;
  readonly #entries = new Map<string, Entry>();
  readonly #overflow = new Map<string, Uncounted>();
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
    const leave = (service: string, { attributes, exampleKey }: Uncounted): void => {
      left += attributes;
      const name =
        this.#overflow.has(service) || this.#overflow.size < OVERFLOW_SERVICES
          ? service
          : this.#overflow.keys().next().value!;
      const before = this.#overflow.get(name)?.attributes ?? 0;
      this.#overflow.set(name, { attributes: before + attributes, exampleKey });
    };
    for (const [service, rest] of uncounted) leave(service, rest);
    for (const count of keys) {
      const entry = this.#entry(count);
      if (entry === undefined) {
        leave(count.service, { attributes: count.spans, exampleKey: count.key });
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

  /** All that is known. */
  snapshot(): CatalogueSnapshot {
    const entries = [...this.#entries.values()].map(({ valueBits, ...entry }) => ({
      ...entry,
      valueBits: Buffer.from(valueBits.buffer).toString("base64"),
    }));
    return { spans: this.#spans, entries };
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
    let most: Overflow | undefined;
    for (const [service, rest] of this.#overflow) {
      attributes += rest.attributes;
      if (rest.attributes > (most?.attributes ?? 0)) most = { service, ...rest };
    }
    this.#overflow.clear();
    return most && { ...most, attributes };
  }
}

/** All keys of several catalogues as if it were one, in no order, and the spans behind them. */
export function mergeSnapshots(snapshots: readonly CatalogueSnapshot[]): {
  readonly spans: number;
  readonly entries: CatalogueEntry[];
} {
  const spans = snapshots.reduce((sum, snapshot) => sum + snapshot.spans, 0);
  const merged = new Map<string, Entry>();
  for (const { valueBits: packed, ...more } of snapshots.flatMap(({ entries }) => entries)) {
    const id = `${more.scope} ${more.type} ${more.key}`;
    const valueBits = new Uint32Array(Uint8Array.from(Buffer.from(packed, "base64")).buffer);
    const entry = merged.get(id);
    if (entry === undefined) {
      merged.set(id, { ...more, valueBits });
      continue;
    }
    entry.spans += more.spans;
    entry.sampled += more.sampled;
    valueBits.forEach((bits, i) => (entry.valueBits[i]! |= bits));
  }
  const entries = [...merged.values()].map(({ valueBits, spans: having, ...entry }) => ({
    ...entry,
    share: having / spans,
    distinctValues: distinctValues(valueBits),
  }));
  return { spans, entries };
}

/** How many values most probably set these bits ("linear counting"). */
function distinctValues(valueBits: Uint32Array): number {
  let clear = 0;
  for (const word of valueBits) {
    for (let bit = 0; bit < 32; bit++) if (((word >>> bit) & 1) === 0) clear++;
  }
  return Math.round(-VALUE_BITS * Math.log(Math.max(clear, 1) / VALUE_BITS));
}
