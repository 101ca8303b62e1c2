import assert from "node:assert/strict";
import { test } from "node:test";
import type { Span, Trace } from "../model/trace.ts";
import { drawTrace } from "./draw-trace.ts";
import { drawTraces } from "./draw-traces.ts";

const MS = 1e6;
type Given = Partial<Span> & { readonly spanId: string };

/** A span whose times are in milliseconds. */
function span({ startNano = 0, durationNano = 0, ...rest }: Given): Span {
  return {
    resource: 0,
    scope: 0,
    name: rest.spanId,
    kind: "internal",
    startNano: startNano * MS,
    durationNano: durationNano * MS,
    status: "unset",
    statusMessage: "",
    traceState: "",
    flags: 1,
    attributes: [],
    events: [],
    links: [],
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
    marks: [],
    ...rest,
  };
}

function trace(services: readonly string[], spans: readonly Given[]): Trace {
  const all = spans.map(span);
  const ends = all.map(({ startNano, durationNano }) => startNano + durationNano);
  return {
    traceId: "0000000000000000000000000000002a",
    startUnixNano: "1764000000123000000",
    durationNano: Math.max(0, ...ends),
    resources: services.map((service) => ({
      service,
      attributes: [],
      droppedAttributesCount: 0,
      schemaUrl: "",
    })),
    scopes: [],
    spans: all,
  };
}

const plain = { width: 72, colour: false, unicode: true };
const checkout = trace(
  ["api-gateway", "cart", "payment"],
  [
    { spanId: "a", name: "POST /checkout", durationNano: 100 },
    { spanId: "b", parentSpanId: "a", name: "GET", startNano: 10, durationNano: 30 },
    { spanId: "c", parentSpanId: "b", resource: 1, name: "load", startNano: 15, durationNano: 20 },
    {
      spanId: "d",
      parentSpanId: "a",
      resource: 2,
      name: "pay",
      startNano: 60,
      durationNano: 35,
      status: "error",
    },
  ],
);

function draws(name: string, given: Trace, options: typeof plain, lines: readonly string[]): void {
  test(`drawTrace: ${name}`, () => {
    assert.equal(drawTrace(given, options), lines.map((line) => `${line}\n`).join(""));
  });
}

draws("a tree with a gap and an error", checkout, plain, [
  "trace 0000000000000000000000000000002a",
  "api-gateway: POST /checkout",
  "2025-11-24 16:00:00.123 UTC, 100 ms, 4 spans, 3 services, 1 error",
  "",
  "  █ own time  ━ in children            │0              │50 ms",
  "  POST /checkout api-gateway   100 ms  ███━━━━━━━━━━███████━━━━━━━━━━━██",
  "  ├ GET          api-gateway  30.0 ms     ▐█━━━━━━━█▎",
  "  │ └ load       cart         20.0 ms      ▕██████▌",
  "✗ └ pay          payment      35.0 ms                     ▕███████████▍",
]);
draws("the same in ASCII", checkout, { ...plain, unicode: false }, [
  "trace 0000000000000000000000000000002a",
  "api-gateway: POST /checkout",
  "2025-11-24 16:00:00.123 UTC, 100 ms, 4 spans, 3 services, 1 error",
  "",
  "  # own time  - in children            |0              |50 ms",
  "  POST /checkout api-gateway   100 ms  ###----------#######-----------##",
  "  |-GET          api-gateway  30.0 ms     ##-------#",
  "  | `-load       cart         20.0 ms       #######",
  "x `-pay          payment      35.0 ms                      ###########",
]);
draws(
  "a root that has not arrived, and hostile names",
  trace(
    ["evil\u001b[31m", "日本"],
    [
      { spanId: "a", parentSpanId: "9", name: "\u001b]0;title\u0007", durationNano: 5 },
      { spanId: "b", parentSpanId: "a", resource: 1, name: "検索", startNano: 1, durationNano: -3 },
    ],
  ),
  plain,
  [
    "trace 0000000000000000000000000000002a",
    "(its first span has not arrived)",
    "2025-11-24 16:00:00.123 UTC, 5.00 ms, 2 spans, 2 services, 0 errors",
    "",
    "  █ own time  ━ in children                   │0",
    "  ┄ \\u{1b}]0;title\\u{7} evil\\u{1b}…  5.00 ms  ██████████████████████████",
    "  └ 検索                日本        -3.00 ms       ▏",
  ],
);
draws("a single instant", trace(["a"], [{ spanId: "a" }]), plain, [
  "trace 0000000000000000000000000000002a",
  "a: a",
  "2025-11-24 16:00:00.123 UTC, 0 ns, 1 span, 1 service, 0 errors",
  "",
  "                          │0",
  "  a        a        0 ns  ▏",
]);

test("drawTrace: colour paints services, errors and the root", () => {
  const text = drawTrace(checkout, { ...plain, colour: true });
  assert.ok(text.includes("\u001b[1mapi-gateway: POST /checkout\u001b[0m"));
  assert.ok(text.includes("\u001b[31m✗\u001b[0m"));
  // oxlint-disable-next-line no-control-regex -- taking the colours away
  const bare = text.replace(/\u001b\[\d+m/g, "");
  const trimmed = (picture: string) => picture.split("\n").map((line) => line.trimEnd());
  assert.deepEqual(trimmed(bare), trimmed(drawTrace(checkout, plain)));
});

test("drawTrace: a chain deeper than the screen is wide, 20,000 spans", () => {
  const spans = Array.from({ length: 20_000 }, (_, i) => ({
    spanId: String(i),
    ...(i > 0 ? { parentSpanId: String(i - 1) } : {}),
    startNano: i / 1000,
    durationNano: 40 - i / 1000,
  }));
  const text = drawTrace(trace(["deep"], spans), { ...plain, width: 100 });
  const lines = text.split("\n");
  assert.ok(lines.every((line) => line.length <= 100));
  assert.ok(lines.some((line) => line.includes("19999: 19999")));
});

test("drawTraces: a table", () => {
  const traces = [
    {
      traceId: "0000000000000000000000000000002a",
      rootService: "shop",
      rootName: "POST /",
      startUnixNano: "1764000000123000000",
      durationNano: 512e6,
      spanCount: 34,
      errorCount: 2,
      services: [],
    },
    {
      traceId: "0000000000000000000000000000002b",
      rootService: "",
      rootName: "",
      startUnixNano: "1764000000000000000",
      durationNano: 1500,
      spanCount: 1,
      errorCount: 0,
      services: [],
    },
  ];
  const [id, second] = traces.map(({ traceId }) => traceId);
  assert.deepEqual(drawTraces(traces, { colour: false, unicode: true }).split("\n"), [
    "TRACE                             START (UTC)              DURATION  SPANS  ERRORS  SERVICE  NAME",
    `${id}  2025-11-24 16:00:00.123    512 ms     34       2  shop     POST /`,
    `${second}  2025-11-24 16:00:00.000   1.50 µs      1       0  ?        (first span not seen)`,
    "",
  ]);
});
