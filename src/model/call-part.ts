/** Which part a span has in calls, and whom it names on the other side. docs/graph.md has the rules. */
import { roles } from "./call-spans.ts";

/** Attributes that the parts of spans follow from, all of them text. */
export const partKeys = [
  "messaging.system",
  "messaging.destination.name",
  "messaging.destination",
  "messaging.operation.type",
  "messaging.operation.name",
  "messaging.operation",
  "db.system.name",
  "db.system",
  "db.namespace",
  "db.name",
  "service.peer.name",
  "peer.service",
  "rpc.service",
  "rpc.method",
  "server.address",
  "net.peer.name",
] as const;
/** One of `partKeys`. */
export type PartKey = (typeof partKeys)[number];

/** What a span is in the graph. */
export interface CallPart {
  /** One of `roles`. */
  readonly role: number;
  /** The node that it is connected to, as far as it tells; else empty. */
  readonly target: string;
}

/** Of a span, what its part follows from. */
export interface PartSource {
  /** OTLP's number. */
  readonly kind: number;
  readonly hasLinks: boolean;
  /** The value of an attribute; empty without one. */
  readonly text: (key: PartKey) => string;
}

const SERVER = 2;
const CLIENT = 3;
const PRODUCER = 4;
const CONSUMER = 5;

/** Longest name of a node that no service gave itself, in characters; what follows is cut off. */
const NAME_CHARACTERS = 200;

/** What asks a broker for messages, and what tells it that they are dealt with. */
const receiving = new Set(["receive", "poll", "pull", "fetch"]);
const settling = new Set(
  "settle ack nack acknowledge commit reject complete abandon defer".split(" "),
);

/** The part of a span. */
export function callPart(source: PartSource): CallPart {
  const { kind, hasLinks, text } = source;
  const first = firstOf(text);
  switch (kind) {
    case SERVER:
      return { role: roles.server, target: cut(peerService(source)) };
    case PRODUCER:
      return { role: roles.message, target: cut(isMessaging(source) ? queue(source) : "") };
    case CLIENT:
      if (!isMessaging(source)) return outsideCall(source);
      break;
    case CONSUMER:
      break;
    default:
      return { role: roles.inner, target: "" };
  }
  const operation = first(
    "messaging.operation.type",
    "messaging.operation.name",
    "messaging.operation",
  ).toLowerCase();
  const target = cut(queue(source));
  if (receiving.has(operation)) return { role: roles.poll, target };
  if (settling.has(operation)) return { role: roles.broker, target: "" };
  if (kind === CONSUMER) return { role: roles.consumer, target };
  // A client that sends links to messages that were created before, each with a span of its own.
  return hasLinks ? { role: roles.broker, target: "" } : { role: roles.message, target };
}

function outsideCall(source: PartSource): CallPart {
  const first = firstOf(source.text);
  const system = first("db.system.name", "db.system");
  const namespace = first("db.namespace", "db.name");
  const service = peerService(source);
  const address = first("server.address", "net.peer.name");
  if (system !== "" || namespace !== "") {
    const name = joined(system, namespace === "" ? address : namespace);
    return { role: roles.database, target: cut(service === "" ? name : service) };
  }
  const method = source.text("rpc.method");
  const slash = method.indexOf("/");
  const named = [
    service,
    source.text("rpc.service"),
    slash > 0 ? method.slice(0, slash) : "",
    address,
  ];
  return { role: roles.call, target: cut(named.find((name) => name !== "") ?? "") };
}

function firstOf(text: PartSource["text"]) {
  return (...keys: readonly PartKey[]): string => {
    for (const key of keys) {
      const value = text(key);
      if (value !== "") return value;
    }
    return "";
  };
}

function peerService({ text }: PartSource): string {
  return firstOf(text)("service.peer.name", "peer.service");
}

function isMessaging({ text }: PartSource): boolean {
  const first = firstOf(text);
  return first("messaging.system", "messaging.destination.name", "messaging.destination") !== "";
}

/** The system and the name of a queue or topic. */
function queue({ text }: PartSource): string {
  const name = firstOf(text)("messaging.destination.name", "messaging.destination");
  return joined(text("messaging.system"), name);
}

function joined(system: string, name: string): string {
  return system === "" || name === "" ? system + name : `${system}/${name}`;
}

function cut(name: string): string {
  return name.slice(0, NAME_CHARACTERS).toWellFormed();
}
