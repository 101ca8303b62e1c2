import { FAILED, type SpanTable } from "./span-table.ts";

/** Where failures came from, and what they went through. */
export interface ErrorPath {
  /** By row: 1 for failed spans below which nothing failed, and for everything above these. */
  readonly onPath: Uint8Array;
  /** By row: 1 for failed spans below which nothing failed. */
  readonly isOrigin: Uint8Array;
  readonly origins: number;
}

/** The error path of a trace; linear in its spans. */
export function errorPath({ length, parent, status }: SpanTable): ErrorPath {
  const onPath = new Uint8Array(length);
  const isOrigin = new Uint8Array(length);
  let origins = 0;
  // Children come after their parents: backwards, whether something below failed is known.
  for (let row = length - 1; row >= 0; row--) {
    if (status[row] === FAILED && onPath[row] === 0) {
      onPath[row] = isOrigin[row] = 1;
      origins++;
    }
    const up = parent[row]!;
    if (onPath[row] === 1 && up >= 0) onPath[up] = 1;
  }
  return { onPath, isOrigin, origins };
}
