/** Span names that hold ids, made names of operations again. */

/** What stands for an id. */
export const ID_PLACE = "{id}";

const UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}";
const QUOTED = /'(?:[^']|'')*'|"[^"]*"/;
// From where a token begins only: trying it at every letter would take time by the square of the length.
const ADDRESS = /(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+/;
/** Letters, digits and what is within an encoded token, but not what separates the parts of a name. */
const WORD = /[\p{L}\p{N}]+/u;

// In the order in which they are tried at each place.
const pieces = new RegExp(
  [
    `(?<quoted>${QUOTED.source})`,
    `(?<whole>${UUID}|${ADDRESS.source})`,
    `(?<word>${WORD.source})`,
  ].join("|"),
  "gu",
);

const LONG_WORD = 20;
const ALL_DIGITS = /^\p{N}+$/u;
/** With a digit: "deadbeef" or "facade" may be words. */
const HEX_ID = /^(?:0x)?(?=[a-fA-F]*\d)[0-9a-fA-F]{8,}$/;
const MIXED = /\p{N}.*\p{L}|\p{L}.*\p{N}/u;
const DIGITS_IN_WORD = /\p{N}{2,}/gu;

/**
 * The name with {id} in place of what is different in every call: numbers, UUIDs, hexadecimal, long
 * tokens, quoted values, mail addresses. "v2", "k8s" and the like stay; "user42" becomes
 * "user{id}". It cannot see that "alice" is an id.
 */
export function templateName(name: string): string {
  const parts = name.split(ID_PLACE).map((part) =>
    part.replaceAll(pieces, (piece: string, ...rest: unknown[]) => {
      const groups = rest.at(-1) as Record<string, string | undefined>;
      return groups["word"] === undefined ? ID_PLACE : templateWord(piece);
    }),
  );
  // Neighbours may have been one token: base64 is cut at its + and /.
  return parts.join(ID_PLACE).replaceAll(/\{id\}(?:[-_+=.:]*\{id\})+/g, ID_PLACE);
}

function templateWord(word: string): string {
  if (ALL_DIGITS.test(word) || HEX_ID.test(word)) return ID_PLACE;
  if (word.length >= LONG_WORD && MIXED.test(word)) return ID_PLACE;
  return word.replaceAll(DIGITS_IN_WORD, ID_PLACE);
}
