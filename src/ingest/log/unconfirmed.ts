/** Batches that ClickHouse has not confirmed, and how old they are. */
import type { LoggedBatch } from "./replay.ts";

interface Entry<Place> {
  readonly place: Place;
  readonly arrivalSeconds: number;
}

/** Ages in seconds; undefined where there is none. */
export interface Ages {
  /** Of the oldest batch that waits for its turn or for ClickHouse: how far that is behind. */
  readonly waiting: number | undefined;
  /** Of the oldest batch that later ones have overtaken, or that was refused. */
  readonly stuck: number | undefined;
}

/** Each batch with where it is. They are noted in the order in which they were sealed. */
export class Unconfirmed<Place> {
  readonly #waiting = new Map<string, Entry<Place>>();
  readonly #stuck = new Map<string, Entry<Place>>();

  get size(): number {
    return this.#waiting.size + this.#stuck.size;
  }

  add({ token, arrivalSeconds }: LoggedBatch, place: Place): void {
    this.#waiting.set(token, { place, arrivalSeconds });
  }

  /** Notes that ClickHouse has a batch; gives where it was, or undefined if it is not known. */
  confirm(token: string): Place | undefined {
    const entry = this.#waiting.get(token) ?? this.#stuck.get(token);
    if (entry === undefined) return undefined;
    this.#stuck.delete(token);
    if (!this.#waiting.delete(token)) return entry.place;
    for (const [other, before] of this.#waiting) {
      if (before.arrivalSeconds > entry.arrivalSeconds) break;
      this.#waiting.delete(other);
      this.#stuck.set(other, before);
    }
    return entry.place;
  }

  /** Notes that ClickHouse refuses a batch, or that it cannot be read: it says nothing of others. */
  refuse(token: string): void {
    const entry = this.#waiting.get(token);
    if (entry === undefined) return;
    this.#waiting.delete(token);
    this.#stuck.set(token, entry);
  }

  ages(nowSeconds: number): Ages {
    const [waiting] = this.#waiting.values();
    const [stuck] = this.#stuck.values();
    const age = (entry: Entry<Place> | undefined): number | undefined =>
      entry && Math.max(0, nowSeconds - entry.arrivalSeconds);
    return { waiting: age(waiting), stuck: age(stuck) };
  }
}
