/**
 * AMQP 0-9-1 frames ↔ bytes. Arguments of methods go through amqplib's own tables, generated from the
 * protocol's definition; its package does not export them, so they are loaded by file.
 * Source: AMQP 0-9-1 specification §4.2 (wire-level format), www.rabbitmq.com/amqp-0-9-1-protocol.
 *
 *     0      1         3             7                  size+7 size+8
 *     │ type │ channel │    size     │     payload      │ end  │
 */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(import.meta.url);
const definitions = require(path.join(path.dirname(require.resolve("amqplib")), "lib/defs.js")) as {
  readonly decode: (id: number, args: Buffer) => Fields;
  readonly encodeMethod: (id: number, channel: number, fields: Fields) => Buffer;
};

/** A method's arguments by name. */
export type Fields = Readonly<Record<string, unknown>>;

/** The methods the broker knows, by class id × 65536 + method id. */
export const methodIds = {
  connectionStart: 0x000a_000a,
  connectionStartOk: 0x000a_000b,
  connectionTune: 0x000a_001e,
  connectionTuneOk: 0x000a_001f,
  connectionOpen: 0x000a_0028,
  connectionOpenOk: 0x000a_0029,
  connectionClose: 0x000a_0032,
  connectionCloseOk: 0x000a_0033,
  channelOpen: 0x0014_000a,
  channelOpenOk: 0x0014_000b,
  channelClose: 0x0014_0028,
  channelCloseOk: 0x0014_0029,
  exchangeDeclare: 0x0028_000a,
  exchangeDeclareOk: 0x0028_000b,
  queueDeclare: 0x0032_000a,
  queueDeclareOk: 0x0032_000b,
  queueBind: 0x0032_0014,
  queueBindOk: 0x0032_0015,
  basicQos: 0x003c_000a,
  basicQosOk: 0x003c_000b,
  basicConsume: 0x003c_0014,
  basicConsumeOk: 0x003c_0015,
  basicCancel: 0x003c_001e,
  basicCancelOk: 0x003c_001f,
  basicPublish: 0x003c_0028,
  basicDeliver: 0x003c_003c,
  basicAck: 0x003c_0050,
  basicReject: 0x003c_005a,
  basicNack: 0x003c_0078,
  confirmSelect: 0x0055_000a,
  confirmSelectOk: 0x0055_000b,
} as const;
export type Method = keyof typeof methodIds;

const methodNames = new Map(
  Object.entries(methodIds).map(([name, id]) => [id as number, name as Method]),
);

/** What travels on a connection, one way or the other. `payload` is a view of the bytes read. */
export type Frame =
  /** `method` is undefined for one that the broker does not know. */
  | {
      readonly kind: "method";
      readonly channel: number;
      readonly id: number;
      readonly method: Method | undefined;
      readonly fields: Fields;
    }
  /** A message's properties, kept as they came, with the number of bytes in its body. */
  | {
      readonly kind: "header";
      readonly channel: number;
      readonly bodyBytes: number;
      readonly payload: Buffer;
    }
  | { readonly kind: "body"; readonly channel: number; readonly payload: Buffer }
  | { readonly kind: "heartbeat" };

/** An AMQP exception: it closes the channel, or the connection if `hard` (§1.2 of the specification). */
export class AmqpError extends Error {
  readonly code: number;
  readonly hard: boolean;
  constructor(code: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AmqpError";
    this.code = code;
    // Every other code of the specification closes the connection.
    this.hard = ![311, 313, 403, 404, 405, 406].includes(code);
  }
}

/** What a client sends first. */
export const protocolHeader = Buffer.from("AMQP\0\0\t\u0001", "latin1");

const HEAD_BYTES = 7;
const END_BYTES = 1;
/** What a frame is longer than its payload. */
const frameOverheadBytes = HEAD_BYTES + END_BYTES;
const FRAME_END = 0xce;

/**
 * The first frame in `bytes` and the offset after it; undefined while it is not all there.
 * Throws AmqpError 501 for what is no frame or one over `maxBytes`, 502 for arguments cut short.
 */
export function readFrame(
  bytes: Buffer,
  maxBytes: number,
): { readonly frame: Frame; readonly next: number } | undefined {
  if (bytes.length < HEAD_BYTES) return undefined;
  const [type, channel, size] = [bytes[0]!, bytes.readUInt16BE(1), bytes.readUInt32BE(3)];
  if (size + frameOverheadBytes > maxBytes) {
    throw new AmqpError(501, `frame of ${size + frameOverheadBytes} bytes, at most ${maxBytes}`);
  }
  const next = HEAD_BYTES + size + END_BYTES;
  if (bytes.length < next) return undefined;
  if (bytes[next - 1] !== FRAME_END) throw new AmqpError(501, "frame without its end octet");
  const payload = bytes.subarray(HEAD_BYTES, HEAD_BYTES + size);
  try {
    return { frame: readPayload(type, channel, payload), next };
  } catch (cause) {
    if (cause instanceof AmqpError) throw cause;
    throw new AmqpError(502, "arguments cut short", { cause });
  }
}

function readPayload(type: number, channel: number, payload: Buffer): Frame {
  switch (type) {
    case 1: {
      const id = payload.readUInt32BE(0);
      const method = methodNames.get(id);
      const fields = method === undefined ? {} : definitions.decode(id, payload.subarray(4));
      return { kind: "method", channel, id, method, fields };
    }
    case 2: {
      const bodyBytes = Number(payload.readBigUInt64BE(4)); // after class id and weight
      return { kind: "header", channel, bodyBytes, payload };
    }
    case 3:
      return { kind: "body", channel, payload };
    case 8:
      return { kind: "heartbeat" };
    default:
      throw new AmqpError(501, `frame of unknown type ${type}`);
  }
}

/** A method's frame. */
export function writeMethod(channel: number, method: Method, fields: Fields): Buffer {
  return definitions.encodeMethod(methodIds[method], channel, fields);
}

/** A message's content, to follow the method that announces it: its header, then its body in as many
 * frames as `maxBytes` a frame makes necessary. */
export function writeContent(
  channel: number,
  content: { readonly header: Buffer; readonly body: Buffer },
  maxBytes: number,
): Buffer {
  const partBytes = maxBytes - frameOverheadBytes;
  assert.ok(partBytes > 0, `no content fits into frames of ${maxBytes} bytes`);
  const frames = [writeFrame(2, channel, content.header)];
  for (let at = 0; at < content.body.length; at += partBytes) {
    frames.push(writeFrame(3, channel, content.body.subarray(at, at + partBytes)));
  }
  return Buffer.concat(frames);
}

/** A heartbeat's frame. */
export const heartbeat = writeFrame(8, 0, Buffer.alloc(0));

function writeFrame(type: number, channel: number, payload: Buffer): Buffer {
  const frame = Buffer.alloc(payload.length + frameOverheadBytes);
  frame.writeUInt8(type, 0);
  frame.writeUInt16BE(channel, 1);
  frame.writeUInt32BE(payload.length, 3);
  payload.copy(frame, HEAD_BYTES);
  frame.writeUInt8(FRAME_END, frame.length - END_BYTES);
  return frame;
}
