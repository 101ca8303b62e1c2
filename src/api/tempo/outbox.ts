import { type Message, objectToProto } from "../../wire/proto-json.ts";
import type { JsonObject } from "../../wire/tempo/without-defaults.ts";

/** Clients take 4 MiB by default; Tempo keeps to this. */
const MESSAGE_BYTES = 2 ** 20;

/**
 * What is to be sent on a stream: items of one repeated field, cut into messages of a size that clients
 * take, with the other fields in the last of them. While one message is on its way, what is added waits
 * and goes together.
 */
export class Outbox {
  readonly #send: (message: Uint8Array) => Promise<void>;
  readonly #message: Message;
  readonly #field: string;
  #items: JsonObject[] = [];
  #rest: JsonObject | undefined;
  #sending: Promise<void> = Promise.resolve();
  #isSending = false;
  #failure: unknown;

  constructor(send: (message: Uint8Array) => Promise<void>, message: Message, field: string) {
    this.#send = send;
    this.#message = message;
    this.#field = field;
  }

  /** Something is on its way. */
  get isBusy(): boolean {
    return this.#isSending;
  }

  /** Sends items and the other fields, which replace those that still wait. */
  add(items: readonly JsonObject[], rest: JsonObject): void {
    for (const item of items) this.#items.push(item);
    this.#rest = rest;
    if (!this.#isSending) this.#sending = this.#sendAll();
  }

  /** Settles when everything is sent; rejects if something could not be. */
  async end(): Promise<void> {
    await this.#sending;
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    try {
      while (this.#rest !== undefined) {
        const [items, rest] = [this.#items, this.#rest];
        [this.#items, this.#rest] = [[], undefined];
        for (const part of this.#parts(items, rest)) await this.#send(part);
      }
    } catch (error) {
      this.#failure ??= error;
    }
    this.#isSending = false;
  }

  /** A message is the sum of its fields' bytes, so parts of it are messages. */
  *#parts(items: readonly JsonObject[], rest: JsonObject): Generator<Uint8Array> {
    let parts: Uint8Array[] = [];
    let bytes = 0;
    for (const item of items) {
      const part = objectToProto({ [this.#field]: [item] }, this.#message);
      if (bytes > 0 && bytes + part.length > MESSAGE_BYTES) {
        yield Buffer.concat(parts);
        [parts, bytes] = [[], 0];
      }
      parts.push(part);
      bytes += part.length;
    }
    yield Buffer.concat([...parts, objectToProto(rest, this.#message)]);
  }
}
