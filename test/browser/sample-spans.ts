/** Traces for the browser tests, as OTLP/JSON: a shop's checkout, and what is ugly in real life. */
import { randomBytes } from "node:crypto";

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = Record<string, Json>;

/** One span, with times in milliseconds since the trace's start. */
export interface SampleSpan {
  readonly service: string;
  readonly name: string;
  /** Index of the parent among the trace's spans; absent for a root. */
  readonly of?: number;
  readonly startMs: number;
  readonly forMs: number;
  /** OTLP's number; 1, internal, unless given. */
  readonly kind?: number;
  readonly error?: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** More fields of the OTLP span, as they are. */
  readonly more?: JsonObject;
}

/** A trace ready to be sent. */
export interface SampleTrace {
  readonly traceId: string;
  readonly request: JsonObject;
}

/** An ExportTraceServiceRequest of one trace that started `agoMs` ago, of services of some version. */
export function makeTrace(
  spans: readonly SampleSpan[],
  agoMs: number,
  version = "1.4.2",
): SampleTrace {
  const traceId = randomBytes(16).toString("hex");
  const ids = spans.map(() => randomBytes(8).toString("hex"));
  const startNano = BigInt(Date.now() - agoMs) * 1_000_000n;
  const at = (ms: number): string => (startNano + BigInt(Math.round(ms * 1e6))).toString();
  const byService = new Map<string, JsonObject[]>();
  spans.forEach((span, i) => {
    const events = [...((span.more?.["events"] ?? []) as JsonObject[])].map((event) => {
      return { ...event, timeUnixNano: at(Number(event["atMs"])) };
    });
    const made: JsonObject = {
      traceId,
      spanId: ids[i]!,
      parentSpanId: span.of === undefined ? "" : (ids[span.of] ?? "00000000deadbeef"),
      name: span.name,
      kind: span.kind ?? 1,
      startTimeUnixNano: at(span.startMs),
      endTimeUnixNano: at(span.startMs + span.forMs),
      attributes: attributesOf(span.attributes ?? {}),
      status: span.error === undefined ? {} : { code: 2, message: span.error },
      ...span.more,
      events,
    };
    byService.set(span.service, [...(byService.get(span.service) ?? []), made]);
  });
  const resourceSpans = [...byService].map(([service, made]) => ({
    resource: {
      attributes: attributesOf({
        "service.name": service,
        "service.version": version,
        "deployment.environment.name": "production",
        "host.name": `${service}-7d9c`,
        "telemetry.sdk.language": "nodejs",
      }),
    },
    scopeSpans: [
      { scope: { name: "@opentelemetry/instrumentation-http", version: "0.223.0" }, spans: made },
    ],
  }));
  return { traceId, request: { resourceSpans } };
}

function attributesOf(values: Readonly<Record<string, unknown>>): JsonObject[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: unknown): JsonObject {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "bigint") return { intValue: value.toString() };
  if (typeof value === "number") {
    return Number.isInteger(value) ? { intValue: `${value}` } : { doubleValue: value };
  }
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  return { kvlistValue: { values: attributesOf(value as Record<string, unknown>) } };
}

const http = (method: string, route: string, status: number): Record<string, unknown> => ({
  "http.request.method": method,
  "http.route": route,
  "http.response.status_code": status,
  "url.path": route,
  "server.address": "shop.example",
});

const sqlText =
  "SELECT p.id, p.name, s.amount FROM products p JOIN stock s ON s.product_id = p.id " +
  "WHERE p.id = ANY($1) FOR UPDATE";
const [SERVER, CLIENT, PRODUCER, CONSUMER] = [2, 3, 4, 5];

const stack = `CardDeclinedError: card declined by issuer
    at charge (/app/payment/charge.js:41:11)
    at async handler (/app/payment/server.js:88:20)
    at async Server.<anonymous> (/app/payment/server.js:17:5)`;

/** A checkout over six services, 31 spans, in which the first payment fails. */
export function checkout(): SampleSpan[] {
  const spans: SampleSpan[] = [];
  const add = (span: SampleSpan): number => spans.push(span) - 1;
  /** A call: the client's span, and in it the server's. Gives back the server's. */
  const call = (
    of: number,
    from: string,
    to: string,
    name: string,
    startMs: number,
    forMs: number,
    error?: string,
  ): number => {
    const status = error === undefined ? 200 : 502;
    const failed = error === undefined ? {} : { error };
    const client = add({
      service: from,
      name,
      of,
      startMs,
      forMs,
      kind: CLIENT,
      attributes: http(name.split(" ")[0]!, name.split(" ")[1]!, status),
      ...failed,
    });
    return add({
      service: to,
      name,
      of: client,
      startMs: startMs + 0.8,
      forMs: forMs - 1.6,
      kind: SERVER,
      attributes: http(name.split(" ")[0]!, name.split(" ")[1]!, status),
      ...failed,
    });
  };
  const root = add({
    service: "api-gateway",
    name: "POST /checkout",
    startMs: 0,
    forMs: 312.4,
    kind: SERVER,
    attributes: {
      ...http("POST", "/checkout", 200),
      "user.id": "u-18273",
      "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/143.0",
      "cart.items": ["blue mug", "tea, 250 g", "kettle"],
      "cart.total": 84.5,
      "cart.discount": { code: "AUTUMN", percent: 10, applies: ["tea", "mugs"], stackable: false },
      "order.id": 9_007_199_254_740_993n,
      "request.digest": new Uint8Array([0xde, 0xad, 0xbe, 0xef, 0x01, 0x02]),
      "request.body": JSON.stringify({
        items: [{ sku: "mug-blue", count: 2 }],
        payment: { kind: "card" },
      }),
      "empty.note": "",
    },
    more: {
      traceState: "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
      flags: 257,
      droppedAttributesCount: 2,
      events: [
        { name: "cart validated", atMs: 71, attributes: attributesOf({ items: 3 }) },
        { name: "retrying payment", atMs: 196, attributes: attributesOf({ attempt: 2 }) },
      ],
      links: [
        {
          traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
          spanId: "00f067aa0ba902b7",
          attributes: attributesOf({ "link.reason": "session began here" }),
        },
      ],
    },
  });
  add({
    service: "api-gateway",
    name: "middleware - rate limit",
    of: root,
    startMs: 0.4,
    forMs: 0.3,
  });
  const auth = call(root, "api-gateway", "auth", "POST /verify", 2, 24);
  add({
    service: "auth",
    name: "pg.query:SELECT shop",
    of: auth,
    startMs: 5,
    forMs: 11,
    kind: CLIENT,
    attributes: {
      "db.system.name": "postgresql",
      "db.query.text": "SELECT * FROM sessions WHERE token = $1",
    },
  });
  add({ service: "auth", name: "verify signature", of: auth, startMs: 17, forMs: 6.5 });
  const cart = call(root, "api-gateway", "cart", "GET /cart/:id", 28, 42);
  for (let i = 0; i < 5; i++) {
    add({
      service: "cart",
      name: "pg.query:SELECT shop",
      of: cart,
      startMs: 31 + i * 7,
      forMs: 6,
      kind: CLIENT,
      attributes: {
        "db.system.name": "postgresql",
        "db.query.text": "SELECT * FROM lines WHERE cart = $1 AND n = $2",
      },
    });
  }
  const stock = call(root, "api-gateway", "inventory", "POST /reserve", 72, 58);
  add({
    service: "inventory",
    name: "pg.query:BEGIN shop",
    of: stock,
    startMs: 74,
    forMs: 1.2,
    kind: CLIENT,
  });
  add({
    service: "inventory",
    name: "pg.query:SELECT shop",
    of: stock,
    startMs: 76,
    forMs: 41,
    kind: CLIENT,
    attributes: { "db.system.name": "postgresql", "db.query.text": sqlText },
  });
  add({
    service: "inventory",
    name: "pg.query:UPDATE shop",
    of: stock,
    startMs: 118,
    forMs: 8,
    kind: CLIENT,
  });
  add({
    service: "inventory",
    name: "pg.query:COMMIT shop",
    of: stock,
    startMs: 126.5,
    forMs: 2,
    kind: CLIENT,
  });
  const declined = call(
    root,
    "api-gateway",
    "payment",
    "POST /charge",
    132,
    62,
    "card declined by issuer",
  );
  add({
    service: "payment",
    name: "charge card",
    of: declined,
    startMs: 135,
    forMs: 57,
    error: "card declined by issuer",
    attributes: {
      "payment.amount": 84.5,
      "payment.currency": "EUR",
      "error.type": "CardDeclinedError",
    },
    more: {
      events: [
        { name: "request sent", atMs: 139 },
        {
          name: "exception",
          atMs: 191,
          attributes: attributesOf({
            "exception.type": "CardDeclinedError",
            "exception.message": "card declined by issuer",
            "exception.stacktrace": stack,
          }),
        },
      ],
    },
  });
  const paid = call(root, "api-gateway", "payment", "POST /charge", 200, 92);
  add({
    service: "payment",
    name: "charge card",
    of: paid,
    startMs: 203,
    forMs: 71,
    attributes: { "payment.amount": 84.5, "payment.currency": "EUR" },
  });
  add({
    service: "payment",
    name: "pg.query:INSERT shop",
    of: paid,
    startMs: 275,
    forMs: 9,
    kind: CLIENT,
  });
  const sent = add({
    service: "payment",
    name: "send receipts",
    of: paid,
    startMs: 285,
    forMs: 3.4,
    kind: PRODUCER,
    attributes: { "messaging.system": "rabbitmq", "messaging.destination.name": "receipts" },
  });
  const got = add({
    service: "notification",
    name: "process receipts",
    of: sent,
    startMs: 296,
    forMs: 71,
    kind: CONSUMER,
    attributes: { "messaging.system": "rabbitmq", "messaging.destination.name": "receipts" },
  });
  add({ service: "notification", name: "render template", of: got, startMs: 299, forMs: 12 });
  add({
    service: "notification",
    name: "smtp send",
    of: got,
    startMs: 312,
    forMs: 52,
    kind: CLIENT,
    attributes: { "server.address": "mail.example", "server.port": 587 },
  });
  add({ service: "api-gateway", name: "serialize answer", of: root, startMs: 309, forMs: 2.1 });
  return spans;
}

/** Everything about a tree that is hard to show. */
export const uglyTraces: Readonly<Record<string, () => SampleSpan[]>> = {
  "40 levels": () =>
    Array.from({ length: 40 }, (_, i) => ({
      service: `layer-${i % 9}`,
      name: `CheckoutOrchestrationServiceImpl.invokeWithRetryAndTimeout level ${i}`,
      ...(i === 0 ? {} : { of: i - 1 }),
      startMs: i * 4,
      forMs: 400 - i * 8,
    })),
  "one span": () => [{ service: "cron", name: "tick", startMs: 0, forMs: 0 }],
  "300 services": () =>
    Array.from({ length: 301 }, (_, i) => ({
      service: i === 0 ? "edge" : `microservice-of-team-${(i * 7) % 300}`,
      name: i === 0 ? "GET /home" : `GET /part/${i}`,
      ...(i === 0 ? {} : { of: i % 4 === 0 ? i - 1 : 0 }),
      startMs: i,
      forMs: i === 0 ? 340 : 20 + (i % 13),
      ...(i % 50 === 7 ? { error: "upstream reset" } : {}),
    })),
  "long names": () => [
    {
      service: "com.example.payments.settlement.reconciliation.batch.worker.europe-west",
      name: `GET https://api.example.com/v1/${"very-long-segment/".repeat(12)}end?with=query&and=more`,
      startMs: 0,
      forMs: 3_725_000,
      attributes: { [`key.${"that.goes.on.".repeat(8)}`]: "v".repeat(600) },
    },
    { service: "b", name: "", of: 0, startMs: 100, forMs: 5 },
    { service: "b", name: "parent never came", of: 99, startMs: 2_000_000, forMs: 900_000 },
    { service: "b", name: "ends before it starts", of: 0, startMs: 3_000_000, forMs: -50 },
  ],
};

/** `count` spans in a broad tree, six services, one in 100 failed. */
export function manySpans(count: number): SampleSpan[] {
  const services = ["edge", "orders", "stock", "prices", "cache", "mail"];
  return Array.from({ length: count }, (_, i) => ({
    service: services[i % 6]!,
    name: `step ${i % 40}`,
    ...(i === 0 ? {} : { of: Math.floor((i - 1) / 7) }),
    startMs: i === 0 ? 0 : i / 50,
    forMs: i === 0 ? count / 50 : 5 + (i % 90),
    ...(i % 100 === 99 ? { error: "timed out" } : {}),
    attributes: { n: i, "http.route": "/step/:n" },
  }));
}
