/** Reads a request's body within limits, whatever it is compressed with. */
import type { IncomingMessage } from "node:http";
import type { Readable, Transform } from "node:stream";
import { constants, createGunzip, createInflate, createZstdDecompress } from "node:zlib";
import { Fault } from "../base/fault.ts";
import type { Lease } from "../base/memory-budget.ts";

/** How large a body may be. */
export interface BodyLimits {
  /** Bytes of one body as it comes over the wire; more is a Fault "tooLarge". */
  readonly wireBytes: number;
  /** Bytes of one body after decompression; more is a Fault "tooLarge". */
  readonly bodyBytes: number;
}

// Decompression hands out pieces of this size. The default of 16 kB means four times as many
// round trips to zlib's thread; much more would be wasted on the usual body of some 100 kB.
const CHUNK_BYTES = 64 * 1024;

// A zstd frame names the memory it needs, up to 2 GB; RFC 9659 allows 8 MB (2^23) in HTTP.
const ZSTD_WINDOW_LOG = 23;

const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip({ chunkSize: CHUNK_BYTES }),
  "x-gzip": () => createGunzip({ chunkSize: CHUNK_BYTES }),
  deflate: () => createInflate({ chunkSize: CHUNK_BYTES }),
  zstd: () =>
    createZstdDecompress({
      chunkSize: CHUNK_BYTES,
      params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG },
    }),
};

/**
 * The whole body of `request`, decompressed as its Content-Encoding says. Nothing is inflated
 * beyond the limit. What it returns is held by `memory`, which is the caller's to free.
 *
 * Throws Fault: "unsupported" for an unknown encoding, "tooLarge" beyond a limit, "exhausted"
 * without memory, "invalid" for corrupt or truncated data and if the sender goes away. After a
 * throw the rest of the body is left unread, so that an answer can go out: resume the request then.
 */
export async function readBody(
  request: IncomingMessage,
  limits: BodyLimits,
  memory: Lease,
): Promise<Buffer> {
  const encoding = (request.headers["content-encoding"] ?? "identity").trim().toLowerCase();
  const decoder = createDecoder(encoding);
  const announced = Number(request.headers["content-length"] ?? 0);
  if (announced > limits.wireBytes) throw wireTooLarge(limits);
  const taken: Taken = { parts: [], bytes: 0, wireBytes: 0 };
  try {
    await collect(request, decoder, { taken, limits, memory });
  } catch (error) {
    memory.free();
    // No bytes at all are an empty body in every encoding, although zlib calls them cut short.
    if (taken.wireBytes === 0 && request.complete) return Buffer.alloc(0);
    if (error instanceof Fault) throw error;
    throw new Fault("invalid", `body is not valid ${encoding}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return taken.parts.length === 1 ? taken.parts[0]! : Buffer.concat(taken.parts, taken.bytes);
}

/**
 * `bytes` without their compression; `take` is told of every part before it is kept, and may throw.
 * Throws Fault "unsupported" for an unknown encoding, "invalid" for corrupt or truncated data.
 */
export async function inflate(
  bytes: Uint8Array,
  encoding: string,
  take: (partBytes: number) => void,
): Promise<Buffer> {
  const decoder = createDecoder(encoding);
  if (decoder === undefined) return Buffer.from(bytes);
  const parts: Buffer[] = [];
  try {
    decoder.end(bytes);
    for await (const part of decoder as AsyncIterable<Buffer>) {
      take(part.length);
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof Fault) throw error;
    const problem = error instanceof Error ? error.message : String(error);
    throw new Fault("invalid", `message is not valid ${encoding}: ${problem}`, { cause: error });
  }
  return Buffer.concat(parts);
}

interface Taken {
  readonly parts: Buffer[];
  bytes: number;
  wireBytes: number;
}

interface Collecting {
  readonly taken: Taken;
  readonly limits: BodyLimits;
  readonly memory: Lease;
}

function createDecoder(encoding: string): Transform | undefined {
  if (encoding === "" || encoding === "identity") return undefined;
  const create = Object.hasOwn(decoders, encoding) ? decoders[encoding] : undefined;
  if (create !== undefined) return create();
  const known = "gzip, deflate, zstd or identity";
  throw new Fault("unsupported", `Content-Encoding "${encoding}" is not one of ${known}`);
}

function wireTooLarge(limits: BodyLimits): Fault {
  return new Fault("tooLarge", `body is larger than ${limits.wireBytes} bytes`);
}

function goneAfter(bytes: number): Fault {
  return new Fault("invalid", `the sender closed the connection after ${bytes} bytes of its body`);
}

/** Settles when the body is in `taken`, or at the first thing that is wrong with it. */
function collect(
  request: IncomingMessage,
  decoder: Transform | undefined,
  { taken, limits, memory }: Collecting,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  if (request.destroyed && !request.complete) reject(goneAfter(0));
  const decoded: Readable = decoder ?? request;
  const keep = (part: Buffer) => {
    if (taken.bytes + part.length > limits.bodyBytes) {
      const after = decoder === undefined ? "" : " after decompression";
      throw new Fault("tooLarge", `body is larger than ${limits.bodyBytes} bytes${after}`);
    }
    memory.add(part.length);
    taken.bytes += part.length;
    taken.parts.push(part);
  };
  const onWire = (part: Buffer) => {
    taken.wireBytes += part.length;
    if (taken.wireBytes > limits.wireBytes) reject(wireTooLarge(limits));
  };
  const onDecoded = (part: Buffer) => {
    try {
      keep(part);
    } catch (error) {
      reject(error);
    }
  };
  const onGone = () => reject(goneAfter(taken.wireBytes));
  const onClose = () => {
    if (!request.complete) onGone();
  };
  request.on("data", onWire).on("close", onClose).on("error", onGone);
  decoded.on("data", onDecoded).on("end", resolve);
  decoder?.on("error", reject);
  if (decoder !== undefined) request.pipe(decoder);
  return promise.finally(() => {
    request.off("data", onWire).off("close", onClose);
    decoded.off("data", onDecoded).off("end", resolve);
    // "error" listeners stay: a connection that breaks later is no reason to crash.
    if (decoder !== undefined) request.unpipe(decoder);
    decoder?.destroy();
    if (!request.complete) request.pause();
  });
}
