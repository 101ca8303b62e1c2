/** What somebody typed where a trace id belongs. */
export type TypedTraceId =
  | { readonly kind: "ok"; readonly traceId: string }
  | { readonly kind: "wrong"; readonly message: string };

/** The trace id in `text`: up to 32 hex digits, leading zeros added; or what is wrong with it. */
export function readTraceId(text: string): TypedTraceId {
  const typed = text.trim();
  const stranger = /[^0-9a-f]/i.exec(typed)?.[0];
  if (typed === "") return wrong("Type a trace id: up to 32 hex digits.");
  if (stranger !== undefined) {
    return wrong(`A trace id has only the hex digits 0–9 and a–f; “${stranger}” is none.`);
  }
  if (typed.length > 32) {
    return wrong(`A trace id has at most 32 hex digits; these are ${typed.length}.`);
  }
  if (/^0+$/.test(typed)) return wrong("A trace id of nothing but zeros is not valid.");
  return { kind: "ok", traceId: typed.toLowerCase().padStart(32, "0") };
}

function wrong(message: string): TypedTraceId {
  return { kind: "wrong", message };
}
