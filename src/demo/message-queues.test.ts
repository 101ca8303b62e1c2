import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageQueues } from "./message-queues.ts";
import type { Delivery, Message } from "./message-queues.ts";

const message = (text: string, exchange = "", routingKey = "q"): Message => {
  return { exchange, routingKey, header: Buffer.alloc(0), body: Buffer.from(text) };
};

/** A consumer that takes up to `hands` messages and keeps them. */
function makeConsumer(hands: number) {
  const held: Delivery[] = [];
  return {
    held,
    canTake: () => held.length < hands,
    deliver: (delivery: Delivery) => void held.push(delivery),
    bodies: () =>
      held.map(
        ({ message: { body }, redelivered }) => `${body.toString()}${redelivered ? "!" : ""}`,
      ),
  };
}

function makeQueues(...names: string[]): MessageQueues {
  const queues = new MessageQueues(3);
  for (const name of names) queues.declareQueue(name);
  return queues;
}

test("queues: messages wait, then go out in order, taking turns", () => {
  const queues = makeQueues("q");
  for (const text of ["a", "b", "c"]) assert.ok(queues.publish(message(text)));
  const [one, two] = [makeConsumer(9), makeConsumer(9)];
  queues.addConsumer("q", one, () => {});
  queues.addConsumer("q", two, () => {});
  for (const text of ["d", "e"]) queues.publish(message(text));
  assert.deepEqual([one.bodies(), two.bodies()], [["a", "b", "c", "d"], ["e"]]);
});

test("queues: who has their hands full gets the next one after settling", () => {
  const queues = makeQueues("q");
  const one = makeConsumer(1);
  queues.addConsumer("q", one, () => {});
  queues.publish(message("a"));
  queues.publish(message("b"));
  assert.deepEqual(one.bodies(), ["a"]);
  queues.settle(one.held.splice(0));
  assert.deepEqual(one.bodies(), ["b"]);
  assert.equal(queues.isIdle(), false);
  queues.settle(one.held.splice(0));
  assert.equal(queues.isIdle(), true);
});

test("queues: what is given back goes to its place, marked", () => {
  const queues = makeQueues("q");
  const one = makeConsumer(2);
  queues.addConsumer("q", one, () => {});
  for (const text of ["a", "b", "c"]) queues.publish(message(text));
  queues.removeConsumer("q", one);
  queues.giveBack(one.held.splice(0).toReversed());
  const two = makeConsumer(9);
  queues.addConsumer("q", two, () => {});
  assert.deepEqual(two.bodies(), ["a!", "b!", "c"]);
});

test("queues: direct goes by the key, fanout to all, each queue once", () => {
  const queues = makeQueues("q", "r");
  queues.declareExchange("direct", "direct");
  queues.declareExchange("fanout", "fanout");
  queues.bind("q", "direct", "x");
  queues.bind("r", "direct", "y");
  for (const [queue, key] of [
    ["q", "x"],
    ["q", "z"],
    ["r", ""],
  ] as const) {
    // prettier-ignore
    queues.bind(queue, "fanout", key);
  }
  queues.publish(message("a", "direct", "x"));
  queues.publish(message("nobody", "direct", "z"));
  queues.publish(message("b", "fanout", "?"));
  assert.equal(queues.declareQueue("q").messageCount, 2);
  assert.equal(queues.declareQueue("r").messageCount, 1);
});

test("queues: a full one refuses, and then no other takes the message either", () => {
  const queues = makeQueues("q", "r");
  queues.declareExchange("all", "fanout");
  queues.bind("q", "all", "");
  queues.bind("r", "all", "");
  for (const text of ["a", "b", "c"]) queues.publish(message(text, "", "r"));
  assert.equal(queues.publish(message("d", "all", "")), false);
  assert.equal(queues.declareQueue("q").messageCount, 0);
});

test("queues: what does not exist", () => {
  const queues = makeQueues("q");
  const notFound = { code: 404, message: /^no (queue|exchange) "nowhere"$/ };
  assert.throws(() => queues.publish(message("a", "nowhere")), notFound);
  assert.throws(() => queues.bind("nowhere", "", ""), notFound);
  assert.throws(() => queues.addConsumer("nowhere", makeConsumer(1), () => {}), notFound);
  assert.ok(queues.publish(message("lost", "", "nowhere")), "the default exchange drops it");
  queues.declareExchange("e", "direct");
  assert.throws(() => queues.declareExchange("e", "fanout"), { code: 406 });
});
