/** Traces out of files: those that somebody opens, and the one that a page carries with it. */
import { Fault } from "../../../base/fault.ts";
import type { Trace } from "../../../model/trace.ts";
import { readTraceFile } from "../../../wire/trace-file/read-trace-file.ts";

/** A file that somebody opened. */
export interface TraceFile {
  readonly name: string;
  readonly content: Blob;
}

/** One of the traces in a file. */
export interface TraceInFile {
  readonly traceId: string;
  readonly spanCount: number;
  /** Of its earliest span without a parent, or of its first. */
  readonly name: string;
}

/** What a browser makes a string of at most. */
const MOST_BYTES = 500e6;

/** Reads the traces of a file, which may be compressed with gzip. Throws Fault that names the file and
 * what is wrong with it. */
export async function readFileTraces({ name, content }: TraceFile): Promise<readonly Trace[]> {
  try {
    return readTraceFile(await textOf(content));
  } catch (error) {
    if (!(error instanceof Fault))
      throw new Fault("invalid", `${name} could not be read`, { cause: error });
    throw new Fault(error.code, `${name}: ${error.message}`, { cause: error });
  }
}

/** The trace that a page carries: written by ourselves, it is not checked. */
export async function readCarried(content: Blob): Promise<Trace> {
  return JSON.parse(await textOf(content)) as Trace;
}

/** What a trace is among others. */
export function briefly({ traceId, spans }: Trace): TraceInFile {
  const root = spans.find(({ parentSpanId }) => parentSpanId === undefined) ?? spans[0];
  return { traceId, spanCount: spans.length, name: root?.name ?? "" };
}

async function textOf(content: Blob): Promise<string> {
  const [first, second] = new Uint8Array(await content.slice(0, 2).arrayBuffer());
  const isGzip = first === 0x1f && second === 0x8b;
  if (!isGzip && content.size > MOST_BYTES) {
    throw new Fault("tooLarge", `${Math.round(content.size / 1e6)} MB is more than can be opened`);
  }
  if (!isGzip) return content.text();
  const plain = content.stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(plain).text();
}
