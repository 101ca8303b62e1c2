/** Spanset operators and stages, by tables over small traces. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type BriefSpan, briefTrace } from "../../../test/support/brief-trace.ts";
import { failureOf, foundNames, matchesOf } from "../../../test/support/found-spans.ts";
import { valueText } from "./values.ts";

type Case = [query: string, want: string];

function table(name: string, spans: readonly BriefSpan[], cases: readonly Case[]): void {
  for (const [query, want] of cases) {
    test(`${name}: ${query}`, () => assert.equal(foundNames(query, spans), want));
  }
}

/*
 *   r ┬ a ┬ b
 *     │   └ c ─ d
 *     └ e
 *   s            another root
 *   lost ─ below the parent of lost is not there
 */
const forest: readonly BriefSpan[] = [
  { id: "r" },
  { id: "a", of: "r" },
  { id: "b", of: "a" },
  { id: "c", of: "a" },
  { id: "d", of: "c" },
  { id: "e", of: "r" },
  { id: "s" },
  { id: "lost", of: "gone" },
  { id: "below", of: "lost" },
];

table("structure", forest, [
  [`{ name = "a" } > { }`, "b c"],
  [`{ name = "a" } >> { }`, "b c d"],
  [`{ } >> { name = "d" }`, "d"],
  [`{ name = "d" } < { }`, "c"],
  [`{ name = "d" } << { }`, "r a c"],
  [`{ name = "b" } ~ { }`, "c"],
  [`{ name =~ "b|c" } ~ { }`, "b c"],
  [`{ name = "b" } ~ { name = "b" }`, ""],
  // Roots are siblings.
  [`{ name = "r" } ~ { }`, "s"],
  // Steps from the left.
  [`{ name = "r" } >> { name = "a" } >> { name = "d" }`, "d"],
  [`{ name = "r" } > { } ~ { name = "e" }`, "e"],
  // Negated forms give right-hand spans without a relation; those in no tree have none.
  [`{ } !> { }`, "r s lost below"],
  [`{ } !>> { }`, "r s lost below"],
  [`{ } !<< { }`, "b d e s lost below"],
  [`{ } !< { }`, "b d e s lost below"],
  [`{ } !~ { }`, "d lost below"],
  [`{ name = "a" } !>> { }`, "r a e s lost below"],
  [`{ name = "nobody" } !>> { name = "d" }`, "d"],
  [`{ name = "a" } !>> { name = "nobody" }`, ""],
  // Union forms give both sides.
  [`{ name = "a" } &> { }`, "a b c"],
  [`{ name =~ "a|e" } &>> { name =~ "d|s" }`, "a d"],
  [`{ name = "d" } &<< { name =~ "r|e" }`, "r d"],
  [`{ name = "d" } &< { }`, "c d"],
  [`{ name = "b" } &~ { name =~ "c|e" }`, "b c"],
  [`{ name = "e" } &> { }`, ""],
  // Nothing is related to what no root leads to, nor is that to itself.
  [`{ name = "lost" } > { name = "below" }`, ""],
  [`{ name = "lost" } &>> { name = "below" }`, ""],
  [`{ name = "lost" } !> { name = "below" }`, "below"],
  [`{ nestedSetParent = 0 }`, "lost below"],
  // But a parent is a parent.
  [`{ parent:name = "lost" }`, "below"],
  [`{ parent:name = "r" }`, "a e"],
  [`{ parent:name != nil }`, "a b c d e below"],
  [`{ parent:name = nil }`, "r s lost"],
  [`{ span:childCount = 2 }`, "r a"],
]);

table("sets of spans", forest, [
  [`{ name = "a" } && { name = "b" }`, "a b"],
  [`{ name = "b" } && { name =~ "a|b" }`, "a b"],
  [`{ name = "a" } && { name = "nobody" }`, ""],
  [`{ name = "a" } || { name = "nobody" }`, "a"],
  [`{ name = "nobody" } || { name = "none" }`, ""],
  [`({ name = "a" } && { name = "b" }) || { name = "c" }`, "a b c"],
  // Structure binds tighter.
  [`{ name = "s" } && { name = "a" } >> { name = "d" }`, "d s"],
  [`{ name = "a" } unless { name = "b" }`, ""],
  [`{ name = "a" } unless { name = "nobody" }`, "a"],
  [`{ name = "nobody" } unless { name = "none" }`, ""],
  [`{ } unless ({ } >> { name = "d" })`, ""],
  [`{ name =~ "a|b|c" } | { name != "b" }`, "a c"],
  [`{ name = "a" } | { name = "b" }`, ""],
  [`{ false }`, ""],
  [`{ false } || { name = "a" }`, "a"],
]);

/*
 *   web:   a 10  b 20  c 2.5      db:   d (no n)   e 30
 */
const numbered: readonly BriefSpan[] = [
  { id: "a", service: "web", attributes: { n: 10n, k: "x" }, duration: 10 },
  { id: "b", service: "web", attributes: { n: 20n, k: "y" }, duration: 21 },
  { id: "c", service: "web", attributes: { n: 2.5, k: "x" }, duration: 30 },
  { id: "d", service: "db", attributes: { k: 7n } },
  { id: "e", service: "db", attributes: { n: 30n, k: 7 } },
];

table("stages", numbered, [
  [`{ } | by(resource.service.name)`, "a b c | d e"],
  // An int and a float are two groups, and so is nil.
  [`{ } | by(span.k)`, "a c | b | d | e"],
  [`{ } | by(span.missing)`, "a b c d e"],
  [`{ } | by(span.n > 10)`, "a c d | b e"],
  [`{ } | by(resource.service.name) | by(span.k)`, "a c | b | d | e"],
  [`{ } | by(resource.service.name) | count() > 2`, "a b c"],
  [`{ } | by(resource.service.name) | count() > 1 | coalesce()`, "a b c d e"],
  [`{ } | by(resource.service.name) | { span.n != nil }`, "a b c | e"],
  [`{ } | by(resource.service.name) | { span.n > 25 }`, "e"],
  [`{ } | by(resource.service.name) | ({ name = "a" } || { name = "e" })`, "a | e"],
  [`by(resource.service.name) | count() = 2`, "d e"],
  [`count() > 4`, "a b c d e"],
  [`{ } | count() > 5`, ""],
  [`{ } | count() = 5 | count() != 4`, "a b c d e"],
  [`{ false } | count() = 0`, ""],
  [`{ } | count() > 1s`, ""],
  [`{ } | count() > 1ns`, "a b c d e"],
  [`{ } | sum(span.n) = 62.5`, "a b c d e"],
  [`{ name =~ "a|b" } | sum(span.n) = 30`, "a b"],
  [`{ } | avg(span.n) = 15.625`, "a b c d e"],
  [`{ } | min(span.n) = 2.5`, "a b c d e"],
  [`{ } | max(span.n) >= 30`, "a b c d e"],
  [`{ } | max(span.n) = 30.0`, "a b c d e"],
  [`{ } | avg(span.missing) != 1`, ""],
  [`{ } | sum(span.k) = 14`, "a b c d e"],
  [`{ } | avg(duration) < 13ns`, "a b c d e"],
  [`{ } | by(resource.service.name) | avg(duration) >= 20`, "a b c"],
  [`{ } | avg(span.n + 1) = 16.625`, "a b c d e"],
  [`{ } | max(span.n) > 10 * 2`, "a b c d e"],
  // A pipeline in brackets is as good as a filter.
  [`({ span.n > 5 } | count() > 2) && ({ name = "d" })`, "a b d e"],
  [`({ span.n > 5 } | count() > 9) && ({ name = "d" })`, ""],
  [`({ } | by(span.k)) && ({ name = "a" })`, "a b c d e"],
  [`({ } | by(span.k)) || ({ name = "a" })`, "a b c d e"],
  [`({ } | by(span.k) | coalesce()) > ({ })`, ""],
  [`({ } | count() > 2) unless ({ } | count() > 7)`, "a b c d e"],
  // select is for showing only.
  [`{ span.k = "x" } | select(span.n) | { span.n = 10 }`, "a"],
]);

test("structure: several spansets on a side are an error", () => {
  const want =
    "spanset operators are not supported for multiple spansets per trace. consider using coalesce()";
  assert.equal(failureOf(`({ } | by(span.k)) > ({ })`, numbered), want);
  assert.equal(failureOf(`({ }) !~ ({ } | by(span.k))`, numbered), want);
  assert.equal(foundNames(`({ } | by(span.k)) > ({ name = "nobody" })`, numbered), "");
});

const attributeCases: [query: string, want: string][] = [
  [
    `{ } | by(resource.service.name)`,
    "by(resource.service.name)=web; by(resource.service.name)=db",
  ],
  [`{ } | by(span.k)`, "by(span.k)=x; by(span.k)=y; by(span.k)=7; by(span.k)=7"],
  [`{ } | by(span.missing)`, "by(span.missing)=nil"],
  [
    `{ } | by(status) | by(duration > 20ns)`,
    "by(status)=unset by(duration > 20ns)=false; by(status)=unset by(duration > 20ns)=true",
  ],
  [`{ } | count() > 2`, "count()=5"],
  [`{ } | count() > 2 | count() > 3`, "count()=5"],
  [`{ } | avg(duration) > 1ns`, "avg(duration)=12ns"],
  [`{ } | sum(duration) > 1ns | max(span.n) > 1`, "sum(duration)=63ns max(span.n)=30"],
  [`{ } | sum(span.n) > 1`, "sum(span.n)=62.5"],
  [`{ } | by(resource.service.name) | count() > 2`, "by(resource.service.name)=web count()=3"],
  [`{ } | by(resource.service.name) | coalesce()`, ""],
  // An expression keeps what its input had, and not what its operands add.
  [`{ } | count() > 2 | { name = "a" }`, "count()=5"],
  [`({ } | count() > 2) && ({ })`, ""],
  [`({ } | count() > 2)`, "count()=5"],
];
for (const [query, want] of attributeCases) {
  test(`attributes of spansets: ${query}`, () => {
    const got = matchesOf(query, briefTrace(numbered)).map(({ attributes }) =>
      attributes.map(({ name, value }) => `${name}=${valueText(value)}`).join(" "),
    );
    assert.equal(got.join("; "), want);
  });
}

test("aggregates: types are kept, and mixed ones are floats", () => {
  const typeOf = (query: string): string | undefined =>
    matchesOf(query, briefTrace(numbered))[0]!.attributes[0]!.value?.type;
  assert.equal(typeOf(`{ name =~ "a|b" } | sum(span.n) > 1`), "int");
  assert.equal(typeOf(`{ } | sum(span.n) > 1`), "float");
  assert.equal(typeOf(`{ } | sum(duration) > 1`), "duration");
  assert.equal(typeOf(`{ } | avg(duration) > 1`), "duration");
  assert.equal(typeOf(`{ name =~ "a|b" } | avg(span.n) > 1`), "float");
  assert.equal(typeOf(`{ } | min(span.n) > 1`), "float");
  assert.equal(typeOf(`{ } | max(span.n) > 1`), "int");
});

test("aggregates: a sum that 64 bits cannot hold is a float", () => {
  const spans = ["a", "b"].map((id) => ({ id, attributes: { n: 2n ** 63n - 1n } }));
  const [match] = matchesOf(`{ } | sum(span.n) > 0`, briefTrace(spans));
  assert.deepEqual(match!.attributes[0]!.value, { type: "float", value: 2 ** 64 });
});

test("aggregates: NaN counts only where there is nothing else", () => {
  const spans = [Number.NaN, 3, Number.NaN].map((n, i) => ({ id: `s${i}`, attributes: { n } }));
  const [match] = matchesOf(`{ } | min(span.n) > 0`, briefTrace(spans));
  assert.deepEqual(match!.attributes[0]!.value, { type: "float", value: 3 });
});
