/**
 * Adds up the spans of a batch. One pass over numbers: names were interned by the decoder, keys are
 * pairs of pairs of numbers, and most spans are in the row that their operation's last span was in.
 *
 *     tenant, service, name ─▶ operation ─┐
 *     kind, status ───────────────────────┼▶ row ──┐
 *     minute, dimensions ─────────────────┘        ├▶ cell
 *     duration ─▶ bucket ──────────────────────────┘
 *
 * What a batch adds up to depends on the batch, on the guard of names, and on the configuration. A
 * batch that comes again (see `batcher.ts`) may meet another guard; `name-guard.ts` says why that is
 * harmless. The minute, which decides the partition that a row goes to and so which of a table's parts
 * it is deduplicated with, depends on the batch and on how far spans may be dated alone.
 */
import { grown } from "../base/growable.ts";
import { Interner } from "../base/interner.ts";
import { PairTable } from "../base/pair-table.ts";
import { bucketOf, buckets } from "../model/latency-buckets.ts";
import { EXEMPLAR_BYTES, exemplarGroup, type RollUp } from "../model/roll-up.ts";
import { samplingWeight } from "../model/sampling-weight.ts";
import { markBits, type SpanColumns } from "../model/span-columns.ts";
import type { TenantGuards } from "./name-guard.ts";
import { DimensionTexts } from "./roll-up-dimensions.ts";
import { OperationNames } from "./roll-up-names.ts";

/** What a roll-up depends on beside the spans. */
export interface RollUpOptions {
  readonly guards: TenantGuards;
  /** Keys of attributes by which spans are told apart, too; each once. */
  readonly dimensions: readonly string[];
}

const MINUTE_SECONDS = 60;
const WITHOUT_TIME = markBits.farFuture | markBits.farPast;
const STATUS_BITS = 2;
const STATUS_MASK = (1 << STATUS_BITS) - 1;
const NANO_PER_SECOND = 1e9;
const TWO_32 = 2 ** 32;

/** Adds up all spans of `columns`. */
export function rollUpOf(columns: SpanColumns, { guards, dimensions }: RollUpOptions): RollUp {
  guards.age();
  const texts = new Interner();
  texts.intern(new Uint8Array(0), 0, 0);
  const source = { columns, texts, guardOf: (tenant: string) => guards.of(tenant) };
  const operations = new OperationNames(source);
  const dimensionTexts = new DimensionTexts(source, dimensions);
  const clock = new MinuteClock();
  const rows = new Rows();
  const cells = new Cells();
  const { startUnixNano: start, traceState, memory, length } = columns;
  for (let span = 0; span < length; span++) {
    const hasTime = (columns.marks[span]! & WITHOUT_TIME) === 0;
    const row = rows.find(
      operations.ofSpan(span),
      (columns.kind[span]! << STATUS_BITS) | columns.statusCode[span]!,
      // What is filed under its arrival is known to be of some minute within five.
      hasTime ? clock.minuteOf(start[2 * span]!, start[2 * span + 1]!) : columns.timeBucket[span]!,
      dimensionTexts.ofSpan(span),
    );
    const nano = nanoOf(columns, span);
    const stateFrom = traceState.from(span);
    const stateTo = traceState.to(span);
    const weight =
      stateFrom === stateTo ? 1 : samplingWeight(memory.values.bytes, stateFrom, stateTo);
    rows.add(row, nano, columns.encodedBytes[span]!, weight - 1);
    cells.add(row, nano, weight - 1, span);
  }
  return {
    ...rows.finish(operations),
    ...cells.finish(rows.size, columns),
    texts,
    renamed: operations.renamed(),
  };
}

/** The minutes of times in nanoseconds, exactly. */
class MinuteClock {
  #high = -1;
  #seconds = 0;
  #rest = 0;

  /** The beginning of the minute, in seconds since 1970. */
  minuteOf(low: number, high: number): number {
    if (high !== this.#high) {
      // Both are exact: a product with a power of two, and the remainder of a division.
      const nano = high * TWO_32;
      this.#high = high;
      this.#rest = nano % NANO_PER_SECOND;
      this.#seconds = Math.round((nano - this.#rest) / NANO_PER_SECOND);
    }
    const seconds = this.#seconds + Math.floor((this.#rest + low) / NANO_PER_SECOND);
    return seconds - (seconds % MINUTE_SECONDS);
  }
}

/** The rows, and what is added up in each. */
class Rows {
  readonly #outcomes = new PairTable(); // (operation, kind and status)
  readonly #minutes = new PairTable(); // (outcome, minute)
  readonly #rows = new PairTable(); // (minute's, dimensions)
  /** By operation: the row of its last span, plus one. */
  #lastRow = new Uint32Array(1024);
  #operation = new Uint32Array(1024);
  #outcome = new Uint32Array(1024);
  #minute = new Uint32Array(1024);
  #dimensions = new Uint32Array(1024);
  #calls = new Uint32Array(1024);
  #unseen = new Float64Array(1024);
  #durationNano = new Float64Array(1024);
  #unseenDurationNano = new Float64Array(1024);
  #bytes = new Float64Array(1024);

  get size(): number {
    return this.#rows.size;
  }

  find(operation: number, outcome: number, minute: number, dimensions: number): number {
    if (operation >= this.#lastRow.length) this.#lastRow = grown(this.#lastRow, operation + 1);
    const last = this.#lastRow[operation]! - 1;
    if (
      last >= 0 &&
      this.#outcome[last] === outcome &&
      this.#minute[last] === minute &&
      this.#dimensions[last] === dimensions
    ) {
      return last;
    }
    const before = this.#minutes.number(this.#outcomes.number(operation, outcome), minute);
    const known = this.#rows.size;
    const row = this.#rows.number(before, dimensions);
    this.#lastRow[operation] = row + 1;
    if (row < known) return row;
    this.#grow(row + 1);
    this.#operation[row] = operation;
    this.#outcome[row] = outcome;
    this.#minute[row] = minute;
    this.#dimensions[row] = dimensions;
    return row;
  }

  add(row: number, nano: number, bytes: number, unseen: number): void {
    this.#calls[row]!++;
    this.#durationNano[row]! += nano;
    this.#bytes[row]! += bytes;
    if (unseen === 0) return;
    this.#unseen[row]! += unseen;
    this.#unseenDurationNano[row]! += unseen * nano;
  }

  finish(operations: OperationNames) {
    const rows = this.size;
    const names = Array.from({ length: rows }, (_, row) => operations.of(this.#operation[row]!));
    const outcomes = this.#outcome.subarray(0, rows);
    return {
      rows,
      tenant: Uint32Array.from(names, ({ tenant }) => tenant),
      service: Uint32Array.from(names, ({ service }) => service),
      name: Uint32Array.from(names, ({ name }) => name),
      dimensions: this.#dimensions.subarray(0, rows),
      kind: Uint8Array.from(outcomes, (outcome) => outcome >> STATUS_BITS),
      statusCode: Uint8Array.from(outcomes, (outcome) => outcome & STATUS_MASK),
      minute: this.#minute.subarray(0, rows),
      calls: this.#calls.subarray(0, rows),
      unseen: this.#unseen.subarray(0, rows),
      durationNano: this.#durationNano.subarray(0, rows),
      unseenDurationNano: this.#unseenDurationNano.subarray(0, rows),
      bytes: this.#bytes.subarray(0, rows),
    };
  }

  #grow(rows: number): void {
    if (rows <= this.#calls.length) return;
    this.#operation = grown(this.#operation, rows);
    this.#outcome = grown(this.#outcome, rows);
    this.#minute = grown(this.#minute, rows);
    this.#dimensions = grown(this.#dimensions, rows);
    this.#calls = grown(this.#calls, rows);
    this.#unseen = grown(this.#unseen, rows);
    this.#durationNano = grown(this.#durationNano, rows);
    this.#unseenDurationNano = grown(this.#unseenDurationNano, rows);
    this.#bytes = grown(this.#bytes, rows);
  }
}

const CHUNK_BITS = 6;
const CHUNK = 1 << CHUNK_BITS;
const CHUNKS_A_ROW = Math.ceil(buckets.count / CHUNK);

/**
 * The durations of each row by bucket, and a span of each. A row's buckets lie close together, so it has
 * few chunks of 64 of them: finding one takes no search, and they come in order.
 */
class Cells {
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

/** A span's duration; 0 if it ends before it starts. */
function nanoOf({ startUnixNano: start, endUnixNano: end }: SpanColumns, span: number): number {
  const high = end[2 * span + 1]! - start[2 * span + 1]!;
  const nano = high * TWO_32 + (end[2 * span]! - start[2 * span]!);
  return nano > 0 ? nano : 0;
}
