/**
 * Messages of errors, without what is different every time: `user 42 not found` and `user 43 not found` are
 * `user … not found`. The rules are regular expressions that mean the same in JavaScript and in RE2, so that
 * ClickHouse can group by what this file says.
 */

/** What is replaced by what, everywhere, one rule after the other. */
export const templateRules: readonly (readonly [pattern: string, replacement: string])[] = [
  [String.raw`^[ \t\r\n\f]+`, ""],
  // The rest is a stack trace or a dump.
  [String.raw`[\r\n][\s\S]*`, ""],
  // Quoted texts. An apostrophe within a word begins none.
  [String.raw`\B('[^']*'|"[^"]*"|` + "`[^`]*`" + String.raw`)\B`, "'…'"],
  [String.raw`“[^”]*”`, "'…'"],
  // Mail addresses.
  [String.raw`[\w.+-]+@[\w-]+(\.[\w-]+)+`, "…"],
  // UUIDs.
  [String.raw`\b[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b`, "…"],
  // Moments in ISO 8601.
  [String.raw`\b\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?)?`, "…"],
  // Hexadecimal.
  [String.raw`\b(0x[0-9a-fA-F]+|[0-9a-fA-F]{8,})\b`, "…"],
  // Tokens: letters between digits.
  [String.raw`\b\w*\d[A-Za-z]+\d\w*\b`, "…"],
  // Numbers, addresses, times of day; not the digit of "http2".
  [String.raw`\b\d+([.,:]\d+)*`, "…"],
  [String.raw`\d{2,}`, "…"],
  [String.raw`[ \t\f]+`, " "],
];

/** So much of a message is looked at, and so much of a template is kept, in characters. */
export const templateLimits = { message: 1000, template: 200 } as const;

const compiled = templateRules.map(([pattern, text]) => [new RegExp(pattern, "g"), text] as const);

/** The message with … for numbers, ids, quoted texts, moments and addresses; its first line alone. */
export function templateMessage(message: string): string {
  let text = firstCharacters(message, templateLimits.message);
  for (const [pattern, replacement] of compiled) text = text.replaceAll(pattern, replacement);
  return firstCharacters(text, templateLimits.template);
}

function firstCharacters(text: string, count: number): string {
  return text.length <= count ? text : Array.from(text).slice(0, count).join("");
}
