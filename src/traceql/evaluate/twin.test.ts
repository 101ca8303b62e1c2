/** The evaluator against the definitions, spelled out in test/support/naive-traceql.ts: random queries
 * over random traces. And laws that hold whatever is asked. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { briefTrace } from "../../../test/support/brief-trace.ts";
import { foundNames, matchesOf } from "../../../test/support/found-spans.ts";
import { naiveRelation, naiveSearch, text } from "../../../test/support/naive-traceql.ts";
import { printedSeed, runs } from "../../../test/support/oracle.ts";
import {
  anyFilterText,
  anyPipelineText,
  anySpans,
  spansetOperators,
} from "../../../test/support/random-traces.ts";
import { Fault } from "../../base/fault.ts";
import type { Trace } from "../../model/trace.ts";
import type { Pipeline } from "../ast.ts";
import { readQuery } from "../check.ts";

/** A spanset, its attributes' values as text. */
interface Outcome {
  readonly rows: readonly number[];
  readonly attributes: readonly string[];
}

/** What a search comes to, or that it fails. */
function outcome(search: () => readonly Outcome[]): readonly Outcome[] | "failure" {
  try {
    return search();
  } catch (error) {
    if (error instanceof Fault && error.code === "invalid") return "failure";
    throw error;
  }
}

function fast(query: string, trace: Trace) {
  return outcome(() =>
    matchesOf(query, trace).map(({ rows, attributes }) => ({
      rows: [...rows],
      attributes: attributes.map(({ value }) => text(value)),
    })),
  );
}

/** Compares the two; gives what was found. Which of a span's events is looked at first, and so whether a
 * failing one is met, is not part of the language. */
function checkTwin(
  query: string,
  pipeline: Pipeline,
  trace: Trace,
): readonly Outcome[] | "failure" {
  const [got, want] = [fast(query, trace), naive(pipeline, trace)];
  const isFailure = got === "failure" || want === "failure";
  if (!isFailure || !/event|link/.test(query)) assert.deepEqual(got, want, query);
  return got;
}

function naive(pipeline: Pipeline, trace: Trace) {
  return outcome(() =>
    naiveSearch(pipeline, trace).map(({ rows, attributes }) => ({
      rows,
      attributes: attributes.map(([, value]) => value),
    })),
  );
}

test("twin: a filter beside another one fails, whatever the other finds", () => {
  const query = "{ } || { .a + 1 = 1 }";
  const parsed = readQuery(query);
  assert.ok(parsed.query?.kind === "search");
  const trace = briefTrace([{ id: "s", attributes: { a: ["x", "y"] } }]);
  assert.equal(checkTwin(query, parsed.query.pipeline, trace), "failure");
});

test("twin: whole pipelines", () => {
  let [checked, found, failed] = [0, 0, 0];
  const property = fc.property(
    anyPipelineText,
    fc.array(anySpans(9), { minLength: 1, maxLength: 4 }),
    (query, traces) => {
      const parsed = readQuery(query);
      if (parsed.query?.kind !== "search") return;
      for (const spans of traces) {
        const trace = briefTrace(spans);
        const want = checkTwin(query, parsed.query.pipeline, trace);
        checked++;
        if (want === "failure") failed++;
        else if (want.length > 0) found++;
      }
    },
  );
  fc.assert(property, { seed: printedSeed("pipelines"), numRuns: runs(1500) });
  // Random queries that find nothing would prove nothing.
  assert.ok(
    checked > runs(1500) && found > checked / 5 && failed > runs(5),
    `${checked} ${found} ${failed}`,
  );
});

test("twin: filters alone", () => {
  let [checked, found] = [0, 0];
  const property = fc.property(
    anyFilterText,
    fc.array(anySpans(6), { minLength: 1, maxLength: 6 }),
    (query, traces) => {
      const parsed = readQuery(query);
      if (parsed.query?.kind !== "search") return;
      for (const spans of traces) {
        const trace = briefTrace(spans);
        const want = checkTwin(query, parsed.query.pipeline, trace);
        checked++;
        if (want !== "failure" && want.length > 0) found++;
      }
    },
  );
  fc.assert(property, { seed: printedSeed("filters"), numRuns: runs(1500) });
  assert.ok(checked > runs(2500) && found > checked / 5, `${checked} ${found}`);
});

const relations = {
  ">": "child",
  ">>": "descendant",
  "<": "parent",
  "<<": "ancestor",
  "~": "sibling",
} as const;
const inverse = { ">": "<", ">>": "<<", "<": ">", "<<": ">>", "~": "~" } as const;

/** Filters by name over traces of any shape; the names are the spans' own marks. */
const sides = fc.record({
  spans: anySpans(40),
  left: fc.constantFrom(
    `{ name = "p" }`,
    `{ name =~ "p|q" }`,
    `{ status = error }`,
    `{ }`,
    `{ false }`,
  ),
  right: fc.constantFrom(
    `{ name = "q" }`,
    `{ name =~ "p|q" }`,
    `{ kind = server }`,
    `{ }`,
    `{ false }`,
  ),
});

function rowsOf(query: string, trace: Trace): number[] {
  return matchesOf(query, trace).flatMap(({ rows }) => [...rows]);
}

for (const [sign, relation] of Object.entries(relations)) {
  test(`twin: ${relation} in its three forms, pair by pair`, () => {
    const property = fc.property(sides, ({ spans, left, right }) => {
      const trace = briefTrace(spans);
      const related = naiveRelation(trace);
      const [as, bs] = [rowsOf(left, trace), rowsOf(right, trace)];
      const plain = bs.filter((b) => as.some((a) => related(relation, a, b)));
      const heads = as.filter((a) => bs.some((b) => related(relation, a, b)));
      const union = [...new Set([...plain, ...heads])].sort((a, b) => a - b);
      const negated = bs.filter((b) => !plain.includes(b));
      assert.deepEqual(rowsOf(`${left} ${sign} ${right}`, trace), plain);
      assert.deepEqual(rowsOf(`${left} !${sign} ${right}`, trace), negated);
      assert.deepEqual(rowsOf(`${left} &${sign} ${right}`, trace), union);
      // The same pairs, seen from the other side.
      const back = inverse[sign as keyof typeof inverse];
      assert.deepEqual(rowsOf(`${right} ${back} ${left}`, trace), heads);
      assert.deepEqual(rowsOf(`${right} &${back} ${left}`, trace), union);
    });
    fc.assert(property, { seed: printedSeed(relation), numRuns: runs(150) });
  });
}

test("laws: a condition and its negation part the spans", () => {
  const property = fc.property(anyFilterText, anySpans(8), (filter, spans) => {
    const negated = filter.replace(/^\{(.*)\}$/, "{ !($1) }");
    if (readQuery(filter).query === undefined || readQuery(negated).query === undefined) return;
    const trace = briefTrace(spans);
    const [yes, no] = [filter, negated].map((query) => fast(query, trace));
    if (yes === "failure" || no === "failure") return;
    const rows = [...yes!, ...no!].flatMap((set) => set.rows);
    assert.deepEqual(
      [...rows].sort((a, b) => a - b),
      trace.spans.map((_, row) => row),
    );
  });
  fc.assert(property, { seed: printedSeed("negation"), numRuns: runs(1000) });
});

test("laws: sets", () => {
  const property = fc.property(sides, ({ spans, left, right }) => {
    const trace = briefTrace(spans);
    const [as, bs] = [rowsOf(left, trace), rowsOf(right, trace)];
    const both = [...new Set([...as, ...bs])].sort((a, b) => a - b);
    const isEither = as.length === 0 || bs.length === 0;
    assert.deepEqual(rowsOf(`${left} || ${right}`, trace), both);
    assert.deepEqual(rowsOf(`${left} && ${right}`, trace), isEither ? [] : both);
    assert.deepEqual(rowsOf(`${left} unless ${right}`, trace), bs.length === 0 ? as : []);
    assert.deepEqual(rowsOf(`${left} | by(name) | coalesce()`, trace), as);
    assert.deepEqual(rowsOf(`${left} | ${right}`, trace), rowsOf(`${right} | ${left}`, trace));
  });
  fc.assert(property, { seed: printedSeed("sets"), numRuns: runs(300) });
});

test("laws: every operator gives what it takes, in order and once", () => {
  const property = fc.property(
    sides,
    fc.constantFrom(...spansetOperators),
    ({ spans, left, right }, op) => {
      const trace = briefTrace(spans);
      const rows = rowsOf(`${left} ${op} ${right}`, trace);
      assert.deepEqual(
        rows,
        [...new Set(rows)].sort((a, b) => a - b),
      );
      const given = new Set([...rowsOf(left, trace), ...rowsOf(right, trace)]);
      assert.ok(rows.every((row) => given.has(row)));
    },
  );
  fc.assert(property, { seed: printedSeed("operators"), numRuns: runs(300) });
});

test("a chain of 50 levels", () => {
  const spans = Array.from({ length: 50 }, (_, i) => ({
    id: `s${i}`,
    ...(i > 0 && { of: `s${i - 1}` }),
  }));
  assert.equal(foundNames(`{ name = "s3" } >> { name = "s47" }`, spans), "s47");
  assert.equal(foundNames(`{ name = "s47" } << { name = "s3" }`, spans), "s3");
  assert.equal(foundNames(`{ name = "s47" } >> { name = "s3" }`, spans), "");
  assert.equal(foundNames(`{ name = "s46" } > { }`, spans), "s47");
});
