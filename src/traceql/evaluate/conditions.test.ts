/** Filters: which spans they keep. Section numbers are the language specification's topics: lookup,
 * comparison, logic and arithmetic, regular expressions, events and links, arrays, existence, negation. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { BriefSpan } from "../../../test/support/brief-trace.ts";
import { failureOf, foundNames } from "../../../test/support/found-spans.ts";

type Case = [query: string, want: string];

function table(name: string, spans: readonly BriefSpan[], cases: readonly Case[]): void {
  for (const [query, want] of cases) {
    test(`${name}: ${query}`, () => assert.equal(foundNames(query, spans), want));
  }
}

table(
  "lookup",
  [
    { id: "span", attributes: { x: "s" } },
    { id: "resource", resource: { x: "r" } },
    { id: "both", attributes: { x: 1n }, resource: { x: "r" } },
    { id: "scope", scope: { name: "lib", version: "2", attributes: { x: "i" } } },
    { id: "bytes", attributes: { x: new Uint8Array([1]) } },
    { id: "map", attributes: { x: { y: "s" } } },
    { id: "mixed", attributes: { x: ["s", 1n] } },
    { id: "empty", attributes: { x: null } },
    { id: "list", attributes: { x: [] } },
    { id: "hidden", attributes: { x: { y: 1n } }, resource: { x: "r" } },
    { id: "one", attributes: { x: ["s"] } },
  ],
  [
    [`{ span.x = "s" }`, "span one"],
    [`{ resource.x = "r" }`, "resource both hidden"],
    // A span's value hides the resource's whatever its type; what cannot be searched is not there.
    [`{ .x = "r" }`, "resource hidden"],
    [`{ .x = 1 }`, "both"],
    [`{ instrumentation.x = "i" }`, "scope"],
    [`{ .x = "i" }`, ""],
    [`{ instrumentation:name = "lib" && instrumentation:version = "2" }`, "scope"],
    [`{ instrumentation:version = "" && span.x = "s" }`, "span one"],
    [`{ span.x != nil }`, "span both one"],
    [`{ span.x = nil }`, "resource scope bytes map mixed empty list hidden"],
    [`{ .x = nil }`, "scope bytes map mixed empty list"],
    [`{ resource.service.name = "unknown_service" } | count() = 11`, all(11)],
  ],
);

function all(count: number): string {
  assert.equal(count, 11);
  return "span resource both scope bytes map mixed empty list hidden one";
}

table(
  "comparison",
  [
    { id: "int", attributes: { v: 7n } },
    { id: "float", attributes: { v: 7 } },
    { id: "half", attributes: { v: 7.5 } },
    { id: "text", attributes: { v: "7" } },
    { id: "bool", attributes: { v: true } },
    { id: "none" },
    { id: "big", attributes: { v: 9007199254740993n } },
    { id: "nan", attributes: { v: Number.NaN } },
  ],
  [
    [`{ span.v = 7 }`, "int float"],
    [`{ span.v = 7.0 }`, "int float"],
    [`{ 7 = span.v }`, "int float"],
    [`{ span.v > 7 }`, "half big"],
    [`{ 7 < span.v }`, "half big"],
    [`{ span.v >= 7 }`, "int float half big"],
    [`{ span.v < 7.5 }`, "int float"],
    [`{ span.v = 7ns }`, "int float"],
    [`{ span.v < 1us }`, "int float half"],
    // Of another type, or not there: neither equal nor unequal.
    [`{ span.v != 7 }`, "half big nan"],
    [`{ span.v != "7" }`, ""],
    [`{ span.v = "7" }`, "text"],
    [`{ span.v = true }`, "bool"],
    [`{ span.v != true }`, ""],
    [`{ span.v != false }`, "bool"],
    [`{ span.v >= "6" }`, "text"],
    [`{ "8" > span.v }`, "text"],
    [`{ span.missing != "x" }`, ""],
    [`{ span.missing !~ "x" }`, ""],
    [`{ span.v = 9007199254740992 }`, ""],
    [`{ span.v = 9007199254740993 }`, "big"],
    [`{ span.v != "x" || span.v = nil }`, "text none"],
    [`{ span.v in (7, true) }`, "int float bool"],
    [`{ span.v in ("7", "8") }`, "text"],
    [`{ span.v not in (7, 8) }`, "half big nan"],
    // Short for != and &&, and no value is both a string and an int.
    [`{ span.v not in (7, "8") }`, ""],
    [`{ span.missing not in ("x") }`, ""],
    [`{ span.v = span.v }`, "int float half text bool big"],
  ],
);

table(
  "strings",
  [
    { id: "a", attributes: { v: "a" } },
    { id: "z", attributes: { v: "z" } },
    { id: "bmp", attributes: { v: "\uffee" } },
    { id: "astral", attributes: { v: "\u{1f600}" } },
    { id: "empty", attributes: { v: "" } },
  ],
  [
    [`{ span.v > "a" }`, "z bmp astral"],
    // By bytes: U+1F600 is after U+FFEE, although its first UTF-16 unit is before.
    ["{ span.v > `\uffee` }", "astral"],
    [`{ span.v <= "" }`, "empty"],
    [`{ span.v != nil }`, "a z bmp astral empty"],
    [`{ span.v != "" && span.v < "b" }`, "a"],
  ],
);

table(
  "intrinsics",
  [
    {
      id: "root",
      name: "GET /",
      kind: "server",
      status: "error",
      statusMessage: "boom",
      duration: 2_000_000,
      service: "web",
    },
    { id: "call", of: "root", kind: "client", duration: 1_000, service: "web" },
    { id: "late", of: "call", kind: "server", status: "ok", duration: 3_000_000, service: "db" },
  ],
  [
    [`{ name = "GET /" }`, "GET /"],
    [`{ name != "GET /" }`, "call late"],
    [`{ name =~ "c.*" }`, "call"],
    [`{ duration > 1ms }`, "GET / late"],
    [`{ duration = 1us }`, "call"],
    [`{ duration > 1000 }`, "GET / late"],
    [`{ 2ms <= duration }`, "GET / late"],
    [`{ duration < 1000.5 }`, "call"],
    [`{ status = error }`, "GET /"],
    [`{ status != error }`, "call late"],
    [`{ status in (ok, error) }`, "GET / late"],
    [`{ statusMessage = "boom" }`, "GET /"],
    [`{ statusMessage = "" }`, "call late"],
    [`{ kind = server }`, "GET / late"],
    [`{ kind != server }`, "call"],
    [`{ span:id = "00000000726f6f74" }`, "GET /"],
    [`{ span:id = "726f6f74" }`, "GET /"],
    [`{ span:id != "726f6f74" }`, "call late"],
    [`{ span:id in ("726f6f74", "63616c6c") }`, "GET / call"],
    [`{ span:id =~ "0+726f6f74" }`, "GET /"],
    [`{ span:parentID = "726f6f74" }`, "call"],
    [`{ span:parentID = "" }`, "GET /"],
    [`{ span:parentID = "0000000000000000" }`, "GET /"],
    [`{ span:parentID != "" }`, "call late"],
    [`{ span:id = "" }`, ""],
    [`{ span:childCount = 1 }`, "GET / call"],
    [`{ trace:id = "abc123" }`, "GET / call late"],
    [`{ trace:id = "0000abc123" }`, "GET / call late"],
    [`{ trace:duration = 3.000002ms }`, "GET / call late"],
    [`{ rootName = "GET /" && rootServiceName = "web" && name = "late" }`, "late"],
    [`{ trace:spanCount = 3 && trace:errorCount = 1 && kind = client }`, "call"],
    [`{ span:start = 1700000000000000001 }`, "call"],
    [`{ span:start > "2023-11-14T22:13:20Z" }`, "call late"],
    [`{ span:end = 1700000000000001001 }`, "call"],
    [`{ trace:start = 1700000000000000000 && span:start = trace:start }`, "GET /"],
    [`{ span:end = trace:end }`, "late"],
    [`{ resource.service.name = "db" }`, "late"],
    [`{ name != nil && kind = client }`, "call"],
    [`{ nestedSetParent < 0 }`, "GET /"],
    [`{ nestedSetLeft = 2 && nestedSetRight = 5 && nestedSetParent = 1 }`, "call"],
  ],
);

table(
  "logic and arithmetic",
  [
    { id: "a", attributes: { flag: true, i: 7n, f: 2.5, n: -5n } },
    { id: "b", attributes: { flag: false, i: 1n, j: 2n } },
    { id: "c", attributes: { flag: "true", i: "7" } },
    { id: "d", duration: 10 },
  ],
  [
    [`{ .flag }`, "a"],
    [`{ name != "c" && !.flag && .i < 9 }`, "b"],
    // Nil counts as false.
    [`{ .flag || .missing }`, "a"],
    [`{ .missing || .flag }`, "a"],
    [`{ .flag && .missing }`, ""],
    [`{ !.missing }`, "a b c d"],
    [`{ !(.flag && .missing) }`, "a b c d"],
    // Equal level, from the left.
    [`{ name = "a" || name = "b" && .flag }`, "a"],
    [`{ true || .flag }`, "a b c d"],
    [`{ name = "a" || true }`, "a b c d"],
    [`{ .i / 2 = 3 }`, "a"],
    [`{ .i / 2.0 = 3.5 }`, "a"],
    [`{ .n / 2 = -2 }`, "a"],
    [`{ .n % 3 = -2 }`, "a"],
    [`{ .i ^ 2 = 49 }`, "a"],
    [`{ 2 ^ .i = 128 }`, "a"],
    [`{ .j ^ 0 = 1 }`, "b"],
    [`{ .i + .j = 3 }`, "b"],
    [`{ .i + .missing != 1 }`, ""],
    [`{ -.n = 5 }`, "a"],
    [`{ -.n * 2 = 10 }`, "a"],
    [`{ -.missing = 1 }`, ""],
    [`{ .i * 1.5 > 10 }`, "a"],
    [`{ .f / 0 > 100 }`, "a"],
    [`{ duration * 2 = 20 }`, "d"],
    [`{ -duration < -5ns }`, "d"],
    [`{ .i = 7 = true }`, "a"],
    [`{ .flag =~ "true" }`, "c"],
    [`{ (.flag =~ "true") = true }`, "c"],
    [`{ .i + .i = .i * 2 }`, "a b"],
    // Not further than needed: no division for the others.
    [`{ name = "a" && 7 / .i = 1 }`, "a"],
    [`{ name = "d" || .i - .i = 0 }`, "a b d"],
  ],
);

const numbers: readonly BriefSpan[] = [
  { id: "a", attributes: { zero: 0n, text: "x", list: [1n, 2n], words: ["x", "y"] } },
];
for (const [query, want] of [
  [`{ 1 / .zero = 1 }`, "division by zero"],
  [`{ 1 % .zero = 1 }`, "modulo by zero"],
  [`{ 1 / 0 = 1 }`, "division by zero"],
  [`{ !span.text }`, "expression (!span.text) expected a boolean, but got TypeString"],
  [`{ !span.list }`, "expression (!span.list) expected a boolean, but got TypeIntArray"],
  [`{ -span.text = 1 }`, "expression (-span.text) expected a numeric, but got TypeString"],
  [`{ span.list + 1 = 2 }`, "unsupported operation"],
  [`{ 1 + span.words = 2 }`, "unsupported operation"],
  [`{ } | by(1 / .zero)`, "division by zero"],
  [`{ } | avg(1 / .zero) > 1`, "division by zero"],
] as const) {
  test(`failure: ${query}`, () => assert.equal(failureOf(query, numbers), want));
}

table(
  "regular expressions",
  [
    { id: "SELECT", attributes: { v: "one\ntwo" } },
    { id: "select", attributes: { v: 1n } },
    { id: "a|b", attributes: { v: ["x1", "y1"] } },
    { id: "none" },
  ],
  [
    [`{ name =~ "SEL" }`, ""],
    [`{ name =~ "SEL.*" }`, "SELECT"],
    [`{ name =~ "(?i)SELECT" }`, "SELECT select"],
    [`{ name =~ "SELECT|select" }`, "SELECT select"],
    [`{ name !~ "SELECT|select" }`, "a|b none"],
    [`{ .v =~ "one.two" }`, "SELECT"],
    [`{ .v =~ "x." }`, "a|b"],
    [`{ .v !~ "x." }`, "SELECT"],
    [`{ .v !~ "z" }`, "SELECT a|b"],
    [`{ kind != client && name =~ ".\\\\|." }`, "a|b"],
  ],
);

table(
  "arrays",
  [
    { id: "xy", attributes: { a: ["x", "y"] } },
    { id: "yz", attributes: { a: ["y", "z"] } },
    { id: "x", attributes: { a: "x" } },
    { id: "ints", attributes: { a: [1n, 5n] } },
    { id: "floats", attributes: { a: [1.5, 2.5] } },
    { id: "bools", attributes: { a: [true, false] } },
  ],
  [
    [`{ span.a = "x" }`, "xy x"],
    [`{ "x" = span.a }`, "xy x"],
    [`{ span.a != "x" }`, "yz"],
    [`{ "x" != span.a }`, "yz"],
    [`{ span.a != "x" && span.a != "y" }`, ""],
    [`{ span.a > "y" }`, "yz"],
    [`{ span.a > 4 }`, "ints"],
    [`{ span.a < 2 }`, "ints floats"],
    [`{ 2 > span.a }`, "ints floats"],
    [`{ span.a = 1.5 }`, "floats"],
    [`{ span.a != 1 }`, "floats"],
    [`{ span.a = true }`, "bools"],
    [`{ span.a in ("x", "q") }`, "xy x"],
    [`{ span.a not in ("x", "q") }`, "yz"],
    [`{ span.a not in (1, 2) }`, "floats"],
    [`{ span.a =~ "x|z" }`, "xy yz x"],
    [`{ span.a !~ "x|z" }`, ""],
    [`{ span.a = span.a }`, "xy yz x ints floats bools"],
    [`{ span.a }`, ""],
    [`{ span.a != nil }`, "xy yz x ints floats bools"],
  ],
);

table(
  "negation is plain",
  [
    { id: "A", status: "error", attributes: { a: 5n } },
    { id: "B", attributes: { a: 6n } },
    { id: "C" },
  ],
  [
    [`{ !(span.a = 5) }`, "B C"],
    [`{ !(span.a > 5) }`, "A C"],
    [`{ !(name = "A") && status = unset }`, "B C"],
    [`{ !(span.a = 5 || status = unset) }`, ""],
    [`{ !!(span.a = 5) }`, "A"],
    [`{ !(span.a != nil) }`, "C"],
    [`{ !(span.a in (5, 7)) }`, "B C"],
  ],
);
