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
import type { RollUp } from "../model/roll-up.ts";
import { samplingWeight } from "../model/sampling-weight.ts";
import { markBits, type SpanColumns } from "../model/span-columns.ts";
import type { TenantGuards } from "./name-guard.ts";
import { Cells, nanoOf } from "./roll-up-cells.ts";
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

/** Spans that are added up between two chances to do something else: some 0.2 ms. */
const STEP_SPANS = 1000;

/** Adds up all spans of `columns`, in steps of well below a millisecond, but for the last, which takes
 * a few with a hundred thousand spans. */
export function* rollUpSteps(
  columns: SpanColumns,
  options: RollUpOptions,
): Generator<undefined, RollUp> {
  const sums = new Sums(columns, options);
  for (let from = 0; from < columns.length; from += STEP_SPANS) {
    sums.add(from, Math.min(from + STEP_SPANS, columns.length));
    yield;
  }
  return sums.finish();
}

class Sums {
  readonly #columns: SpanColumns;
  readonly #texts = new Interner();
  readonly #operations: OperationNames;
  readonly #dimensions: DimensionTexts;
  readonly #clock = new MinuteClock();
  readonly #rows = new Rows();
  readonly #cells = new Cells();

  constructor(columns: SpanColumns, { guards, dimensions }: RollUpOptions) {
    this.#columns = columns;
    guards.age();
    const texts = this.#texts;
    texts.intern(new Uint8Array(0), 0, 0);
    const source = { columns, texts, guardOf: (tenant: string) => guards.of(tenant) };
    this.#operations = new OperationNames(source);
    this.#dimensions = new DimensionTexts(source, dimensions);
  }

  add(from: number, to: number): void {
    const columns = this.#columns;
    const { startUnixNano: start, kind, statusCode, marks, timeBucket } = columns;
    for (let span = from; span < to; span++) {
      const row = this.#rows.find(
        this.#operations.ofSpan(span),
        (kind[span]! << STATUS_BITS) | statusCode[span]!,
        // What is filed under its arrival is of some minute within five, as far as is known.
        (marks[span]! & WITHOUT_TIME) === 0
          ? this.#clock.minuteOf(start[2 * span]!, start[2 * span + 1]!)
          : timeBucket[span]!,
        this.#dimensions.ofSpan(span),
      );
      const nano = nanoOf(columns, span);
      const unseen = weightOf(columns, span) - 1;
      this.#rows.add(row, nano, columns.encodedBytes[span]!, unseen);
      this.#cells.add(row, nano, unseen, span);
    }
  }

  finish(): RollUp {
    return {
      ...this.#rows.finish(this.#operations),
      ...this.#cells.finish(this.#rows.size, this.#columns),
      texts: this.#texts,
      renamed: this.#operations.renamed(),
    };
  }
}

function weightOf({ traceState, memory }: SpanColumns, span: number): number {
  const from = traceState.from(span);
  const to = traceState.to(span);
  return from === to ? 1 : samplingWeight(memory.values.bytes, from, to);
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
