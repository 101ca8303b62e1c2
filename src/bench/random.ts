/** Numbers that look random and follow from a seed: the same seed, the same benchmark. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** Any whole number is a seed. */
  constructor(seed: number) {
    this.#a = mix32(seed >>> 0);
    this.#b = mix32(Math.floor(seed / 2 ** 32) ^ 0x5bd1e995);
    this.#c = mix32(this.#a ^ 0x27d4eb2f);
    for (let i = 0; i < 12; i++) this.next();
  }

  /** From 0 to just under 1. Source: "sfc32" of PractRand, pracrand.sourceforge.net. */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to just under `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True in this share of all cases. */
  chance(share: number): boolean {
    return this.next() < share;
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** Positive, half of all below `median`; a `spread` of 0.5 puts two thirds within a factor of 1.6. */
  logNormal(median: number, spread: number): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return median * Math.exp(spread * radius * Math.cos(2 * Math.PI * this.next()));
  }

  /** So many hex digits. */
  hex(digits: number): string {
    return Array.from({ length: digits }, () => this.below(16).toString(16)).join("");
  }
}

/** Scatters 32 bits; different numbers give different results. Source: murmurhash3's finalizer. */
export function mix32(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
