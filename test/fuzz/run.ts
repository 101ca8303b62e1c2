/** The fuzzer: makes inputs from a seed, checks each, says which ones fail and what it all cost. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Fault } from "../../src/base/fault.ts";
import { tracesData } from "../../src/wire/otlp/messages.ts";
import type { Message } from "../../src/wire/proto-json.ts";
import { type Corpus, makeCorpus } from "./corpus.ts";
import { mutateBytes, mutateJson, mutateTree } from "./mutate.ts";
import { Checker, type Input, type Outcome } from "./properties.ts";
import { parseTree, writeTree } from "./proto-tree.ts";
import { type Random, randomFor } from "./random.ts";

/** An input that broke a property, as small as a few tries make it. */
export interface Failure {
  readonly index: number;
  readonly input: Input;
  readonly error: Error;
}

/** What a run found and measured. */
export interface Report {
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly failures: readonly Failure[];
  readonly bytes: number;
  /** The slowest input, by milliseconds for each kB of it (and an input of less counts as one). */
  readonly slowest: { readonly index: number; readonly msPerKilobyte: number };
  /** Memory after the first part of the inputs, after half of them and after all, garbage collected. */
  readonly memory: { readonly early: Memory; readonly half: Memory; readonly late: Memory };
}

/** Resident memory of the process, and what of it is in use by objects and buffers. */
interface Memory {
  readonly rssBytes: number;
  readonly usedBytes: number;
}

interface RunOptions {
  readonly inputs: number;
  readonly seed: number;
  readonly onProgress?: (done: number) => void;
}

/** CPU time an input may take for each kB, everything that is checked about it included. */
export const MAX_MS_PER_KILOBYTE = 50;
const EARLY_INPUTS = 50_000;
const MAX_FAILURES = 10;
const PROGRESS_EVERY = 10_000;

/** Checks so many inputs; stops early at ten failures. */
export async function runFuzz({ inputs, seed, onProgress }: RunOptions): Promise<Report> {
  const corpus = await makeCorpus(seed);
  const checker = new Checker();
  const outcomes = { accepted: 0, partly: 0, refused: 0 };
  const failures: Failure[] = [];
  let bytes = 0;
  let slowest = { index: 0, msPerKilobyte: 0 };
  let early: Memory | undefined;
  let half: Memory | undefined;
  for (let index = 0; index < inputs && failures.length < MAX_FAILURES; index++) {
    const { input, isValid } = makeInput(randomFor(seed, index), corpus);
    bytes += input.bytes.length;
    try {
      const { outcome, ms } = timed(checker, input);
      outcomes[outcome]++;
      if (isValid && outcome === "refused") throw new Error("a valid request is refused");
      const msPerKilobyte = ms / Math.max(1, input.bytes.length / 1024);
      if (msPerKilobyte > slowest.msPerKilobyte) slowest = { index, msPerKilobyte };
      if (msPerKilobyte > MAX_MS_PER_KILOBYTE) throw new Error(`${msPerKilobyte} ms for a kB`);
    } catch (error) {
      failures.push({ index, ...minimised(input, error as Error) });
    }
    if ((index + 1) % PROGRESS_EVERY === 0) onProgress?.(index + 1);
    if (index + 1 === Math.min(EARLY_INPUTS, inputs)) early = memoryInUse();
    if (index + 1 === Math.ceil(inputs / 2)) half = memoryInUse();
  }
  const late = memoryInUse();
  return {
    outcomes,
    failures,
    bytes,
    slowest,
    memory: { early: early ?? late, half: half ?? late, late },
  };
}

/** CPU time of this thread, which is the same however busy the machine is. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** What a check says and how long it took: the best of three if it seems slow, since the garbage
 * collector has moods. */
function timed(checker: Checker, input: Input): { outcome: Outcome; ms: number } {
  let best = Infinity;
  for (let attempt = 0; ; attempt++) {
    const start = cpuMs();
    const outcome = checker.check(input);
    best = Math.min(best, cpuMs() - start);
    const allowed = (MAX_MS_PER_KILOBYTE / 2) * Math.max(1, input.bytes.length / 1024);
    if (best < allowed || attempt === 2) return { outcome, ms: best };
  }
}

/** The message of a field's values, by the names on the way to it. */
function messageAt(path: readonly string[]): Message {
  return path.reduce((message, name) => message[name]!.message!(), tracesData);
}

const anyValue = messageAt(["resourceSpans", "resource", "attributes", "value"]);

/** One input in ten thousand ways: as it is, changed as a tree or as bytes, or nothing but noise. */
function makeInput(random: Random, corpus: Corpus): { input: Input; isValid: boolean } {
  const way = random.below(20);
  if (way < 5) {
    const json = random.pick(corpus.json);
    const isValid = random.oneIn(40);
    const text = isValid ? json : mutateJson(random, json, random.pick(corpus.json));
    return { input: { kind: "json", bytes: Buffer.from(text) }, isValid };
  }
  const request = random.pick(corpus.protobuf);
  const other = random.pick(corpus.protobuf);
  if (way < 9) {
    const value = random.pick(anyValuesOf(corpus));
    const bytes = changed(
      random,
      { bytes: value, other: random.pick(anyValuesOf(corpus)) },
      anyValue,
    );
    return { input: { kind: "anyValue", bytes }, isValid: false };
  }
  if (way === 9) {
    const noise = random.bytes(random.size(400));
    return { input: { kind: "protobuf", bytes: noise }, isValid: false };
  }
  const isValid = random.oneIn(40);
  const bytes = isValid ? request : changed(random, { bytes: request, other }, tracesData);
  return { input: { kind: "protobuf", bytes }, isValid };
}

interface Pair {
  readonly bytes: Buffer;
  readonly other: Buffer;
}

function changed(random: Random, { bytes, other }: Pair, message: Message): Buffer {
  const way = random.below(10);
  if (way < 3) return mutateBytes(random, bytes, other);
  const tree = parseTree(bytes, message);
  mutateTree(random, tree, parseTree(other, message));
  const written = writeTree(tree);
  return way < 9 ? written : mutateBytes(random, written, other);
}

const anyValues = new WeakMap<Corpus, readonly Buffer[]>();

/** Every attribute value in the corpus, as encoded. */
function anyValuesOf(corpus: Corpus): readonly Buffer[] {
  let values = anyValues.get(corpus);
  if (values === undefined) {
    values = corpus.protobuf.flatMap((bytes) => valuesIn(bytes, tracesData));
    anyValues.set(corpus, values);
  }
  return values;
}

function valuesIn(bytes: Buffer, message: Message): Buffer[] {
  if (message === anyValue) return [bytes];
  return parseTree(bytes, message).flatMap(({ field, children }) => {
    const inner = Object.values(message).find(({ number }) => number === field)?.message;
    return children === undefined || inner === undefined
      ? []
      : valuesIn(writeTree(children), inner());
  });
}

const MINIMISE_TRIES = 400;

/** The input with everything left out that the failure does not need, within some tries. */
function minimised(input: Input, error: Error): { input: Input; error: Error } {
  const failsAs = (bytes: Buffer): Error | undefined => {
    try {
      new Checker().check({ kind: input.kind, bytes });
      return undefined;
    } catch (found) {
      return (found as Error).name === error.name && !(found instanceof Fault)
        ? (found as Error)
        : undefined;
    }
  };
  let best = { input, error };
  let tries = 0;
  for (let chunk = input.bytes.length >>> 1; chunk >= 1; chunk >>>= 1) {
    for (let at = 0; at < best.input.bytes.length && tries < MINIMISE_TRIES; tries++) {
      const { bytes } = best.input;
      const shorter = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + chunk)]);
      const found = failsAs(shorter);
      if (found === undefined) at += chunk;
      else best = { input: { kind: input.kind, bytes: shorter }, error: found };
    }
  }
  return best;
}

let collect: (() => void) | undefined;

function memoryInUse(): Memory {
  if (collect === undefined) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  collect();
  collect();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rssBytes: rss, usedBytes: heapUsed + external };
}
