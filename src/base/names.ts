/** Texts numbered 0, 1, 2 … in the order they are first seen; 0 is the empty one. */
export class Names {
  readonly #texts: string[] = [""];
  readonly #numbers = new Map([["", 0]]);

  /** The number of a text. */
  number(text: string): number {
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.#texts.length;
      this.#texts.push(text);
      this.#numbers.set(text, number);
    }
    return number;
  }

  /** The text with a number. */
  text(number: number): string {
    return this.#texts[number]!;
  }
}
