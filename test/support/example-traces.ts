/** The traces that the examples of docs/traceql.md are about; the page draws them. */
import type { Trace } from "../../src/model/trace.ts";
import { type BriefSpan, briefTrace } from "./brief-trace.ts";

const MS = 1_000_000;
/** 2026-01-31T12:00:00Z, in Unix nanoseconds. */
export const EXAMPLE_NOON = 1_769_860_800_000_000_000n;

/** From when to when, in milliseconds since the trace's start. */
function times(from: number, to: number): { start: number; duration: number } {
  return { start: from * MS, duration: (to - from) * MS };
}

const otelhttp = { name: "otelhttp", version: "1.2.0", attributes: { flavor: "x" } };

const checkout: readonly BriefSpan[] = [
  {
    id: "root",
    name: "POST /checkout",
    service: "web",
    kind: "server",
    status: "error",
    ...times(0, 2600),
    scope: otelhttp,
    attributes: {
      "http.request.method": "POST",
      "http.route": "/checkout",
      "http.response.status_code": 500n,
      "bytes.in": 900n,
      "bytes.out": 300n,
      tenant: "acme",
      "user.id": "u7",
      a: true,
    },
  },
  {
    id: "00f067aa0ba902b7",
    name: "GET /cart",
    of: "root",
    service: "cart",
    kind: "server",
    ...times(20, 320),
    scope: otelhttp,
    attributes: {
      "http.request.method": "GET",
      "http.route": "/cart",
      "http.response.status_code": 200n,
      "cache.hit": true,
      tenant: "acme",
      a: true,
    },
  },
  {
    id: "select",
    name: "SELECT cart",
    of: "00f067aa0ba902b7",
    service: "cart",
    kind: "client",
    ...times(50, 250),
    attributes: {
      "db.system": "postgresql",
      bytes: 98_304n,
      pages: 300n,
      tenant: "globex",
      a: true,
    },
  },
  {
    id: "charge",
    of: "root",
    service: "checkout",
    resource: { "service.version": "1.7" },
    kind: "client",
    status: "error",
    statusMessage: "connection refused",
    ...times(400, 2500),
    attributes: { retries: 4n, "http.route": "/pay", b: true },
    events: [
      { name: "retry", at: 200 * MS, attributes: { n: 1n } },
      { name: "exception", at: 1500 * MS, attributes: { "exception.type": "Timeout" } },
    ],
  },
  {
    id: "pay",
    of: "charge",
    service: "payment",
    kind: "server",
    status: "error",
    ...times(500, 700),
    attributes: { retries: 2n, "http.response.status_code": 503n },
    links: [
      {
        trace: "4bf92f3577b34da6a3ce929d0e0e4736",
        span: "00f067aa0ba902b7",
        attributes: { reason: "retry" },
      },
    ],
  },
  {
    id: "mail",
    of: "root",
    service: "checkout",
    kind: "client",
    status: "error",
    ...times(2510, 2550),
  },
];

const item: readonly BriefSpan[] = [
  {
    id: "root",
    name: "GET /items/42",
    service: "web",
    kind: "server",
    status: "ok",
    ...times(0, 45),
    attributes: {
      "http.request.method": "GET",
      ratio: 0.9,
      "odd name": 1n,
      tags: ["x", "y"],
      v: 7n,
    },
  },
  {
    id: "cache",
    name: "redis GET",
    of: "root",
    service: "web",
    kind: "client",
    ...times(5, 60),
    attributes: { "db.system": "redis", seq: 2n ** 63n - 1n, tags: ["y", "z"], v: 7 },
  },
  {
    id: "health",
    name: "health check",
    of: "root",
    service: "web",
    start: 30 * MS,
    duration: 400_000,
    attributes: { seq: 4n, delta: 3n, a: 5n, c: true, v: 10n, zero: 0n },
  },
];

const twoRoots: readonly BriefSpan[] = [
  { id: "first", service: "batch", kind: "server", ...times(0, 100), attributes: { seq: 3n } },
  { id: "000000000000002a", name: "A", of: "first", service: "batch", ...times(10, 90) },
  { id: "again", name: "A", of: "first", service: "batch", ...times(92, 98) },
  { id: "second", name: 'say "hi"', service: "batch", ...times(200, 6000) },
];

/** Three traces: a checkout that failed at noon, a page twelve seconds later, a batch that ended before. */
export const exampleTraces: readonly Trace[] = [
  briefTrace(checkout, { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", base: EXAMPLE_NOON }),
  briefTrace(item, {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    base: EXAMPLE_NOON + 12_000_000_000n,
  }),
  briefTrace(twoRoots, {
    traceId: "00000000000000000000000000000b0b",
    base: EXAMPLE_NOON - 8_000_000_000n,
  }),
];
