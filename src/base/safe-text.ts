/** Text from elsewhere, without what could play tricks on whoever reads it. */

/** Controls, line separators, marks that turn the writing direction, invisible characters, halves of
 * surrogate pairs: all that could drive the terminal or make text look like other text. */
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Text from a span, with what is unsafe (and, without UTF-8, all but ASCII) as "\u{1b}". */
export function safeText(text: string, unicode: boolean): string {
  const escaped = text.replace(unsafe, escapeCharacter);
  return unicode ? escaped : escaped.replace(/[^\p{ASCII}]/gu, escapeCharacter);
}

function escapeCharacter(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\t") return "\\t";
  if (character === "\u200d") return character; // joins emoji; alone it does nothing
  return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}
