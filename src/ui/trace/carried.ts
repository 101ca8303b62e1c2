/**
 * A page that carries its trace: one file, made by `exports/of-page.ts`, that needs no Clew. What would have
 * to be asked of one is not offered there.
 */

/** The element with the trace: JSON, compressed with gzip, in base64. */
export const CARRIED_ID = "carried-trace";

/** Whether this page is one. */
export const isCarried = document.getElementById(CARRIED_ID) !== null;

/** The trace that this page carries, compressed; it must be one. */
export function carriedTrace(): Blob {
  const text = document.getElementById(CARRIED_ID)!.textContent.trim();
  return new Blob([Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0))]);
}
