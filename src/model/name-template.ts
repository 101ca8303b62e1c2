/**
 * Span names that hold ids, made names of operations again. One pass over the characters: where this is
 * needed, it is needed for every span.
 */

/** What stands for an id. */
const ID_PLACE = "{id}";

const UUID_HYPHENS = [8, 13, 18, 23];
const UUID_CHARS = 36;
const LONG_WORD = 20;
const SHORTEST_HEX = 8;

// What a character is, by its code: a sum of these.
const DIGIT = 1;
const HEX = 2; // digits too
const LETTER = 4; // and all beyond ASCII
const MAIL = 8; // may be in the first half of an address
const HOST = 16; // may be in a label of the second
const JOINT = 32; // may be within a token that is cut into words, like base64
const WORD = DIGIT | LETTER;

const classes = new Uint8Array(128);
for (const [chars, bits] of [
  ["0123456789", DIGIT | HEX | MAIL | HOST],
  ["abcdefABCDEF", HEX],
  ["abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", LETTER | MAIL | HOST],
  ["-_", MAIL | HOST | JOINT],
  [".+", MAIL | JOINT],
  ["=:", JOINT],
] as const) {
  for (const char of chars) classes[char.charCodeAt(0)]! |= bits;
}

function classOf(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code < 128) return classes[code]!;
  return code >= 128 ? LETTER : 0; // 0 outside of the text
}

/**
 * The name with {id} in place of what is different in every call: numbers, UUIDs, hexadecimal, long
 * tokens, quoted values, mail addresses. "v2", "k8s" and the like stay; "user42" becomes "user{id}".
 * It cannot see that "alice" is an id.
 */
export function templateName(name: string): string {
  const out = new Template();
  for (let at = 0; at < name.length;) {
    const found = idAt(name, at, out);
    if (found > 0) {
      at = found;
      continue;
    }
    if ((classOf(name, at) & WORD) !== 0) at = addWord(name, at, out);
    else out.add(name, at, ++at);
  }
  return out.text;
}

/** Where an id ends that begins at `at`, or ends there with an @, once it has been added; else 0. */
function idAt(name: string, at: number, out: Template): number {
  const first = name[at]!;
  const end = uuidEnd(name, at);
  if (end > 0) {
    out.addId();
    return end;
  }
  const ended = endOfOther(name, at, first);
  if (ended === 0 || (first === "@" && !out.dropMailbox())) return 0;
  out.addId();
  out.endMailbox();
  return ended;
}

/** Where a quoted value, the host of a mail address or {id} ends; 0 if there is none. */
function endOfOther(name: string, at: number, first: string): number {
  switch (first) {
    case "'":
    case '"':
      return name.indexOf(first, at + 1) + 1;
    case "{":
      return name.startsWith(ID_PLACE, at) ? at + ID_PLACE.length : 0;
    case "@":
      return hostEnd(name, at + 1);
    default:
      return 0;
  }
}

/** Where the host name ends that begins at `at`, of two labels at least; else 0. */
function hostEnd(name: string, at: number): number {
  let end = 0;
  for (let labels = 0, from = at; ; labels++) {
    let to = from;
    while ((classOf(name, to) & HOST) !== 0) to++;
    if (to === from) return end;
    if (labels > 0) end = to;
    if (name[to] !== ".") return end;
    from = to + 1;
  }
}

function uuidEnd(name: string, at: number): number {
  const end = at + UUID_CHARS;
  if (name[at + UUID_HYPHENS[0]!] !== "-" || end > name.length) return 0;
  for (let i = at; i < end; i++) {
    const isRight = UUID_HYPHENS.includes(i - at)
      ? name[i] === "-"
      : (classOf(name, i) & HEX) !== 0;
    if (!isRight) return 0;
  }
  return end;
}

/** Adds the word that begins at `from`, or what it becomes; gives its end. */
function addWord(name: string, from: number, out: Template): number {
  const hexFrom = name.startsWith("0x", from) ? from + 2 : from;
  let [isHex, digits, to] = [true, 0, from];
  for (let kind = classOf(name, to); (kind & WORD) !== 0; kind = classOf(name, ++to)) {
    if ((kind & DIGIT) !== 0) digits++;
    if ((kind & HEX) === 0 && to >= hexFrom) isHex = false;
  }
  const chars = to - from;
  // Hexadecimal has a digit somewhere: "deadbeef" and "facade" may be words.
  const prefixDigits = hexFrom > from ? 1 : 0; // the 0 of 0x
  const isHexId = isHex && digits > prefixDigits && to - hexFrom >= SHORTEST_HEX;
  const isLong = chars >= LONG_WORD && digits > 0;
  if (digits === chars || isHexId || isLong) out.addId();
  else if (digits < 2) out.add(name, from, to);
  else addWithoutNumbers(name, from, to, out);
  return to;
}

/** Two digits and more in a row are a number. */
function addWithoutNumbers(name: string, from: number, to: number, out: Template): void {
  for (let at = from; at < to;) {
    const isNumber = (classOf(name, at) & classOf(name, at + 1) & DIGIT) !== 0 && at + 1 < to;
    let end = at + 1;
    if (isNumber) {
      while (end < to && (classOf(name, end) & DIGIT) !== 0) end++;
      out.addId();
    } else out.add(name, at, end);
    at = end;
  }
}

/** What has been made so far, of whole words and ids. */
class Template {
  text = "";
  /** Length of the text up to its last id, if nothing but joints has come since; else -1. */
  #joinable = -1;
  /** Where what may be the first half of a mail address begins. */
  #mailbox = 0;

  add(name: string, from: number, to: number): void {
    for (let at = from; at < to; at++) {
      const kind = classOf(name, at);
      if ((kind & JOINT) === 0) this.#joinable = -1;
      if ((kind & MAIL) === 0) this.#mailbox = this.text.length + at + 1 - from;
    }
    this.text += name.slice(from, to);
  }

  /** Neighbours are one: base64 is cut into words at its + and =. */
  addId(): void {
    if (this.#joinable >= 0) this.text = this.text.slice(0, this.#joinable);
    else this.text += ID_PLACE;
    this.#joinable = this.text.length;
  }

  /** Takes back the first half of a mail address; false if there is none. */
  dropMailbox(): boolean {
    if (this.#mailbox === this.text.length) return false;
    this.text = this.text.slice(0, this.#mailbox);
    if (this.#joinable > this.text.length) this.#joinable = -1;
    return true;
  }

  /** Nothing so far is of a mail address. */
  endMailbox(): void {
    this.#mailbox = this.text.length;
  }
}
