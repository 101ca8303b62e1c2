/** Which spans have been seen: a set without an object for a span, for a million of them. */
export class SpanSet {
  #size = 0;
  #slots = new Int32Array(1024).fill(-1); // open addressing; a power of two, at most half full
  #words = new Uint32Array(512 * 3); // by number: both words of the id; kind and service

  /** Adds a span; false if one of this id, kind and service is in it already. */
  add(idLow: number, idHigh: number, kind: number, service: number): boolean {
    const owner = service * 8 + kind; // kinds are numbers from 0 to 5
    let slot = this.#slotOf(idLow, idHigh);
    for (let at = this.#slots[slot]!; at !== -1; at = this.#slots[slot]!) {
      if (
        this.#words[at * 3] === idLow &&
        this.#words[at * 3 + 1] === idHigh &&
        this.#words[at * 3 + 2] === owner
      ) {
        return false;
      }
      slot = (slot + 1) & (this.#slots.length - 1);
    }
    if (this.#size * 3 === this.#words.length) this.#grow();
    this.#words.set([idLow, idHigh, owner], this.#size * 3);
    this.#place(this.#size++);
    return true;
  }

  #slotOf(idLow: number, idHigh: number): number {
    const hash = Math.imul(idLow ^ Math.imul(idHigh, 0x9e3779b1), 0x85ebca6b);
    return (hash ^ (hash >>> 15)) & (this.#slots.length - 1);
  }

  #place(at: number): void {
    let slot = this.#slotOf(this.#words[at * 3]!, this.#words[at * 3 + 1]!);
    while (this.#slots[slot] !== -1) slot = (slot + 1) & (this.#slots.length - 1);
    this.#slots[slot] = at;
  }

  #grow(): void {
    const words = new Uint32Array(this.#words.length * 2);
    words.set(this.#words);
    this.#words = words;
    this.#slots = new Int32Array(this.#slots.length * 2).fill(-1);
    for (let at = 0; at < this.#size; at++) this.#place(at);
  }
}
