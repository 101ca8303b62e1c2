/** The broker's exchanges and queues, knowing nothing of sockets: what goes where, and who gets it. */
import { AmqpError } from "./amqp-codec.ts";

/** A message as it was published. */
export interface Message {
  readonly exchange: string;
  readonly routingKey: string;
  /** The content header as the publisher wrote it: its properties, the trace context among them. */
  readonly header: Buffer;
  readonly body: Buffer;
}

/** A message on its way to a consumer or in its hands. */
export interface Delivery {
  readonly queue: string;
  readonly message: Message;
  /** True if a consumer has had it before. */
  readonly redelivered: boolean;
  /** Its place in the queue, to which it returns if it is not settled. */
  readonly sequence: number;
}

/** Someone who takes messages from a queue. */
export interface Consumer {
  /** False while it has its hands full. */
  canTake(): boolean;
  deliver(delivery: Delivery): void;
}

/** To the queues bound with the message's routing key, or to all that are bound. */
export type ExchangeType = "direct" | "fanout";

interface Exchange {
  readonly type: ExchangeType;
  readonly bindings: { readonly queue: string; readonly key: string }[];
}

interface Queue {
  ready: Delivery[];
  /** In the order of their turns. */
  readonly consumers: Consumer[];
}

/** Owns the messages from their publishing until they are settled. */
export class MessageQueues {
  readonly #maxReady: number;
  readonly #exchanges = new Map<string, Exchange>();
  readonly #queues = new Map<string, Queue>();
  #inWork = 0;
  #sequence = 0;

  /** At most `maxReady` messages wait in a queue; a publisher is refused what would be more. */
  constructor(maxReady: number) {
    this.#maxReady = maxReady;
  }

  /** True if no message waits and none is being worked on. */
  isIdle(): boolean {
    return this.#inWork === 0 && [...this.#queues.values()].every((queue) => !queue.ready.length);
  }

  /** Throws AmqpError 406 if there is an exchange of this name and another type. */
  declareExchange(name: string, type: ExchangeType): void {
    const found = this.#exchanges.get(name);
    if (found === undefined) this.#exchanges.set(name, { type, bindings: [] });
    else if (found.type !== type) throw new AmqpError(406, `exchange ${name} is ${found.type}`);
  }

  /** How many messages and consumers the queue has; makes it if need be. */
  declareQueue(name: string): { readonly messageCount: number; readonly consumerCount: number } {
    let queue = this.#queues.get(name);
    if (queue === undefined) this.#queues.set(name, (queue = { ready: [], consumers: [] }));
    return { messageCount: queue.ready.length, consumerCount: queue.consumers.length };
  }

  /** Messages of `exchange` with this key go to `queue`, too (all of them, if it is a fanout).
   * Throws AmqpError 404 if there is no such queue or exchange. */
  bind(queue: string, exchange: string, key: string): void {
    this.#queue(queue);
    const { bindings } = this.#exchange(exchange);
    if (!bindings.some((binding) => binding.queue === queue && binding.key === key)) {
      bindings.push({ queue, key });
    }
  }

  /** Puts the message into the queues it is for, which may be none; the exchange "" leads to the queue
   * that the key names. False if one of them is full: then it is in none of them.
   * Throws AmqpError 404 if there is no such exchange. */
  publish(message: Message): boolean {
    const names = this.#route(message);
    const queues = names.map((name) => this.#queue(name));
    if (queues.some((queue) => queue.ready.length >= this.#maxReady)) return false;
    for (const [i, queue] of queues.entries()) {
      const sequence = this.#sequence++;
      queue.ready.push({ queue: names[i]!, message, redelivered: false, sequence });
      this.#handOut(queue);
    }
    return true;
  }

  /** Calls `onAdded`, then hands the consumer what waits for it.
   * Throws AmqpError 404 if there is no such queue. */
  addConsumer(name: string, consumer: Consumer, onAdded: () => void): void {
    const queue = this.#queue(name);
    queue.consumers.push(consumer);
    onAdded();
    this.#handOut(queue);
  }

  /** The consumer gets no more; what it has in hand stays there until settled or returned. */
  removeConsumer(queue: string, consumer: Consumer): void {
    const { consumers } = this.#queue(queue);
    const at = consumers.indexOf(consumer);
    if (at >= 0) consumers.splice(at, 1);
  }

  /** These are done with: acknowledged, or refused for good. */
  settle(deliveries: readonly Delivery[]): void {
    this.#inWork -= deliveries.length;
    // Whoever had them has a hand free now.
    for (const name of new Set(deliveries.map(({ queue }) => queue))) {
      this.#handOut(this.#queue(name));
    }
  }

  /** These go back to their places in their queues, and to whoever is next. */
  giveBack(deliveries: readonly Delivery[]): void {
    this.#inWork -= deliveries.length;
    for (const [name, returned] of Map.groupBy(deliveries, ({ queue }) => queue)) {
      const queue = this.#queue(name);
      queue.ready.push(...returned.map((delivery) => ({ ...delivery, redelivered: true })));
      queue.ready.sort((left, right) => left.sequence - right.sequence);
      this.#handOut(queue);
    }
  }

  #route({ exchange, routingKey }: Message): readonly string[] {
    if (exchange === "") return this.#queues.has(routingKey) ? [routingKey] : [];
    const { type, bindings } = this.#exchange(exchange);
    const meant = bindings.filter(({ key }) => type === "fanout" || key === routingKey);
    return [...new Set(meant.map(({ queue }) => queue))];
  }

  /** Hands waiting messages to consumers, taking turns, until either has run out. */
  #handOut(queue: Queue): void {
    while (queue.ready.length > 0) {
      const at = queue.consumers.findIndex((consumer) => consumer.canTake());
      if (at < 0) return;
      const [consumer] = queue.consumers.splice(at, 1);
      queue.consumers.push(consumer!);
      this.#inWork++;
      consumer!.deliver(queue.ready.shift()!);
    }
  }

  #queue(name: string): Queue {
    const queue = this.#queues.get(name);
    if (queue === undefined) throw new AmqpError(404, `no queue ${JSON.stringify(name)}`);
    return queue;
  }

  #exchange(name: string): Exchange {
    const exchange = this.#exchanges.get(name);
    if (exchange === undefined) throw new AmqpError(404, `no exchange ${JSON.stringify(name)}`);
    return exchange;
  }
}
