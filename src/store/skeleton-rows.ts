/** Which rows of a batch are a trace's spans, and in which order. */
import type { SkeletonBatch } from "./skeleton-batch.ts";

/** The rows of each trace, by its id. */
export function rowsByTrace(batch: SkeletonBatch): Map<string, number[]> {
  const { traceIds, length } = batch;
  const words = new Uint32Array(traceIds.buffer);
  const traces = new Map<string, number[]>();
  let rows: number[] = [];
  for (let row = 0; row < length; row++) {
    // Mostly it is the trace of the row before: the table is sorted by trace.
    if (row === 0 || !isSame(words, 4, row, row - 1)) {
      const id = batch.traceId(row);
      const known = traces.get(id);
      rows = known ?? [];
      if (known === undefined) traces.set(id, rows);
    }
    rows.push(row);
  }
  return traces;
}

/** Whether two items of so many words are the same. */
function isSame(words: Uint32Array, width: number, a: number, b: number): boolean {
  for (let i = 0; i < width; i++) if (words[width * a + i] !== words[width * b + i]) return false;
  return true;
}

/** A trace's rows by start, then span id, then whatever else they differ in. Of rows with the same (span
 * id, kind, service), which a sender's retry leaves behind, the first one counts. */
export function spansInOrder(batch: SkeletonBatch, rows: readonly number[]): Uint32Array {
  const { startUnixNano, spanId } = batch;
  const starts = new Uint32Array(startUnixNano.buffer);
  const byStart = (a: number, b: number): number =>
    starts[2 * a + 1]! - starts[2 * b + 1]! || starts[2 * a]! - starts[2 * b]!;
  const bySpanId = (a: number, b: number): number => {
    for (let i = 0; i < 8; i++) {
      const difference = spanId[8 * a + i]! - spanId[8 * b + i]!;
      if (difference !== 0) return difference;
    }
    return 0;
  };
  const sorted = rows.toSorted((a, b) => byStart(a, b) || bySpanId(a, b) || byRest(batch, a, b));
  return Uint32Array.from(withoutRepeats(batch, sorted));
}

function byRest(batch: SkeletonBatch, a: number, b: number): number {
  const byKind = batch.kind[a]! - batch.kind[b]!;
  if (byKind !== 0) return byKind;
  const rest = (row: number): string =>
    `${batch.text("service", row)} ${batch.text("name", row)} ${batch.durationNano[row]}`;
  const [x, y] = [rest(a), rest(b)];
  return x < y ? -1 : Number(x > y);
}

function withoutRepeats(batch: SkeletonBatch, rows: readonly number[]): readonly number[] {
  const words = new Uint32Array(batch.spanId.buffer);
  const { kind } = batch;
  const isRepeat = (row: number, other: number): boolean =>
    isSame(words, 2, row, other) &&
    kind[row] === kind[other] &&
    batch.text("service", row) === batch.text("service", other);
  const seen = new Map<number, number[]>();
  return rows.filter((row) => {
    const hash = (words[2 * row]! ^ Math.imul(words[2 * row + 1]!, 0x9e3779b1)) >>> 0;
    const known = seen.get(hash);
    if (known === undefined) seen.set(hash, [row]);
    else if (known.some((other) => isRepeat(row, other))) return false;
    else known.push(row);
    return true;
  });
}
