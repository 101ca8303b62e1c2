/**
 * The memory of a gRPC call's request from its first byte on. grpc-js keeps the parts of a message
 * and decompresses it without asking anybody; so this listens beside it, and decompresses instead.
 * That needs two inner members of its calls, which the tests of the door hold it to.
 */
import assert from "node:assert/strict";
import { constants, type ServerHttp2Stream } from "node:http2";
import type { ServerInterceptingCallInterface } from "@grpc/grpc-js";
import { Fault } from "../base/fault.ts";
import type { Lease } from "../base/memory-budget.ts";
import { inflate } from "./body.ts";

const FRAME_HEAD_BYTES = 5; // compressed or not, and the message's length

interface CallInternals {
  readonly stream: ServerHttp2Stream;
  decompressMessage(message: Buffer, encoding: string): Promise<Buffer>;
}

interface IntakeOptions {
  readonly bodyBytes: number;
  readonly memory: Lease;
  /** Answers the call with this; nothing more of it is taken then. */
  readonly refuse: (fault: Fault) => void;
  /** Called if the client gives the call up before it is answered. */
  readonly onAborted: () => void;
  /** Called when nothing more comes of the call. */
  readonly onOver: () => void;
}

/** Holds the memory of a call's request until the call is over; what it gives back is to be
 * called when the call has been answered. */
export function guardIntake(
  call: ServerInterceptingCallInterface,
  { bodyBytes, memory, refuse, onAborted, onOver }: IntakeOptions,
): () => void {
  const internals = call as unknown as CallInternals;
  const { stream } = internals;
  assert.ok(
    stream !== undefined && internals.decompressMessage !== undefined,
    "grpc-js has changed",
  );
  let headBytes = FRAME_HEAD_BYTES; // not yet seen
  let isOver = false;
  const release = (): void => {
    isOver = true;
    memory.free();
  };
  const give = (error: unknown): void => {
    const wasOver = isOver;
    release();
    if (!wasOver) refuse(error as Fault);
  };
  stream.on("data", (part: Buffer) => {
    if (isOver) return;
    const bytes = Math.max(0, part.length - headBytes);
    headBytes -= part.length - bytes;
    try {
      memory.add(bytes);
    } catch (error) {
      give(error);
    }
  });
  stream.once("aborted", onAborted);
  stream.once("close", () => {
    release();
    onOver();
  });
  internals.decompressMessage = async (message, encoding) => {
    const compressed = message.subarray(FRAME_HEAD_BYTES);
    if (encoding === "identity") return compressed;
    let bytes = 0;
    try {
      const inflated = await inflate(compressed, encoding, (part) => {
        bytes += part;
        if (bytes > bodyBytes) {
          const problem = `message decompresses to something larger than ${bodyBytes} bytes`;
          throw new Fault("tooLarge", problem);
        }
        memory.add(part);
      });
      memory.giveBack(compressed.length);
      return inflated;
    } catch (error) {
      give(error);
      return new Promise(() => {}); // refused: nobody waits for the message any more
    }
  };
  return () => {
    release();
    // Answered before the request's end: the rest is not wanted, and its stream not to be kept.
    if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
  };
}
