/** Which attributes questions ask for. */
import type { AttributeScope } from "../store/promoted.ts";

/** Keys that are remembered; when there are more, those asked for least are forgotten. */
const MOST_KEYS = 10_000;
/** A key that was asked for less than so often, faded, is as good as never asked for. */
const LEAST = 0.05;

/** Counts that fade: what was asked for long ago weighs less. Of this process, since its start: what
 * has got a column keeps it, so little is lost. */
export class QueriedKeys {
  readonly #halfLifeSeconds: number;
  readonly #counts = new Map<string, number>();

  constructor(halfLifeSeconds: number) {
    this.#halfLifeSeconds = halfLifeSeconds;
  }

  get size(): number {
    return this.#counts.size;
  }

  /** Notes that a question asked for a key. */
  note(scope: AttributeScope, key: string): void {
    const id = `${scope} ${key}`;
    if (!this.#counts.has(id) && this.#counts.size >= MOST_KEYS) this.#forgetLeast();
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
  }

  /** How often it was asked for lately. */
  count(scope: AttributeScope, key: string): number {
    return this.#counts.get(`${scope} ${key}`) ?? 0;
  }

  /** Lets so much time pass. */
  fade(seconds: number): void {
    const factor = 0.5 ** (seconds / this.#halfLifeSeconds);
    for (const [id, count] of this.#counts) {
      if (count * factor < LEAST) this.#counts.delete(id);
      else this.#counts.set(id, count * factor);
    }
  }

  #forgetLeast(): void {
    const counts = [...this.#counts.values()].sort((a, b) => a - b);
    const middle = counts[Math.floor(counts.length / 2)]!;
    for (const [id, count] of this.#counts) if (count <= middle) this.#counts.delete(id);
  }
}
