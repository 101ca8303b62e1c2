/** Small traces, and the edges that they must give: "client → server: connection calls/failed". */
import { type BriefSpan, briefTrace } from "./brief-trace.ts";
import type { Trace } from "../../src/model/trace.ts";

/** Traces, and their edges in no particular order. */
export interface GraphCase {
  readonly name: string;
  readonly traces: readonly Trace[];
  readonly edges: readonly string[];
}

const MINUTE = 60e9;
const BASE = 1_800_000_000_000_000_000n;
const A = "0000000000000000000000000000000a";
const B = "0000000000000000000000000000000b";

const one = (...spans: BriefSpan[]): Trace[] => [briefTrace(spans, { traceId: A, base: BASE })];
const of = (traceId: string, ...spans: BriefSpan[]): Trace =>
  briefTrace(spans, { traceId, base: BASE });
const server = (id: string, service: string, of?: string): BriefSpan => ({
  id,
  service,
  kind: "server",
  ...(of !== undefined && { of }),
});
const call = (id: string, service: string, of: string, attributes = {}): BriefSpan => ({
  id,
  service,
  of,
  attributes,
  kind: "client",
});
const kafka = { "messaging.system": "kafka", "messaging.destination.name": "orders" };
const postgresql = { "db.system.name": "postgresql", "db.namespace": "carts" };
const link = (trace: string, span: string) => ({
  trace,
  span: Buffer.from(span).toString("hex").padStart(16, "0"),
});

/** See the head of the file. */
export const graphCases: readonly GraphCase[] = [
  {
    name: "a call, and a database",
    traces: one(
      server("g", "gateway"),
      call("c", "gateway", "g"),
      server("s", "cart", "c"),
      call("d", "cart", "s", postgresql),
    ),
    edges: [
      "user → gateway: caller 1/0",
      "gateway → cart: call 1/0",
      "cart → postgresql/carts: database 1/0",
    ],
  },
  {
    name: "either side fails",
    traces: one(
      { ...call("c", "a", "r"), status: "error" },
      server("s", "b", "c"),
      call("d", "a", "r"),
      { ...server("t", "b", "d"), status: "error" },
    ),
    edges: ["a → b: call 2/2"],
  },
  {
    name: "a parent that never came",
    traces: one(server("s", "cart", "gone")),
    edges: ["unknown → cart: caller 1/0"],
  },
  {
    name: "a caller that is named",
    traces: one({ ...server("s", "cart"), attributes: { "service.peer.name": "mobile" } }),
    edges: ["mobile → cart: caller 1/0"],
  },
  {
    name: "fan-out: many calls of one service",
    traces: one(
      call("c", "a", "r"),
      call("d", "a", "r"),
      call("e", "a", "r"),
      server("s", "b", "c"),
      server("t", "b", "d"),
      server("u", "c", "e"),
    ),
    edges: ["a → b: call 2/0", "a → c: call 1/0"],
  },
  {
    name: "fan-out: one message, several consumers",
    traces: one(
      { id: "p", service: "a", kind: "producer", attributes: kafka },
      { id: "x", service: "b", kind: "consumer", of: "p", attributes: kafka },
      { id: "y", service: "c", kind: "consumer", of: "p", attributes: kafka },
    ),
    edges: [
      "a → kafka/orders: send 1/0",
      "kafka/orders → b: receive 1/0",
      "kafka/orders → c: receive 1/0",
      "a → b: messaging 1/0 via kafka/orders",
      "a → c: messaging 1/0 via kafka/orders",
    ],
  },
  {
    name: "a message that only a link tells of, in another trace",
    traces: [
      of(A, { id: "p", service: "a", kind: "producer", attributes: kafka }),
      of(B, {
        id: "x",
        service: "b",
        kind: "consumer",
        attributes: kafka,
        links: [link("a", "p")],
      }),
    ],
    edges: [
      "a → kafka/orders: send 1/0",
      "kafka/orders → b: receive 1/0",
      "a → b: messaging 1/0 via kafka/orders",
    ],
  },
  {
    name: "a batch: polled, and each message dealt with in a span that links to its sender",
    traces: [
      of(
        A,
        { id: "p", service: "a", kind: "producer", attributes: kafka },
        { id: "q", service: "c", kind: "producer", attributes: kafka },
      ),
      of(
        B,
        {
          id: "poll",
          service: "b",
          kind: "client",
          attributes: { ...kafka, "messaging.operation.type": "receive" },
          links: [link("a", "p"), link("a", "q")],
        },
        {
          id: "x",
          service: "b",
          kind: "consumer",
          of: "poll",
          attributes: kafka,
          links: [link("a", "p")],
        },
        {
          id: "y",
          service: "b",
          kind: "consumer",
          of: "poll",
          attributes: kafka,
          links: [link("a", "q")],
        },
        {
          id: "z",
          service: "b",
          kind: "client",
          of: "y",
          attributes: { ...kafka, "messaging.operation.type": "settle" },
        },
      ),
    ],
    edges: [
      "a → kafka/orders: send 1/0",
      "c → kafka/orders: send 1/0",
      "kafka/orders → b: receive 2/0",
      "a → b: messaging 1/0 via kafka/orders",
      "c → b: messaging 1/0 via kafka/orders",
    ],
  },
  {
    name: "a batch that is polled, and no more",
    traces: [
      of(A, { id: "p", service: "a", kind: "producer", attributes: kafka }),
      of(B, {
        id: "poll",
        service: "b",
        kind: "client",
        attributes: { ...kafka, "messaging.operation.type": "receive" },
        links: [link("a", "p")],
      }),
    ],
    edges: [
      "a → kafka/orders: send 1/0",
      "kafka/orders → b: receive 1/0",
      "a → b: messaging 1/0 via kafka/orders",
    ],
  },
  {
    name: "messages that are created one by one and sent together",
    traces: one(
      {
        id: "m",
        service: "a",
        kind: "producer",
        attributes: { ...kafka, "messaging.operation.type": "create" },
      },
      {
        id: "s",
        service: "a",
        kind: "client",
        attributes: { ...kafka, "messaging.operation.type": "send" },
        links: [link("a", "m")],
      },
    ),
    edges: ["a → kafka/orders: send 1/0"],
  },
  {
    name: "a message through nobody knows what",
    traces: one(
      { id: "p", service: "a", kind: "producer" },
      { id: "x", service: "b", kind: "consumer", of: "p" },
      { id: "y", service: "c", kind: "consumer" },
    ),
    edges: ["a → b: messaging 1/0", "unknown → c: caller 1/0"],
  },
  {
    name: "clock skew: the server seems to be first",
    traces: one(
      { ...call("c", "a", "r"), start: 1.9 * MINUTE },
      { ...server("s", "b", "c"), start: 0 },
    ),
    edges: ["a → b: call 1/0"],
  },
  {
    name: "retries: three attempts, of which two found nobody",
    traces: one(
      server("g", "a"),
      { ...call("c", "a", "g", { "server.address": "b.internal" }), status: "error" },
      { ...call("d", "a", "g", { "server.address": "b.internal" }), status: "error" },
      call("e", "a", "g", { "server.address": "b.internal" }),
      server("s", "b", "e"),
    ),
    edges: ["user → a: caller 1/0", "a → b.internal: peer 2/2", "a → b: call 1/0"],
  },
  {
    name: "a service that cuts trace ids to 64 bits",
    traces: [
      of("aaaaaaaaaaaaaaaa000000000000000a", call("c", "a", "r")),
      of("0000000000000000000000000000000a", server("s", "b", "c")),
    ],
    edges: ["a → b: call 1/0"],
  },
  {
    name: "Zipkin: both sides share an id, and what is below belongs to the server",
    traces: one(
      call("c", "a", "r"),
      server("c", "b", "r"),
      { id: "i", service: "b", of: "c" },
      call("d", "b", "c"),
      server("d", "c", "c"),
    ),
    edges: ["a → b: call 1/0", "b → c: call 1/0"],
  },
  {
    name: "spans between the two sides of a call",
    traces: one(
      call("c", "a", "r", { "server.address": "b" }),
      { id: "i", service: "a", of: "c" },
      { id: "j", service: "b", of: "i" },
      server("s", "b", "j"),
    ),
    edges: ["a → b: call 1/0"],
  },
  {
    name: "a caller that shows no call",
    traces: one(server("g", "a"), { id: "i", service: "a", of: "g" }, server("s", "b", "i")),
    edges: ["user → a: caller 1/0", "a → b: call 1/0"],
  },
  {
    name: "a call within a call is the outer one",
    traces: one(
      call("o", "a", "r", { "rpc.service": "DynamoDB" }),
      call("h", "a", "o", { "server.address": "dynamodb.example" }),
      call("p", "a", "r", { "rpc.service": "shop.Cart" }),
      call("q", "a", "p", { "server.address": "cart.example" }),
      server("s", "cart", "q"),
    ),
    edges: ["a → DynamoDB: peer 1/0", "a → cart: call 1/0"],
  },
  {
    name: "a call to itself",
    traces: one(call("c", "a", "r"), server("s", "a", "c")),
    edges: ["a → a: call 1/0"],
  },
  {
    name: "a call to nobody knows whom",
    traces: one(call("c", "a", "r")),
    edges: ["a → : unpaired 1/0"],
  },
  {
    name: "a database that sends spans itself",
    traces: one(call("c", "a", "r", postgresql), server("s", "vitess", "c")),
    edges: ["a → vitess: call 1/0"],
  },
  {
    name: "what samplers left out counts; of two sides the rarer",
    traces: one(
      { ...call("c", "a", "r"), traceState: "ot=th:8" },
      { ...server("s", "b", "c"), traceState: "x=1,ot=rv:1;th:c" },
      { ...call("d", "a", "r", postgresql), traceState: "ot=th:8", status: "error" },
    ),
    edges: ["a → b: call 4/0", "a → postgresql/carts: database 2/2"],
  },
];
