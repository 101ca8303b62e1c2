/** String literals, without and with what has to be escaped in them. */

const simpleEscapes: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
};

const byteEscape = "(?:x[\\da-fA-F]{2}|[0-7]{3})";
/** One escape, or a stretch of escaped bytes: `\xHH` and `\ooo` are bytes of UTF-8. What matches no
 * group is wrong. */
const escape = new RegExp(
  `\\\\(?:([abfnrtv\\\\"])|u([\\da-fA-F]{4})|U([\\da-fA-F]{8})|` +
    `(${byteEscape}(?:\\\\${byteEscape})*)|[^])`,
  "g",
);

/** What stands between the quotes of a `"…"` literal, with Go's escapes replaced; undefined if one of
 * them does not exist. Escaped bytes that are no UTF-8 become U+FFFD. */
export function unescapeString(text: string): string | undefined {
  if (!text.includes("\\")) return text;
  let isValid = true;
  const value = text.replaceAll(escape, (_all, simple, short, long, bytes) => {
    if (simple !== undefined) return simpleEscapes[simple as string]!;
    if (bytes !== undefined) return decodeBytes(bytes as string) ?? fail();
    if (short === undefined && long === undefined) return fail();
    const codePoint = Number.parseInt((short ?? long) as string, 16);
    if (codePoint > 0x10ffff || (codePoint >= 0xd800 && codePoint <= 0xdfff)) return fail();
    return String.fromCodePoint(codePoint);
  });
  return isValid ? value : undefined;

  function fail(): string {
    isValid = false;
    return "";
  }
}

/** `xe2\x82\254` as text; undefined if a number is no byte. */
function decodeBytes(escapes: string): string | undefined {
  const bytes = escapes
    .split("\\")
    .map((byte) =>
      byte.startsWith("x") ? Number.parseInt(byte.slice(1), 16) : Number.parseInt(byte, 8),
    );
  if (bytes.some((byte) => byte > 0xff)) return undefined;
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes));
}

const shortEscapes: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(simpleEscapes).map(([letter, char]) => [char, `\\${letter}`]),
);

/** A literal for `value` that people can read: in backticks if that spares escapes, else in quotes. */
export function quoteString(value: string): string {
  const needsEscape = /["\\]/.test(value);
  // oxlint-disable-next-line no-control-regex -- control characters are what it is about
  const isRaw = !/[`\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(value);
  if (needsEscape && isRaw) return `\`${value}\``;
  const inner = value.replaceAll(/["\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) => {
    const short = shortEscapes[char];
    if (short !== undefined) return short;
    const hex = char.codePointAt(0)!.toString(16);
    return hex.length > 4 ? `\\U${hex.padStart(8, "0")}` : `\\u${hex.padStart(4, "0")}`;
  });
  return `"${inner}"`;
}
