import { Fault } from "../base/fault.ts";

/**
 * A trace id from a URL as 32 lower-case hex digits: shorter ones (64-bit ids, ids that lost their
 * leading zeros) are padded. Throws Fault "invalid" in Tempo's words (pkg/util/traceid.go).
 */
export function parseTraceId(text: string): string {
  const wrong = /[^0-9a-fA-F]/u.exec(text);
  if (wrong !== null) {
    const where = `invalid character '${wrong[0]}' at position ${wrong.index + 1}`;
    throw new Fault("invalid", `trace IDs can only contain hex characters: ${where}`);
  }
  if (text.length > 32) throw new Fault("invalid", "trace IDs can't be larger than 128 bits");
  return text.toLowerCase().padStart(32, "0");
}
