import assert from "node:assert/strict";
import { test } from "node:test";
import { readQuery } from "../../traceql/check.ts";
import { type AskedEdge, edgeQuery, nodeQuery } from "./edge-query.ts";

const service = (name: string): string => `resource.service.name = "${name}"`;
const cases: [edge: AskedEdge, want: string][] = [
  [{ client: "a", server: "b", connection: "call" }, `{ ${service("a")} } > { ${service("b")} }`],
  [
    { client: "a", server: "a", connection: "call" },
    `{ ${service("a")} && kind = client } > { ${service("a")} && kind = server }`,
  ],
  [
    { client: "a", server: "b", connection: "messaging" },
    `{ ${service("a")} && kind = producer } >> { ${service("b")} && kind = consumer }`,
  ],
  [
    { client: "a", server: "b", connection: "messaging", via: "kafka/x" },
    `{ ${service("b")} && kind = consumer && ` +
      `(span.messaging.destination.name = "x" || span.messaging.destination = "x") }`,
  ],
  [
    { client: "a", server: "postgresql/shop", connection: "database" },
    `{ ${service("a")} && kind = client && ` +
      `(span.db.namespace = "shop" || span.db.name = "shop" || span.server.address = "shop") }`,
  ],
  [
    { client: "user", server: "a", connection: "caller" },
    `{ ${service("a")} && kind = server && nestedSetParent < 0 }`,
  ],
  [
    { client: "unknown", server: "a", connection: "caller" },
    `{ ${service("a")} && kind = server && nestedSetParent = 0 }`,
  ],
];
for (const [edge, want] of cases) {
  test(`edgeQuery: ${edge.client} → ${edge.server}, ${edge.connection}`, () => {
    assert.equal(edgeQuery(edge), want);
  });
}

test("queries can be asked, whatever names have in them", () => {
  const connections = ["call", "messaging", "send", "receive", "database", "peer", "caller"];
  for (const name of ["plain", 'quote"s', "back`tick", "a\\b", "sys/n/m", "/", ""]) {
    const queries = [
      ...connections.map((connection) =>
        edgeQuery({ client: name, server: name, connection } as AskedEdge),
      ),
      ...(["queue", "database", "peer", "caller"] as const).map((kind) => nodeQuery(name, kind)),
    ];
    for (const q of queries) assert.deepEqual(readQuery(q).problems, [], q);
  }
});
