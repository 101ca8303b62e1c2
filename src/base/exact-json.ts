/**
 * Parses JSON; integers that a JavaScript number cannot hold come as bigints, as they are written. Throws
 * what JSON.parse throws.
 */
export function parseExactJson(text: string): unknown {
  // A reviver costs several times the parsing, so it is used only if some number needs it.
  const exact = (_key: string, value: unknown, context?: { source?: string }): unknown => {
    if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
    const source = context?.source ?? "";
    // No field takes more than 20 digits, and making a BigInt of millions takes its time.
    return /^-?\d{1,20}$/.test(source) ? BigInt(source) : value;
  };
  return JSON.parse(text, /[:[,]\s*-?\d{16}/.test(text) ? exact : undefined);
}
