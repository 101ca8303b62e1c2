import { itemsStart, type SpanTable } from "./span-table.ts";

const MOST_ID_DIGITS = 16;

/**
 * The rows whose name, service, an event's name or id (its beginning) has `text` in it, in any case;
 * none for an empty text. Texts are looked at once each, however many spans have them.
 */
export function findRows(table: SpanTable, text: string): Int32Array {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return new Int32Array(0);
  const { texts, name, service, eventName, eventEnds, spanId, length } = table;
  const has = Uint8Array.from(texts, (known) => (known.toLowerCase().includes(wanted) ? 1 : 0));
  const isId = wanted.length >= 4 && wanted.length <= MOST_ID_DIGITS && /^[0-9a-f]+$/.test(wanted);
  const digits = isId ? Array.from(wanted, (digit) => Number.parseInt(digit, 16)) : [];
  const ids = new Uint8Array(spanId.buffer, spanId.byteOffset, spanId.byteLength);
  const found = new Int32Array(length);
  let count = 0;
  for (let row = 0; row < length; row++) {
    let isFound = has[name[row]!] === 1 || has[service[row]!] === 1;
    for (let at = itemsStart(eventEnds, row); !isFound && at < eventEnds[row]!; at++) {
      isFound = has[eventName[at]!] === 1;
    }
    if (!isFound && isId) isFound = beginsWith(ids, row * 8, digits);
    if (isFound) found[count++] = row;
  }
  return found.slice(0, count);
}

/** Whether the bytes from `at` on begin with these hexadecimal digits. */
function beginsWith(bytes: Uint8Array, at: number, digits: readonly number[]): boolean {
  return digits.every((digit, i) => {
    const byte = bytes[at + (i >> 1)]!;
    return (i % 2 === 0 ? byte >> 4 : byte & 15) === digit;
  });
}
