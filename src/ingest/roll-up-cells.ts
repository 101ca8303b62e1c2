import { grown } from "../base/growable.ts";
import { bucketOf, buckets } from "../model/latency-buckets.ts";
import { EXEMPLAR_BYTES, exemplarGroup } from "../model/roll-up.ts";
import type { SpanColumns } from "../model/span-columns.ts";

const TWO_32 = 2 ** 32;
const CHUNK_BITS = 6;
const CHUNK = 1 << CHUNK_BITS;
const CHUNKS_A_ROW = Math.ceil(buckets.count / CHUNK);

/**
 * The durations of each row by bucket, and a span of each. A row's buckets lie close together, so it has
 * few chunks of 64 of them: finding one takes no search, and they come in order.
 */
export class Cells {
  /** By row and chunk: where the chunk is, plus one. */
  #chunkOf = new Uint32Array(CHUNKS_A_ROW * 1024);
  #chunks = 0;
  #calls = new Uint32Array(CHUNK * 4096);
  /** The first span that came, in cells with calls. */
  #span = new Uint32Array(CHUNK * 4096);
  /** As long as `#calls` once something is unseen. */
  #unseen = new Float64Array(0);

  add(row: number, nano: number, unseen: number, span: number): void {
    const bucket = bucketOf(nano) - buckets.lowest;
    const place = row * CHUNKS_A_ROW + (bucket >> CHUNK_BITS);
    let chunk = place < this.#chunkOf.length ? this.#chunkOf[place]! : 0;
    if (chunk === 0) chunk = this.#newChunk(place);
    const cell = ((chunk - 1) << CHUNK_BITS) + (bucket & (CHUNK - 1));
    if (this.#calls[cell]!++ === 0) this.#span[cell] = span;
    if (unseen > 0) {
      this.#unseen = grown(this.#unseen, this.#calls.length);
      this.#unseen[cell]! += unseen;
    }
  }

  #newChunk(place: number): number {
    const chunk = ++this.#chunks;
    this.#chunkOf = grown(this.#chunkOf, place + 1);
    this.#chunkOf[place] = chunk;
    if (chunk * CHUNK > this.#calls.length) {
      this.#calls = grown(this.#calls, chunk * CHUNK);
      this.#span = grown(this.#span, chunk * CHUNK);
    }
    return chunk;
  }

  /** All cells by row and bucket, and of each group of buckets the first one's span. */
  finish(rows: number, columns: SpanColumns) {
    const most = Math.min(this.#chunks * CHUNK, columns.length);
    const cellEnds = new Uint32Array(rows);
    const bucket = new Int16Array(most);
    const cellCalls = new Uint32Array(most);
    const cellUnseen = new Float64Array(most);
    const exemplars = new Exemplars(rows, most, columns);
    let cells = 0;
    for (let row = 0; row < rows; row++) {
      for (let i = 0; i < CHUNKS_A_ROW; i++) {
        const chunk = this.#chunkOf[row * CHUNKS_A_ROW + i]!;
        if (chunk === 0) continue;
        for (let j = 0; j < CHUNK; j++) {
          const cell = ((chunk - 1) << CHUNK_BITS) + j;
          if (this.#calls[cell] === 0) continue;
          bucket[cells] = buckets.lowest + (i << CHUNK_BITS) + j;
          cellCalls[cells] = this.#calls[cell]!;
          cellUnseen[cells] = this.#unseen[cell] ?? 0;
          exemplars.offer(row, bucket[cells]!, this.#span[cell]!);
          cells++;
        }
      }
      cellEnds[row] = cells;
    }
    return {
      cellEnds,
      bucket: bucket.subarray(0, cells),
      cellCalls: cellCalls.subarray(0, cells),
      cellUnseen: cellUnseen.subarray(0, cells),
      ...exemplars.finish(),
    };
  }
}

/** For each row and group of buckets the first span that is offered. */
class Exemplars {
  readonly #columns: SpanColumns;
  readonly #ends: Uint32Array;
  readonly #groups: Int16Array;
  readonly #spans: Uint32Array;
  #count = 0;
  #row = -1;

  constructor(rows: number, most: number, columns: SpanColumns) {
    this.#columns = columns;
    this.#ends = new Uint32Array(rows);
    this.#groups = new Int16Array(most);
    this.#spans = new Uint32Array(most);
  }

  /** Rows come in order, and a row's buckets too. */
  offer(row: number, bucket: number, span: number): void {
    const group = exemplarGroup(bucket);
    if (row === this.#row && this.#groups[this.#count - 1] === group) return;
    this.#row = row;
    this.#groups[this.#count] = group;
    this.#spans[this.#count++] = span;
    this.#ends[row] = this.#count;
  }

  finish() {
    const { traceId, spanId } = this.#columns;
    const exemplarId = new Uint8Array(this.#count * EXEMPLAR_BYTES);
    const exemplarNano = new Float64Array(this.#count);
    // Plain loops: iterators and callbacks on typed arrays take many times as long.
    for (let i = 0, to = 0; i < this.#count; i++) {
      const span = this.#spans[i]!;
      exemplarNano[i] = nanoOf(this.#columns, span);
      for (let from = span * 16; from < span * 16 + 16; from++) exemplarId[to++] = traceId[from]!;
      for (let from = span * 8; from < span * 8 + 8; from++) exemplarId[to++] = spanId[from]!;
    }
    return {
      exemplarEnds: this.#ends,
      exemplarGroup: this.#groups.subarray(0, this.#count),
      exemplarId,
      exemplarNano,
    };
  }
}

/** A span's duration in nanoseconds; 0 if it ends before it starts. */
export function nanoOf(
  { startUnixNano: start, endUnixNano: end }: SpanColumns,
  span: number,
): number {
  const high = end[2 * span + 1]! - start[2 * span + 1]!;
  const nano = high * TWO_32 + (end[2 * span]! - start[2 * span]!);
  return nano > 0 ? nano : 0;
}
