/**
 * A client's connection to the broker:
 *
 *     client  AMQP 0-9-1   start-ok   tune-ok  open         (channels)        close
 *     broker            start      tune           open-ok                         close-ok
 *
 * Source: AMQP 0-9-1 specification §2.2 and §4.
 */
import type { Socket } from "node:net";
import {
  AmqpError,
  heartbeat,
  protocolHeader,
  readFrame,
  writeContent,
  writeMethod,
} from "./amqp-codec.ts";
import type { Fields, Frame, Method } from "./amqp-codec.ts";
import { BrokerChannel } from "./broker-channel.ts";
import type { MessageQueues } from "./message-queues.ts";

const MAX_CHANNELS = 64;
const MAX_FRAME_BYTES = 128 * 1024;
/** The least that a peer may ask for (§4.2.3). */
const MIN_FRAME_BYTES = 4096;
const HEARTBEAT_SECONDS = 10;

type MethodFrame = Extract<Frame, { kind: "method" }>;
/** What is awaited from the client; "open" is any method, "closing" is connection.close-ok. */
type State =
  | "header"
  | "connectionStartOk"
  | "connectionTuneOk"
  | "connectionOpen"
  | "open"
  | "closing";

/** Serves the client at the other end of the socket until either side ends. */
export function serveClient(socket: Socket, queues: MessageQueues): void {
  const connection = new BrokerConnection(socket, queues);
  socket.setNoDelay(true);
  socket.on("data", (chunk: Buffer) => connection.receive(chunk));
  socket.on("error", () => socket.destroy());
  socket.on("close", () => connection.end());
}

class BrokerConnection {
  readonly #socket: Socket;
  readonly #queues: MessageQueues;
  readonly #channels = new Map<number, BrokerChannel>();
  /** Channels that an error has closed, until the client has said that it knows. */
  readonly #closing = new Set<number>();
  #state: State = "header";
  #unread: Buffer = Buffer.alloc(0);
  #frameBytes = MAX_FRAME_BYTES;
  #beat: NodeJS.Timeout | undefined;
  #silentBeats = 0;

  constructor(socket: Socket, queues: MessageQueues) {
    this.#socket = socket;
    this.#queues = queues;
  }

  receive(chunk: Buffer): void {
    this.#silentBeats = 0;
    this.#unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    try {
      if (this.#state === "header" && !this.#readProtocolHeader()) return;
      for (;;) {
        const read = readFrame(this.#unread, MAX_FRAME_BYTES);
        if (read === undefined) return;
        this.#unread = this.#unread.subarray(read.next);
        this.#accept(read.frame);
      }
    } catch (error) {
      this.#closeConnection(error);
    }
  }

  end(): void {
    clearInterval(this.#beat);
    for (const channel of this.#channels.values()) channel.close();
    this.#channels.clear();
  }

  /** True once it was read. A peer of another protocol is told ours and sent away (§4.2.2). */
  #readProtocolHeader(): boolean {
    const bytes = this.#unread;
    if (
      !protocolHeader.subarray(0, bytes.length).equals(bytes.subarray(0, protocolHeader.length))
    ) {
      this.#socket.end(protocolHeader);
      return false;
    }
    if (bytes.length < protocolHeader.length) return false;
    this.#unread = bytes.subarray(protocolHeader.length);
    this.#state = "connectionStartOk";
    this.#send(0, "connectionStart", {
      serverProperties: {
        product: "clew-demo-broker",
        capabilities: { publisher_confirms: true, "basic.nack": true },
      },
    });
    return true;
  }

  #accept(frame: Frame): void {
    if (frame.kind === "heartbeat") return;
    if (this.#state === "closing") {
      if (frame.kind === "method" && frame.method === "connectionCloseOk") this.#socket.end();
      return;
    }
    if (frame.channel > 0 && this.#state === "open") return this.#acceptOnChannel(frame);
    if (frame.channel > 0 || frame.kind !== "method") {
      throw new AmqpError(505, `frame on channel ${frame.channel} while awaiting ${this.#state}`);
    }
    this.#acceptOnConnection(frame);
  }

  #acceptOnConnection({ method, fields, id }: MethodFrame): void {
    if (method === "connectionClose") {
      this.#send(0, "connectionCloseOk", {});
      this.end();
      this.#socket.end();
      return;
    }
    if (method === undefined || method !== this.#state) {
      const name = method ?? `${id >>> 16}.${id & 0xffff}`;
      throw new AmqpError(503, `${name} while awaiting ${this.#state}`);
    }
    switch (this.#state) {
      case "connectionStartOk": // any name and password will do: only loopback gets here
        this.#state = "connectionTuneOk";
        return this.#send(0, "connectionTune", {
          channelMax: MAX_CHANNELS,
          frameMax: MAX_FRAME_BYTES,
          heartbeat: HEARTBEAT_SECONDS,
        });
      case "connectionTuneOk":
        this.#state = "connectionOpen";
        return this.#tune(fields);
      case "connectionOpen":
        this.#state = "open";
        return this.#send(0, "connectionOpenOk", {});
    }
  }

  #tune(fields: Fields): void {
    const frameBytes = Number(fields["frameMax"]) || MAX_FRAME_BYTES; // 0 is "no limit of mine"
    if (frameBytes < MIN_FRAME_BYTES) throw new AmqpError(530, `frame-max ${frameBytes}`);
    this.#frameBytes = Math.min(frameBytes, MAX_FRAME_BYTES);
    const seconds = Number(fields["heartbeat"]);
    if (seconds === 0) return;
    this.#beat = setInterval(() => {
      this.#silentBeats++;
      // Twice a period: after two periods of silence the client is taken for dead (§4.2.7).
      if (this.#silentBeats > 4) this.#socket.destroy();
      else this.#socket.write(heartbeat);
    }, seconds * 500);
  }

  #acceptOnChannel(frame: Exclude<Frame, { kind: "heartbeat" }>): void {
    const { channel: number } = frame;
    const method = frame.kind === "method" ? frame.method : undefined;
    if (this.#closing.has(number)) {
      if (method === "channelCloseOk") this.#closing.delete(number);
      return; // sent before the client knew
    }
    const channel = this.#channels.get(number);
    if (method === "channelOpen") {
      if (channel !== undefined) throw new AmqpError(504, `channel ${number} is open already`);
      if (number > MAX_CHANNELS) throw new AmqpError(504, `channel ${number} of ${MAX_CHANNELS}`);
      return this.#openChannel(number);
    }
    if (channel === undefined) throw new AmqpError(504, `channel ${number} is not open`);
    if (method === "channelClose") {
      this.#closeChannel(number, channel);
      return this.#send(number, "channelCloseOk", {});
    }
    try {
      channel.accept(frame);
    } catch (error) {
      if (!(error instanceof AmqpError) || error.hard) throw error;
      this.#closeChannel(number, channel);
      this.#closing.add(number);
      this.#send(number, "channelClose", closeFields(error, frame));
    }
  }

  #openChannel(number: number): void {
    const output = {
      method: (method: Method, fields: Fields) => this.#send(number, method, fields),
      deliver: (fields: Fields, message: { readonly header: Buffer; readonly body: Buffer }) => {
        this.#send(number, "basicDeliver", fields);
        this.#socket.write(writeContent(number, message, this.#frameBytes));
      },
    };
    this.#channels.set(number, new BrokerChannel(this.#queues, output));
    this.#send(number, "channelOpenOk", {});
  }

  #closeChannel(number: number, channel: BrokerChannel): void {
    this.#channels.delete(number);
    channel.close();
  }

  /** Tells the client what was wrong and awaits its answer, which a broken one may never give: the
   * heartbeat ends that. What is no AmqpError is our own bug. */
  #closeConnection(error: unknown): void {
    if (this.#state === "closing") return void this.#socket.destroy();
    const problem =
      error instanceof AmqpError ? error : new AmqpError(541, String(error), { cause: error });
    const beforeOpen = this.#state !== "open";
    this.#state = "closing";
    this.#unread = Buffer.alloc(0);
    for (const channel of this.#channels.values()) channel.close();
    this.#channels.clear();
    this.#send(0, "connectionClose", closeFields(problem));
    if (beforeOpen) this.#socket.end(); // nobody beats yet
  }

  #send(channel: number, method: Method, fields: Fields): void {
    if (this.#socket.writable) this.#socket.write(writeMethod(channel, method, fields));
  }
}

function closeFields(error: AmqpError, frame?: Frame): Fields {
  const id = frame?.kind === "method" ? frame.id : 0;
  const replyText = error.message.slice(0, 200);
  return { replyCode: error.code, replyText, classId: id >>> 16, methodId: id & 0xffff };
}
