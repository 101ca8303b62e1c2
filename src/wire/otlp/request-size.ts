/** What a request would become in memory, whatever its own size. */
import { Fault } from "../../base/fault.ts";
import { type AttributeColumns, attributeTypes } from "../../model/attribute-columns.ts";

/**
 * An event or a link can be two bytes of a request and is up to 44 in columns; resources and scopes
 * are written beside each of their spans. SDKs send 512 spans at once and collectors some 8,000, so
 * neither cap is met by anybody who means well.
 */
export const requestCaps = { eventsAndLinks: 1_000_000, repeatedBytes: 256 * 2 ** 20 } as const;

const ATTRIBUTE_BYTES = 8; // a key's index and a number, or a text's length

/** Counts what grows beyond the bytes sent; throws Fault "tooLarge" beyond `requestCaps`. */
export class RequestSize {
  #eventsAndLinks = 0;
  #repeatedBytes = 0;

  addEventOrLink(): void {
    const cap = requestCaps.eventsAndLinks;
    if (++this.#eventsAndLinks <= cap) return;
    throw new Fault("tooLarge", `more than ${cap} events and links in one request`);
  }

  /** The store has a span's resource and scope in the span's own row: a large resource beside many
   * small spans becomes many times the request. */
  addRepeated(bytes: number): void {
    const cap = requestCaps.repeatedBytes;
    this.#repeatedBytes += bytes;
    if (this.#repeatedBytes <= cap) return;
    const what = "resources and scopes, counted for each of their spans";
    throw new Fault("tooLarge", `${what}, are more than ${cap} bytes; send fewer spans at once`);
  }
}

/** About what an owner's attributes take in a row of the store. */
export function attributeBytes(attributes: AttributeColumns, owner: number): number {
  const { key, type, words, memory } = attributes;
  let bytes = 0;
  for (let at = attributes.start(owner); at < attributes.end(owner); at++) {
    bytes += ATTRIBUTE_BYTES;
    const isEncoded = type[at] === attributeTypes.encoded;
    if (isEncoded || type[at] === attributeTypes.string) {
      bytes += words[2 * at + 1]! - words[2 * at]!;
    }
    // Only what no typed column can hold has its key written out.
    if (isEncoded) bytes += memory.keys.end(key[at]!) - memory.keys.start(key[at]!);
  }
  return bytes;
}
