import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Trace } from "../../model/trace.ts";
import { type BriefSpan, briefTrace } from "../../../test/support/brief-trace.ts";
import { printedSeed, runs } from "../../../test/support/oracle.ts";
import { anySpans } from "../../../test/support/random-traces.ts";
import { diffNodes } from "./diff-nodes.ts";
import { tracePatchSteps } from "./trace-patch.ts";

const MS = 1_000_000;

interface Patch {
  readonly stats: Readonly<Record<string, number>>;
  readonly modified: readonly { readonly span: object; readonly changes: readonly object[] }[];
  readonly added: readonly { readonly target: object; readonly span: { readonly name: string } }[];
  readonly removed: readonly {
    readonly target: object;
    readonly span: { readonly name: string };
  }[];
  readonly warnings: readonly { readonly code: string }[];
}

function patchOf(base: Trace, compare: Trace): Patch {
  const steps = tracePatchSteps(base, compare);
  let step = steps.next();
  while (!step.done) step = steps.next();
  return JSON.parse(JSON.stringify(step.value)) as Patch;
}

const patch = (base: BriefSpan[], compare: BriefSpan[]): Patch =>
  patchOf(briefTrace(base), briefTrace(compare));

const codes = ({ warnings }: Patch): string[] => warnings.map(({ code }) => code);

test("what came, went and changed, at its place", () => {
  //   base            compare
  //   a ─┬─ b         a ─┬─ x ── b
  //      └─ old          └─ c
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const base = briefTrace([
    { id: "a", service: "s", kind: "server", status: "ok", duration: 100 * MS },
    {
      id: "b",
      of: "a",
      service: "t",
      duration: 20 * MS,
      attributes: { gone: 1n, n: 1n, same: 7n },
    },
    { id: "old", of: "a", service: "t", duration: MS },
  ]);
  const compare = briefTrace(
    [
      { id: "1", name: "a", service: "s", kind: "server", status: "error", duration: 200 * MS },
      { id: "2", of: "1", name: "x", service: "t", duration: 3 * MS },
      {
        id: "3",
        of: "2",
        name: "b",
        service: "t",
        duration: 21 * MS,
        attributes: { n: "1", new: new Uint8Array([255]), same: 7 },
      },
    ],
    { traceId },
  );
  assert.deepEqual(patchOf(base, compare), {
    version: "trace-patch-v0",
    base: { traceId: "00000000000000000000000000abc123", spanCount: 3 },
    compare: { traceId, spanCount: 3 },
    stats: {
      spanCountA: 3,
      spanCountB: 3,
      matchedSpans: 2,
      modifiedSpans: 2,
      addedSpans: 1,
      removedSpans: 1,
      fieldChanges: 2,
      attributeChanges: 3,
      eventChanges: 0,
      truncated: false,
    },
    modified: [
      {
        span: { path: [0], service: "s", name: "a", kind: "server" },
        changes: [
          {
            op: "modify",
            target: { type: "field", name: "duration_nanos" },
            before: 100 * MS,
            after: 200 * MS,
          },
          { op: "modify", target: { type: "field", name: "status" }, before: "ok", after: "error" },
        ],
      },
      {
        span: { path: [0, 0, 0], service: "t", name: "b", kind: "internal" },
        changes: [
          attributeChange("remove", "gone", 1, null),
          attributeChange("modify", "n", 1, "1"),
          attributeChange("add", "new", null, "/w=="),
        ],
      },
    ],
    added: [
      {
        target: { type: "span", parentPath: [0], index: 0 },
        span: {
          path: [0, 0],
          service: "t",
          name: "x",
          kind: "internal",
          duration_nanos: 3 * MS,
          status: "unset",
        },
      },
    ],
    removed: [
      {
        target: { type: "span", path: [0, 1] },
        span: {
          path: [0, 1],
          service: "t",
          name: "old",
          kind: "internal",
          duration_nanos: MS,
          status: "unset",
        },
      },
    ],
    warnings: [],
  });
});

function attributeChange(op: string, key: string, before: unknown, after: unknown): object {
  return { op, target: { type: "attribute", scope: "span", key }, before, after };
}

test("durations differ by more than a fifth and a millisecond, magnitudes by more than a twentieth", () => {
  const changes = (was: Partial<BriefSpan>, is: Partial<BriefSpan>): number => {
    const { stats } = patch([{ id: "a", ...was }], [{ id: "a", ...is }]);
    return stats["fieldChanges"]! + stats["attributeChanges"]!;
  };
  assert.equal(changes({ duration: 0 }, { duration: MS }), 0);
  assert.equal(changes({ duration: 0 }, { duration: 1.3 * MS }), 1);
  assert.equal(changes({ duration: 80 * MS }, { duration: 101 * MS }), 0);
  assert.equal(changes({ duration: 80 * MS }, { duration: 103 * MS }), 1);
  const size = (value: bigint | number | string) => ({ attributes: { "file.size": value } });
  const other = (value: bigint | number | string) => ({ attributes: { size: value } });
  assert.equal(changes(size(100n), size(105)), 0);
  assert.equal(changes(size(100n), size(106n)), 1);
  assert.equal(changes(size(0n), size(1n)), 1);
  assert.equal(changes(size(100n), size("100")), 1);
  assert.equal(changes(other(100n), other(100)), 0);
  assert.equal(changes(other(100n), other(101n)), 1);
  assert.equal(changes(other(NaN), other(NaN)), 0);
  assert.equal(changes(other(2n ** 53n), other(2n ** 53n + 1n)), 1);
});

test("spans alike find each other first, near relations before others", () => {
  const call = (id: string, of: string, value: string): BriefSpan => {
    return { id, of, name: "call", attributes: { value } };
  };
  const parents: BriefSpan[] = [{ id: "r" }, { id: "p", of: "r" }, { id: "q", of: "r" }];
  const moved = patch(
    [...parents, call("1", "p", "x"), call("2", "q", "y")],
    [...parents, call("3", "q", "y"), call("4", "p", "x")],
  );
  assert.deepEqual([moved.modified, codes(moved)], [[], []]);
  const swapped = patch(
    [...parents, call("1", "p", "x"), call("2", "p", "y")],
    [...parents, call("3", "p", "y"), call("4", "p", "x")],
  );
  assert.deepEqual([swapped.modified, codes(swapped)], [[], ["ambiguous_span_match"]]);
  const fewer = patch(
    [...parents, call("1", "p", "x"), call("2", "q", "x")],
    [...parents, call("3", "q", "x")],
  );
  assert.deepEqual(fewer.removed[0]!.target, { type: "span", path: [0, 0, 0] });
});

test("what cannot be told apart or timed is warned of", () => {
  assert.deepEqual(codes(patch([{ id: "get 123456" }], [{ id: "get" }])), [
    "high_cardinality_span_name",
  ]);
  assert.deepEqual(codes(patch([{ id: "12345" }], [{ id: "deadbee" }])), []);
  const backwards = patch([{ id: "a", duration: -5 }], [{ id: "a", duration: 5 }]);
  assert.deepEqual(codes(backwards), ["invalid_duration"]);
  assert.deepEqual(backwards.modified[0]!.changes, [
    { op: "modify", target: { type: "field", name: "duration_nanos" }, before: null, after: 5 },
  ]);
  const shared = patch([{ id: "a" }], [{ id: "a" }, { id: "a", kind: "server", name: "b" }]);
  assert.deepEqual(codes(shared), ["duplicate_span_id"]);
  assert.deepEqual([shared.stats["spanCountB"], shared.stats["addedSpans"]], [2, 0]);
});

test("spans that are their own ancestors have places behind all others", () => {
  const trace = briefTrace([
    { id: "x", of: "y" },
    { id: "y", of: "x" },
    { id: "a" },
    { id: "b", of: "gone" },
  ]);
  const places = diffNodes(trace, 100)!.map(({ span, path }) => [span.name, path]);
  assert.deepEqual(places, [
    ["a", [0]],
    ["b", [1]],
    ["x", [2]],
    ["y", [2, 0]],
  ]);
});

test("a chain of spans is walked however deep, unless its paths are too long", () => {
  const spans = Array.from({ length: 5000 }, (_, i) => ({
    id: `s${i}`,
    ...(i > 0 && { of: `s${i - 1}` }),
  }));
  assert.equal(diffNodes(briefTrace(spans), 13_000_000)!.length, 5000);
  assert.equal(diffNodes(briefTrace(spans), 12_000_000), undefined);
});

/** The matching as it is said in words, one pair after the other. */
function naiveCounts(base: Trace, compare: Trace): { matched: number; modified: number } {
  const [was, is] = [diffNodes(base, 1e6)!, diffNodes(compare, 1e6)!];
  type Node = (typeof was)[number];
  const [taken, matched] = [new Set<Node>(), new Map<Node, Node>()];
  const alike = (a: Node, b: Node): boolean => {
    const one = (of: Trace, { span }: Node): Trace => {
      const { parentSpanId: _, ...alone } = span;
      return { ...of, spans: [alone] };
    };
    return patchOf(one(base, a), one(compare, b)).modified.length === 0;
  };
  const near = (a: Node, b: Node): boolean => a.parent === b.parent;
  const status = (a: Node, b: Node): boolean => a.span.status === b.span.status;
  for (const fits of [
    (a: Node, b: Node) => near(a, b) && alike(a, b),
    (a: Node, b: Node) => near(a, b) && status(a, b),
    near,
    alike,
    status,
    () => true,
  ]) {
    for (const b of is) {
      if (matched.has(b)) continue;
      const found = was.find((a) => !taken.has(a) && a.identity === b.identity && fits(a, b));
      if (found === undefined) continue;
      taken.add(found);
      matched.set(b, found);
    }
  }
  return {
    matched: matched.size,
    modified: [...matched].filter(([b, a]) => !alike(a, b)).length,
  };
}

test("random traces are matched as the rule says; a trace does not differ from itself", () => {
  const anyTrace = anySpans(12).map((spans) =>
    briefTrace(spans.map((span) => ({ ...span, duration: (span.duration ?? 1) * MS }))),
  );
  const property = fc.property(anyTrace, anyTrace, (base, compare) => {
    const { stats, added, removed } = patchOf(base, compare);
    const { matched, modified } = naiveCounts(base, compare);
    assert.deepEqual([stats["matchedSpans"], stats["modifiedSpans"]], [matched, modified]);
    assert.equal(added.length + matched, new Set(compare.spans.map((one) => one.spanId)).size);
    assert.equal(removed.length + matched, new Set(base.spans.map((one) => one.spanId)).size);
    const itself = patchOf(base, base);
    assert.deepEqual([itself.modified, itself.added, itself.removed], [[], [], []]);
  });
  fc.assert(property, { seed: printedSeed("trace-patch"), numRuns: runs(300) });
});
