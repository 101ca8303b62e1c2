/**
 * Makes new traces of a template: writes ids, times, digits and numbers into its bytes. All ids follow from
 * the run and the trace's number, so that whoever knows these knows them too. It costs next to nothing, so
 * that the machine is left to what is measured.
 */
import { mix32 } from "./random.ts";
import type { RequestTemplate } from "./template-writer.ts";

/** What tells the traces of one run from those of any other. */
export interface Run {
  readonly seed: number;
  /** When it began, in milliseconds: the same seed twice makes different traces of the same shape. */
  readonly startedMs: number;
}

/** When and as which traces a template is sent. */
export interface Stamp {
  readonly run: Run;
  /** Number of its first trace in this run; the others follow. */
  readonly firstTrace: number;
  /** Before this, in milliseconds since 1970, its traces have ended. */
  readonly endMs: number;
}

/** Traces of one template last 0.75 to 1.5 times as long as it says, each in its own way. */
const STRETCH_LEAST = 0.75;
const STRETCH_RANGE = 0.75;
/** Users are fewer than spans: digits of a whole trace come from a million, those of a span from 2^32. */
const TRACE_DIGITS_MASK = 0xfffff;
const TWO_32 = 2 ** 32;
const GOLDEN = 0x9e3779b1;

const hexPairs = Uint16Array.from({ length: 256 }, (_, byte) =>
  Buffer.from(byte.toString(16).padStart(2, "0")).readUInt16BE(),
);

/** Writes into the template's bytes; what was there before is gone. */
export function stamp(template: RequestTemplate, { run, firstTrace, endMs }: Stamp): void {
  const { bytes, traceSpans, traceDurationNano } = template;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const count = traceSpans.length;
  const words = new Uint32Array(count * 4);
  const stretch = new Float64Array(count);
  const base = new Uint32Array(count * 2);
  for (let trace = 0; trace < count; trace++) {
    setWords(words, { at: trace * 4, run, trace: firstTrace + trace });
    const chance = words[trace * 4 + 1]! / TWO_32;
    stretch[trace] = STRETCH_LEAST + chance * STRETCH_RANGE;
    const lengthNano = Math.ceil(traceDurationNano[trace]! * stretch[trace]!);
    // Milliseconds are exact as a number, nanoseconds are not: the halves are made one by one.
    const startNano = BigInt(Math.floor(endMs)) * 1_000_000n - BigInt(lengthNano);
    base[trace * 2] = Number(startNano & 0xffff_ffffn);
    base[trace * 2 + 1] = Number(startNano >> 32n);
  }
  stampIds(template, view, words);
  stampTimes(template, view, { stretch, base });
  stampValues(template, view, words);
}

/** Four 32-bit words of a trace's id. The first is different for every trace of a run. */
function setWords(
  words: Uint32Array,
  { at, run, trace }: { at: number; run: Run; trace: number },
): void {
  const startedLow = run.startedMs % TWO_32;
  const startedHigh = Math.floor(run.startedMs / TWO_32);
  const runWord = mix32(mix32(run.seed % TWO_32) ^ startedLow) ^ startedHigh;
  words[at] = mix32(trace ^ runWord);
  words[at + 1] = mix32(words[at] ^ mix32(runWord + 1));
  words[at + 2] = mix32(Math.imul(trace, GOLDEN) ^ startedLow);
  words[at + 3] = mix32(words[at + 2]! ^ words[at + 1]!) | 1; // no id is all zeros
}

function stampIds({ traceIds, spanIds }: RequestTemplate, view: DataView, words: Uint32Array) {
  for (let i = 0; i < traceIds.at.length; i++) {
    const at = traceIds.at[i]!;
    const word = traceIds.trace[i]! * 4;
    view.setUint32(at, words[word]!);
    view.setUint32(at + 4, words[word + 1]!);
    view.setUint32(at + 8, words[word + 2]!);
    view.setUint32(at + 12, words[word + 3]!);
  }
  for (let i = 0; i < spanIds.at.length; i++) {
    const at = spanIds.at[i]!;
    const word = spanIds.trace[i]! * 4;
    // Within a trace the first half is different for every span.
    const first = mix32(words[word]! + Math.imul(spanIds.what[i]!, GOLDEN));
    view.setUint32(at, first);
    view.setUint32(at + 4, mix32(first ^ words[word + 2]!) | 1);
  }
}

function stampTimes(
  { times }: RequestTemplate,
  view: DataView,
  { stretch, base }: { stretch: Float64Array; base: Uint32Array },
): void {
  for (let i = 0; i < times.at.length; i++) {
    const trace = times.trace[i]!;
    // Rounded down all alike: what was inside of something else still is.
    const since = Math.floor(times.what[i]! * stretch[trace]!);
    const low = base[trace * 2]! + (since >>> 0);
    const high = base[trace * 2 + 1]! + Math.floor(since / TWO_32) + (low >= TWO_32 ? 1 : 0);
    view.setUint32(times.at[i]!, low, true);
    view.setUint32(times.at[i]! + 4, high, true);
  }
}

function stampValues(
  { digits, integers, doubles }: RequestTemplate,
  view: DataView,
  words: Uint32Array,
): void {
  for (let i = 0; i < digits.at.length; i++) {
    const at = digits.at[i]!;
    const what = digits.what[i]!;
    const word = words[digits.trace[i]! * 4 + 2]!;
    const value = what === 0 ? word & TRACE_DIGITS_MASK : mix32(word + Math.imul(what, GOLDEN));
    view.setUint16(at, hexPairs[value >>> 24]!);
    view.setUint16(at + 2, hexPairs[(value >>> 16) & 0xff]!);
    view.setUint16(at + 4, hexPairs[(value >>> 8) & 0xff]!);
    view.setUint16(at + 6, hexPairs[value & 0xff]!);
  }
  for (let i = 0; i < integers.at.length; i++) {
    const value = mix32(words[integers.trace[i]! * 4]! - integers.what[i]!);
    // A varint of two bytes: the upper seven bits must not be all zeros.
    view.setUint8(integers.at[i]!, 0x80 | (value & 0x7f));
    view.setUint8(integers.at[i]! + 1, ((value >>> 7) % 0x7f) + 1);
  }
  for (let i = 0; i < doubles.at.length; i++) {
    const value = mix32(words[doubles.trace[i]! * 4]! ^ doubles.what[i]!);
    view.setFloat64(doubles.at[i]!, (value % 100_000) / 100, true);
  }
}

/** The id of a run's trace by its number, as 32 hex digits. */
export function traceIdOf(run: Run, trace: number): string {
  const words = new Uint32Array(4);
  setWords(words, { at: 0, run, trace });
  return Array.from(words, (word) => word.toString(16).padStart(8, "0")).join("");
}
