/** The spans behind an edge of the service graph, as a query: see docs/graph.md for what edges are. */
import type { GraphEdgeAnswer } from "../../api/contract.ts";
import { quoteString } from "../../traceql/strings.ts";

/** An edge, as far as its query depends on it. */
export type AskedEdge = Pick<GraphEdgeAnswer, "client" | "server" | "connection" | "via">;

/** The query that finds the spans of an edge, as nearly as a query can say what an edge is. */
export function edgeQuery({ client, server, connection, via }: AskedEdge): string {
  const [ofClient, ofServer] = [client, server].map(ofService) as [string, string];
  switch (connection) {
    case "call":
      return client === server
        ? `{ ${ofClient} && kind = client } > { ${ofServer} && kind = server }`
        : `{ ${ofClient} } > { ${ofServer} }`;
    case "messaging":
      return via === undefined
        ? `{ ${ofClient} && kind = producer } >> { ${ofServer} && kind = consumer }`
        : `{ ${ofServer} && kind = consumer && ${queueIs(via)} }`;
    case "send":
      return `{ ${ofClient} && kind in (producer, client) && ${queueIs(server)} }`;
    case "receive":
      return `{ ${ofServer} && kind in (consumer, client) && ${queueIs(client)} }`;
    case "database":
      return `{ ${ofClient} && kind = client && ${databaseIs(server)} }`;
    case "peer":
      return `{ ${ofClient} && ${anyOf(peerFields, server)} }`;
    case "caller":
      return `{ ${ofServer} && kind = server && ${callerIs(client)} }`;
  }
}

/** The query that finds the spans of a node that sends none: what others say of it. */
export function nodeQuery(name: string, kind: "queue" | "database" | "peer" | "caller"): string {
  switch (kind) {
    case "queue":
      return `{ ${queueIs(name)} }`;
    case "database":
      return `{ kind = client && ${databaseIs(name)} }`;
    case "peer":
      return `{ ${anyOf(peerFields, name)} }`;
    case "caller":
      return `{ kind = server && ${callerIs(name)} }`;
  }
}

function ofService(name: string): string {
  return `resource.service.name = ${quoteString(name)}`;
}

const peerFields = [
  "span.service.peer.name",
  "span.peer.service",
  "span.rpc.service",
  "span.server.address",
  "span.net.peer.name",
];

function queueIs(name: string): string {
  const fields = ["span.messaging.destination.name", "span.messaging.destination"];
  const rest = afterSlash(name);
  // A queue without a name is called by its system.
  return anyOf(rest === name ? [...fields, "span.messaging.system"] : fields, rest);
}

function databaseIs(name: string): string {
  const rest = afterSlash(name);
  const namespaces = ["span.db.namespace", "span.db.name"];
  if (rest !== name) return anyOf([...namespaces, "span.server.address"], rest);
  const systems = ["span.db.system.name", "span.db.system"];
  return anyOf(["span.service.peer.name", "span.peer.service", ...systems, ...namespaces], name);
}

function callerIs(name: string): string {
  if (name === "user") return "nestedSetParent < 0";
  const named = ["span.service.peer.name", "span.peer.service"];
  return name === "unknown" ? "nestedSetParent = 0" : anyOf(named, name);
}

/** "orders" of "rabbitmq/orders". */
function afterSlash(name: string): string {
  return name.slice(name.indexOf("/") + 1);
}

function anyOf(fields: readonly string[], value: string): string {
  const conditions = fields.map((field) => `${field} = ${quoteString(value)}`);
  return conditions.length === 1 ? conditions[0]! : `(${conditions.join(" || ")})`;
}
