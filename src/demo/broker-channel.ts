/** One channel of a client's connection to the broker: methods in, deliveries out. */
import { randomUUID } from "node:crypto";
import { AmqpError } from "./amqp-codec.ts";
import type { Fields, Frame, Method } from "./amqp-codec.ts";
import type { Consumer, Delivery, Message, MessageQueues } from "./message-queues.ts";

/** How a channel writes to its client. */
export interface ChannelOutput {
  method(method: Method, fields: Fields): void;
  deliver(fields: Fields, message: Message): void;
}

interface Subscription {
  readonly queue: string;
  readonly consumer: Consumer;
}

interface Unsettled {
  readonly delivery: Delivery;
  readonly consumerTag: string;
}

interface Incoming {
  readonly exchange: string;
  readonly routingKey: string;
  header: Buffer | undefined;
  bodyBytes: number;
  readonly parts: Buffer[];
  receivedBytes: number;
}

const MAX_MESSAGE_BYTES = 1024 * 1024;

/** Options that this broker has nothing to offer for, by method: to accept them would be a lie. */
const unsupported: Partial<Record<Method, readonly string[]>> = {
  exchangeDeclare: ["passive", "durable", "autoDelete", "internal"],
  queueDeclare: ["passive", "durable", "autoDelete", "exclusive"],
  basicConsume: ["noLocal", "exclusive"],
  basicPublish: ["mandatory", "immediate"],
};

/** Owns the channel's consumers and what they have not settled yet. */
export class BrokerChannel {
  readonly #queues: MessageQueues;
  readonly #output: ChannelOutput;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #unsettled = new Map<number, Unsettled>();
  #incoming: Incoming | undefined;
  #lastDeliveryTag = 0;
  #prefetchCount = 0;
  /** Number of the last message published; undefined without confirm.select. */
  #published: number | undefined;

  constructor(queues: MessageQueues, output: ChannelOutput) {
    this.#queues = queues;
    this.#output = output;
  }

  /** Does what the frame asks for. Throws AmqpError. */
  accept(frame: Exclude<Frame, { kind: "heartbeat" }>): void {
    switch (frame.kind) {
      case "method":
        if (this.#incoming !== undefined) throw new AmqpError(505, "a message's content is due");
        refuseOptions(frame.method, frame.fields);
        return this.#method(frame.method, frame.fields, frame.id);
      case "header":
        return this.#header(frame.bodyBytes, frame.payload);
      case "body":
        return this.#body(frame.payload);
    }
  }

  /** Consumes no more; what was not settled goes back to its queue. */
  close(): void {
    for (const { queue, consumer } of this.#subscriptions.values()) {
      this.#queues.removeConsumer(queue, consumer);
    }
    this.#subscriptions.clear();
    this.#queues.giveBack(this.#take([...this.#unsettled.keys()]));
  }

  #method(method: Method | undefined, fields: Fields, id: number): void {
    switch (method) {
      case "exchangeDeclare": {
        const type = text(fields, "type");
        if (type !== "direct" && type !== "fanout")
          throw new AmqpError(540, `exchange type ${type}`);
        this.#queues.declareExchange(text(fields, "exchange"), type);
        return this.#reply("exchangeDeclareOk", {}, fields);
      }
      case "queueDeclare": {
        const queue = text(fields, "queue") || `amq.gen-${randomUUID()}`;
        const counts = this.#queues.declareQueue(queue);
        return this.#reply("queueDeclareOk", { queue, ...counts }, fields);
      }
      case "queueBind":
        this.#queues.bind(
          text(fields, "queue"),
          text(fields, "exchange"),
          text(fields, "routingKey"),
        );
        return this.#reply("queueBindOk", {}, fields);
      case "basicQos":
        if (fields["prefetchSize"] !== 0) throw new AmqpError(540, "prefetch size");
        this.#prefetchCount = Number(fields["prefetchCount"]);
        return this.#reply("basicQosOk", {}, fields);
      case "basicConsume":
        return this.#consume(fields);
      case "basicCancel":
        return this.#cancel(fields);
      case "basicPublish":
        this.#incoming = {
          exchange: text(fields, "exchange"),
          routingKey: text(fields, "routingKey"),
          header: undefined,
          bodyBytes: 0,
          parts: [],
          receivedBytes: 0,
        };
        return;
      case "basicAck":
        return this.#queues.settle(this.#named(fields));
      case "basicReject":
      case "basicNack": {
        const deliveries = this.#named(fields);
        if (fields["requeue"] === true) this.#queues.giveBack(deliveries);
        else this.#queues.settle(deliveries);
        return;
      }
      case "confirmSelect":
        this.#published ??= 0;
        return this.#reply("confirmSelectOk", {}, fields);
      default:
        throw new AmqpError(540, `method ${id >>> 16}.${id & 0xffff} on a channel`);
    }
  }

  #reply(method: Method, answer: Fields, asked: Fields): void {
    if (asked["nowait"] !== true) this.#output.method(method, answer);
  }

  #consume(fields: Fields): void {
    const queue = text(fields, "queue");
    const consumerTag = text(fields, "consumerTag") || `amq.ctag-${randomUUID()}`;
    const noAck = fields["noAck"] === true;
    if (this.#subscriptions.has(consumerTag)) {
      throw new AmqpError(530, `consumer tag ${consumerTag} is in use`);
    }
    const prefetchCount = this.#prefetchCount; // of those consumers that come after basic.qos
    const inHand = (): number =>
      [...this.#unsettled.values()].filter((held) => held.consumerTag === consumerTag).length;
    const consumer: Consumer = {
      canTake: () => noAck || prefetchCount === 0 || inHand() < prefetchCount,
      deliver: (delivery) => {
        const deliveryTag = ++this.#lastDeliveryTag;
        const { redelivered, message } = delivery;
        const { exchange, routingKey } = message;
        if (!noAck) this.#unsettled.set(deliveryTag, { delivery, consumerTag });
        this.#output.deliver(
          { consumerTag, deliveryTag, redelivered, exchange, routingKey },
          message,
        );
        if (noAck) this.#queues.settle([delivery]);
      },
    };
    // The answer goes out before the first message, and not at all if there is no such queue.
    this.#queues.addConsumer(queue, consumer, () => {
      this.#subscriptions.set(consumerTag, { queue, consumer });
      this.#reply("basicConsumeOk", { consumerTag }, fields);
    });
  }

  #cancel(fields: Fields): void {
    const consumerTag = text(fields, "consumerTag");
    const subscription = this.#subscriptions.get(consumerTag);
    if (subscription !== undefined) {
      this.#queues.removeConsumer(subscription.queue, subscription.consumer);
      this.#subscriptions.delete(consumerTag);
    }
    this.#reply("basicCancelOk", { consumerTag }, fields);
  }

  #header(bodyBytes: number, payload: Buffer): void {
    const incoming = this.#incoming;
    if (incoming === undefined || incoming.header !== undefined) {
      throw new AmqpError(505, "a content header that nothing announced");
    }
    if (bodyBytes > MAX_MESSAGE_BYTES) {
      throw new AmqpError(501, `message of ${bodyBytes} bytes, at most ${MAX_MESSAGE_BYTES}`);
    }
    incoming.header = Buffer.from(payload);
    incoming.bodyBytes = bodyBytes;
    this.#publishWhenComplete(incoming);
  }

  #body(payload: Buffer): void {
    const incoming = this.#incoming;
    if (incoming?.header === undefined) throw new AmqpError(505, "a body that nothing announced");
    incoming.parts.push(Buffer.from(payload));
    incoming.receivedBytes += payload.length;
    this.#publishWhenComplete(incoming);
  }

  #publishWhenComplete(incoming: Incoming): void {
    const { header, parts, receivedBytes, bodyBytes, exchange, routingKey } = incoming;
    if (receivedBytes > bodyBytes) throw new AmqpError(505, "a body longer than announced");
    if (header === undefined || receivedBytes < bodyBytes) return;
    this.#incoming = undefined;
    const body = Buffer.concat(parts);
    const taken = this.#queues.publish({ exchange, routingKey, header, body });
    if (this.#published === undefined) return;
    const deliveryTag = ++this.#published;
    this.#output.method(taken ? "basicAck" : "basicNack", { deliveryTag, multiple: false });
  }

  /** Takes the deliveries that an acknowledgement means out of what is unsettled. */
  #named(fields: Fields): readonly Delivery[] {
    const tag = Number(fields["deliveryTag"]);
    const multiple = fields["multiple"] === true;
    const tags = [...this.#unsettled.keys()].filter((held) =>
      multiple ? tag === 0 || held <= tag : held === tag,
    );
    if (tags.length === 0 && tag !== 0) throw new AmqpError(406, `unknown delivery tag ${tag}`);
    return this.#take(tags);
  }

  #take(tags: readonly number[]): readonly Delivery[] {
    return tags.map((tag) => {
      const { delivery } = this.#unsettled.get(tag)!;
      this.#unsettled.delete(tag);
      return delivery;
    });
  }
}

function refuseOptions(method: Method | undefined, fields: Fields): void {
  if (method === undefined) return;
  for (const option of unsupported[method] ?? []) {
    if (fields[option] === true) throw new AmqpError(540, `${method} with ${option}`);
  }
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === "string" ? value : "";
}
