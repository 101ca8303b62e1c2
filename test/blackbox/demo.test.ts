/** The demo shop as a whole: its processes, and the spans they send, seen by a receiver that is not Clew. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { createLogger } from "../../src/base/log.ts";
import { planRequest } from "../../src/demo/plan.ts";
import { shopDefaults, startShop } from "../../src/demo/shop.ts";
import type { Shop, ShopOptions } from "../../src/demo/shop.ts";
import { oracleDecode } from "../support/oracle.ts";

const services = ["api-gateway", "auth", "cart", "inventory", "notification", "payment"];

/** Numbers of OpenTelemetry's SpanKind and StatusCode in OTLP. */
const [SERVER, CLIENT, PRODUCER, CONSUMER] = [2, 3, 4, 5];
const ERROR = 2;

interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes?: readonly KeyValue[];
  readonly events?: readonly { readonly name: string }[];
  readonly status?: { readonly code?: number };
}

interface SentSpans {
  readonly resource: { readonly attributes: readonly KeyValue[] };
  readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[];
}

interface Span extends SentSpan {
  readonly service: string;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly values: Readonly<Record<string, unknown>>;
}

describe("demo shop", () => {
  const planned = { seed: 11, errorShare: 0.4, slowShare: 0.1 };
  const requests = Array.from({ length: 10 }, (_, i) => planRequest(planned, i));
  const spans: Span[] = [];
  const logged: string[] = [];
  let sink: Server;
  let shop: Shop;

  const options = (more: Partial<ShopOptions>): ShopOptions => ({
    ...shopDefaults,
    otlpUrl: `http://127.0.0.1:${(sink.address() as AddressInfo).port}`,
    log: createLogger({ level: "info", write: (line) => logged.push(line), now: () => new Date() }),
    ...more,
  });
  const ofTrace = (traceId: string): Span[] => spans.filter((span) => span.traceId === traceId);
  const roots = (): Span[] => spans.filter((span) => span.parentSpanId === undefined);

  before(async () => {
    sink = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        spans.push(...readSpans(Buffer.concat(chunks)));
        response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
      });
    });
    await new Promise<void>((resolve) => sink.listen(0, "127.0.0.1", resolve));
    shop = await startShop(options({ ...planned, traces: requests.length, requestsPerSecond: 8 }));
  });
  after(async () => {
    await shop.close();
    sink.close();
    sink.closeAllConnections();
  });

  test("answers as planned", async () => {
    const report = await shop.done;
    const count = (kind: string): number =>
      requests.filter(({ failure }) => failure === kind).length;
    assert.deepEqual(report, {
      requests: requests.length,
      failures: {
        authRejected: count("authRejected"),
        outOfStock: count("outOfStock"),
        paymentDeclined: count("paymentDeclined"),
        inventoryError: count("inventoryError"),
        bankTimeout: count("bankTimeout"),
        unexpected: 0,
      },
      slow: requests.filter(({ scenario }) => scenario.delay !== undefined).length,
    });
    assert.deepEqual(logged.map(messageOf), ["demo shop: open"]);
  });

  test("sends one trace a request, whole, with the status it must have", () => {
    assert.equal(new Set(spans.map(({ traceId }) => traceId)).size, requests.length);
    assert.equal(roots().length, requests.length);
    const ids = new Set(spans.map(({ spanId }) => spanId));
    for (const { name, parentSpanId } of spans) {
      assert.ok(parentSpanId === undefined || ids.has(parentSpanId), `${name} without its parent`);
    }
    assert.deepEqual(
      roots()
        .map(({ name, values }) => `${name} ${String(values["http.response.status_code"])}`)
        .sort(),
      requests
        .map(({ method, path, expectedStatus }) => `${method} ${path} ${expectedStatus}`)
        .sort(),
    );
    assert.ok(roots().every(({ service, kind }) => service === "api-gateway" && kind === SERVER));
  });

  test("a checkout passes through all six services", () => {
    const checkouts = roots().filter(({ values }) => values["http.response.status_code"] === 201);
    assert.ok(checkouts.length > 0, "choose another seed");
    assert.equal(checkouts.length, requests.filter((it) => it.expectedStatus === 201).length);
    for (const { traceId } of checkouts) {
      const trace = ofTrace(traceId);
      assert.deepEqual([...new Set(trace.map(({ service }) => service))].sort(), services);
      const producer = trace.find(({ kind }) => kind === PRODUCER);
      const consumer = trace.find(({ kind }) => kind === CONSUMER);
      assert.equal(producer?.service, "payment");
      assert.equal(consumer?.service, "notification");
      assert.equal(consumer?.parentSpanId, producer?.spanId);
      assert.equal(consumer?.values["messaging.system"], "clew-demo-broker");
    }
  });

  test("queries are spans with the database's system and text", () => {
    const queries = spans.filter(({ values }) => values["db.query.text"] !== undefined);
    const asking = new Set(queries.map(({ service }) => service));
    assert.deepEqual([...asking].sort(), ["auth", "cart", "inventory", "payment"]);
    for (const { kind, values } of queries) {
      assert.equal(kind, CLIENT);
      assert.equal(values["db.system.name"], "postgresql");
    }
    assert.ok(
      queries.some((it) => String(it.values["db.query.text"]).startsWith("INSERT INTO payments")),
    );
  });

  test("failures of the shop's own are errors with an exception, the customer's are not", () => {
    const kinds = new Set(requests.map(({ failure }) => failure));
    assert.ok(kinds.has("bankTimeout") && kinds.has("inventoryError"), "choose another seed");
    assert.ok(kinds.has("authRejected") && kinds.has("paymentDeclined"), "choose another seed");
    for (const { kind, values, status, events, name } of spans) {
      const httpStatus = Number(values["http.response.status_code"]);
      if (kind !== SERVER) continue;
      assert.equal(status?.code === ERROR, httpStatus >= 500, `${name} ${httpStatus}`);
      const hasException = events?.some((event) => event.name === "exception") ?? false;
      assert.equal(hasException, httpStatus >= 500, `${name} ${httpStatus}`);
    }
    const failedQueries = spans.filter(
      ({ values, status }) => values["db.query.text"] !== undefined && status?.code === ERROR,
    );
    const planned = requests.filter(({ failure }) => failure === "inventoryError");
    assert.equal(failedQueries.length, planned.length);
  });

  test("resources say who sends", () => {
    for (const { resource, service } of spans) {
      assert.ok(services.includes(service));
      assert.equal(resource["service.namespace"], "shop");
      assert.equal(resource["deployment.environment.name"], "demo");
      assert.match(String(resource["service.version"]), /^\d+\.\d+\.\d+$/);
    }
    const instances = new Set(spans.map(({ resource }) => resource["service.instance.id"]));
    assert.equal(instances.size, services.length);
    assert.ok(
      spans.every(({ values }) => values["url.path"] !== "/health"),
      "health is not traced",
    );
  });

  test("close() leaves no process, and may be called again", async () => {
    assert.equal(childProcesses().length, 8);
    await Promise.all([shop.close(), shop.close()]);
    assert.deepEqual(childProcesses(), []);
  });

  test("runs until closed, and while nobody takes its spans, which it says once", async () => {
    logged.length = 0;
    const lonely = await startShop(
      options({ otlpUrl: "http://127.0.0.1:9", requestsPerSecond: 20, errorShare: 0 }),
    );
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await lonely.close();
    const { requests: answered, failures } = await lonely.done;
    assert.ok(answered >= 10, `${answered} requests`);
    assert.equal(failures.unexpected, 0);
    assert.deepEqual(logged.map(messageOf), [
      "demo shop: open",
      "demo shop: spans cannot be sent, some will be lost",
    ]);
    assert.deepEqual(childProcesses(), []);
  });

  test("says which process has died, and ends the others", async () => {
    logged.length = 0;
    const fragile = await startShop(options({}));
    const cart = childProcesses().find(({ command }) => command.includes(" cart "))!;
    process.kill(cart.pid, "SIGKILL");
    const message = "cart of the demo shop ended by SIGKILL";
    await assert.rejects(fragile.done, { name: "Fault", code: "unavailable", message });
    await fragile.close();
    assert.ok(logged.map(messageOf).includes("demo shop: a process died"));
    assert.deepEqual(childProcesses(), []);
  });
});

const wrongOptions: [wrong: Partial<ShopOptions>, message: RegExp][] = [
  [{ otlpUrl: "here" }, /otlpUrl is "here", must be an http or https URL$/],
  [{ requestsPerSecond: 0 }, /requestsPerSecond is 0, must be more than 0 and at most 1000$/],
  [{ requestsPerSecond: Number.NaN }, /requestsPerSecond is NaN/],
  [{ traces: 0.5 }, /traces is 0.5, must be a whole number of at least 1$/],
  [{ errorShare: 1.1 }, /errorShare is 1.1, must be between 0 and 1$/],
  [{ errorShare: 0.5, slowShare: 0.6 }, /errorShare \+ slowShare is 1.1, must be at most 1/],
  [{ seed: 0.1 }, /seed is 0.1, must be a whole number$/],
];
for (const [wrong, message] of wrongOptions) {
  test(`demo shop refuses ${JSON.stringify(wrong)}`, async () => {
    const log = createLogger({ level: "error", write: () => {}, now: () => new Date() });
    const options = { ...shopDefaults, otlpUrl: "http://127.0.0.1:4318", log, ...wrong };
    await assert.rejects(startShop(options), { name: "Fault", code: "invalid", message });
    assert.deepEqual(childProcesses(), []);
  });
}

function readSpans(body: Buffer): Span[] {
  const { resourceSpans } = oracleDecode("TracesData", body);
  return (resourceSpans as readonly SentSpans[]).flatMap(({ resource, scopeSpans }) => {
    const told = valuesOf(resource.attributes);
    return scopeSpans
      .flatMap(({ spans }) => spans)
      .map((span) => ({
        ...span,
        service: String(told["service.name"]),
        resource: told,
        values: valuesOf(span.attributes ?? []),
      }));
  });
}

/** Attributes by key; integers become numbers. */
function valuesOf(attributes: readonly KeyValue[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => {
      const plain = Object.values(value)[0];
      return [key, "intValue" in value ? Number(plain) : plain];
    }),
  );
}

function messageOf(line: string): string {
  return (JSON.parse(line) as { readonly message: string }).message;
}

/** The shop's processes that this one has started and that still run. */
function childProcesses(): { readonly pid: number; readonly command: string }[] {
  return processTable()
    .map((line) => /^ *(\d+) +(\d+) +(.*)$/.exec(line) ?? [])
    .map(([, pid, parent, command = ""]) => ({ pid: Number(pid), parent: Number(parent), command }))
    .filter(({ parent, command }) => parent === process.pid && command.includes("demo/child.ts"));
}

/** Lines of process id, parent's id and command. A small Linux has no `ps`; other systems, no /proc. */
function processTable(): string[] {
  if (process.platform !== "linux") {
    const table = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" });
    return table.split("\n");
  }
  const ids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return ids.flatMap((id) => {
    try {
      const parent = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1];
      const command = readFileSync(`/proc/${id}/cmdline`, "utf8").replaceAll("\0", " ");
      return [`${id} ${parent} ${command}`];
    } catch {
      return []; // it has ended meanwhile
    }
  });
}
