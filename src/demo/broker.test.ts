/** The broker as the real amqplib sees it, over loopback. */
import assert from "node:assert/strict";
import type { EventEmitter } from "node:events";
import { connect as connectSocket } from "node:net";
import type { Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { connect } from "amqplib";
import type { Channel, ChannelModel, ConsumeMessage } from "amqplib";
import { start } from "./broker.ts";
import type { Running } from "./protocol.ts";

const transient = { durable: false };

describe("broker", () => {
  let broker: Running;
  let connection: ChannelModel;
  const open = async (): Promise<ChannelModel> => {
    const opened = await connect({ hostname: "127.0.0.1", port: broker.port });
    opened.on("error", () => {}); // asserted where it is expected
    return opened;
  };
  before(async () => {
    broker = await start();
    connection = await open();
  });
  after(async () => {
    await connection.close();
    await broker.stop();
  });

  test("carries properties, headers and large bodies from publisher to consumer", async () => {
    const channel = await connection.createConfirmChannel();
    await channel.assertExchange("mail", "direct", transient);
    const { queue } = await channel.assertQueue("", transient);
    await channel.bindQueue(queue, "mail", "key");
    const body = Buffer.alloc(300_000, "body");
    const headers = { traceparent: "00-1-2-01", nested: { yes: true }, n: 7 };
    channel.publish("mail", "key", body, { messageId: "m1", headers, persistent: true });
    channel.publish("mail", "other", body);
    channel.publish("mail", "key", Buffer.alloc(0));
    await channel.waitForConfirms();
    const [first, second] = await take(channel, queue, 2);
    assert.deepEqual(first!.content, body);
    assert.equal(first!.properties.messageId, "m1");
    assert.deepEqual(first!.properties.headers, headers);
    assert.equal(first!.fields.exchange, "mail");
    assert.equal(second!.content.length, 0);
    channel.ackAll();
    await broker.drain?.();
    await channel.close();
  });

  test("hands out no more than the prefetch, and again what was nacked or left", async () => {
    const leaving = await open();
    const channel = await leaving.createChannel();
    await channel.assertQueue("prefetch", transient);
    for (const text of ["a", "b", "c"]) channel.sendToQueue("prefetch", Buffer.from(text));
    await channel.prefetch(2);
    const held: ConsumeMessage[] = [];
    await channel.consume("prefetch", (message) => void held.push(message!));
    await roundTrip(channel);
    assert.deepEqual(held.map(describeMessage), ["a", "b"]);
    channel.nack(held[0]!, false, true);
    await roundTrip(channel);
    assert.deepEqual(held.map(describeMessage), ["a", "b", "a!"]);
    socketOf(leaving).destroy(new Error("cut"));

    const other = await connection.createChannel();
    const again = await take(other, "prefetch", 3);
    assert.deepEqual(again.map(describeMessage), ["a!", "b!", "c"]);
    other.reject(again[0]!, false);
    other.ack(again[2]!, true);
    await broker.drain?.();
    await other.close();
  });

  const errors: [name: string, code: number, provoke: (channel: Channel) => Promise<unknown>][] = [
    ["no such queue", 404, (channel) => channel.consume("nowhere", () => {})],
    ["no such exchange", 404, (channel) => channel.bindQueue("q", "nowhere", "")],
    ["an exchange of another type", 406, (channel) => redeclare(channel)],
    ["a message settled twice", 406, async (channel) => settleTwice(channel)],
  ];
  for (const [name, code, provoke] of errors) {
    test(`closes the channel, and only that: ${name}`, async () => {
      const channel = await connection.createChannel();
      const error = once(channel, "error");
      await channel.assertQueue("q", transient);
      await provoke(channel).catch(() => {});
      assert.equal(((await error) as { code?: number }).code, code);
      await (await connection.createChannel()).close();
    });
  }

  test("closes the connection: what it does not offer", async () => {
    const bold = await open();
    const error = once(bold, "error");
    const channel = await bold.createChannel();
    channel.on("error", () => {});
    await assert.rejects(channel.assertQueue("durable", { durable: true }));
    assert.match(String(await error), /540.*queueDeclare with durable/);
  });

  test("sends another protocol away, and survives garbage", async () => {
    assert.equal(await say("GET / HTTP/1.1\r\n\r\n"), "AMQP\0\0\t\u0001");
    assert.match(await say("AMQP\0\0\t\u0001garbage garbage"), /frame of \d+ bytes/);
    assert.match(await say("AMQP\0\0\t\u0001\u0001\0\0\0\0\0\u0004\0\n\0(\u00ce"), /cut short/);
    await (await open()).close();
  });

  /** Sends these characters as bytes; all that the broker answers until it ends the connection. */
  function say(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let answer = "";
      const socket = connectSocket(broker.port, "127.0.0.1", () => socket.write(text, "latin1"));
      socket.setEncoding("latin1").on("data", (data) => (answer += data));
      socket.on("error", reject).on("end", () => resolve(answer));
    });
  }
});

function socketOf(connection: ChannelModel): Socket {
  return (connection.connection as unknown as { readonly stream: Socket }).stream;
}

/** The next messages of the queue, not settled. */
function take(channel: Channel, queue: string, count: number): Promise<ConsumeMessage[]> {
  const messages: ConsumeMessage[] = [];
  return new Promise((resolve, reject) => {
    const onMessage = (message: ConsumeMessage | null): void => {
      if (messages.push(message!) === count) resolve(messages);
    };
    channel.consume(queue, onMessage).catch(reject);
  });
}

/** Settles when the broker has done all that the channel asked for before. */
async function roundTrip(channel: Channel): Promise<void> {
  await channel.prefetch(2);
}

async function redeclare(channel: Channel): Promise<void> {
  await channel.assertExchange("one", "direct", transient);
  await channel.assertExchange("one", "fanout", transient);
}

async function settleTwice(channel: Channel): Promise<void> {
  channel.sendToQueue("q", Buffer.from("a"));
  const [message] = await take(channel, "q", 1);
  channel.ack(message!);
  channel.ack(message!);
}

function once(emitter: EventEmitter, event: string): Promise<unknown> {
  return new Promise((resolve) => emitter.once(event, resolve));
}

const describeMessage = ({ content, fields }: ConsumeMessage): string =>
  `${content.toString()}${fields.redelivered ? "!" : ""}`;
