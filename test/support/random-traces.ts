/** Random small traces of every shape, and queries whose words they know, so that much matches. */
import fc from "fast-check";
import { spanKinds, spanStatuses } from "../../src/model/trace.ts";
import type { BriefAttributes, BriefSpan, BriefValue } from "./brief-trace.ts";

type Arb<T> = fc.Arbitrary<T>;

const value: Arb<BriefValue> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<BriefValue>("x", "y", 1n, 2n, 1, 2.5, true, false) },
  fc.constantFrom<BriefValue>(["x", "y"], [1n, 2n], [2.5, 1], ["x"], [], ["x", 1n], null, {
    x: 1n,
  }),
);

function attributes(...keys: string[]): Arb<BriefAttributes> {
  return fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: keys.length });
}

const details = fc.record(
  {
    name: fc.constantFrom("p", "q", "r"),
    kind: fc.constantFrom(...spanKinds),
    status: fc.constantFrom(...spanStatuses),
    duration: fc.constantFrom(0, 1, 5, 1_000_000, -3),
    start: fc.nat(20),
    service: fc.constantFrom("s", "t"),
    attributes: attributes("a", "b"),
    resource: attributes("a", "c"),
    events: fc.array(
      fc.record(
        { name: fc.constantFrom("e", "f"), at: fc.nat(9), attributes: attributes("a", "b") },
        { requiredKeys: [] },
      ),
      { maxLength: 3 },
    ),
    links: fc.array(
      fc.record({ span: fc.constantFrom("1", "2"), attributes: attributes("a", "b") }),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: [] },
);

/** From the numbers of spans to the number of each one's parent; -1 is a root, -2 a missing one. */
const shapes: Arb<(count: number) => Arb<number[]>> = fc.constantFrom(
  // Trees: each under an earlier one.
  (count) =>
    fc.tuple(
      ...numbers(count).map((i) =>
        fc
          .integer({ min: i === 0 ? -1 : 0, max: Math.max(0, i - 1) })
          .map((parent) => (i === 0 ? -1 : parent)),
      ),
    ),
  // Chains and stars.
  (count) => fc.constant(numbers(count).map((i) => i - 1)),
  (count) => fc.constant(numbers(count).map((i) => (i === 0 ? -1 : 0))),
  // Anything: orphans, several roots, cycles.
  (count) =>
    fc.array(fc.integer({ min: -2, max: count - 1 }), { minLength: count, maxLength: count }),
);

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** The spans of a trace: at least one, at most `maxLength`. Ids may be shared. */
export function anySpans(maxLength: number): Arb<BriefSpan[]> {
  return fc
    .record({ count: fc.integer({ min: 1, max: maxLength }), shape: shapes })
    .chain(({ count, shape }) =>
      fc.record({
        parents: shape(count),
        details: fc.array(details, { minLength: count, maxLength: count }),
        twin: fc.option(fc.record({ one: fc.nat(count - 1), other: fc.nat(count - 1) }), {
          freq: 3,
        }),
      }),
    )
    .map(({ parents, details, twin }) => {
      const idOf = (i: number): string => `s${i === twin?.other ? twin.one : i}`;
      return parents.map((parent, i): BriefSpan => {
        const of = parent === -1 ? undefined : parent === -2 ? "gone" : idOf(parent);
        return { ...details[i]!, id: idOf(i), ...(of !== undefined && { of }) };
      });
    });
}

const fields = [
  "span.a",
  ".a",
  ".b",
  "resource.a",
  "resource.c",
  "parent.a",
  "parent.span.b",
  "event.a",
  "event.b",
  "link.a",
  "link.b",
  "name",
  "duration",
  "event:name",
  "span:childCount",
  "resource.service.name",
  "parent:name",
] as const;
const field = fc.constantFrom(...fields);
const literal = fc.constantFrom(`"x"`, `"y"`, `"p"`, `"e"`, `"s"`, "1", "2", "2.5", "1ns", "true");
const compared = fc.constantFrom("=", "!=", "<", "<=", ">", ">=");

const test = fc
  .oneof(
    fc.tuple(field, compared, literal),
    fc.tuple(literal, compared, field),
    fc.tuple(field, compared, field),
    fc.tuple(field, fc.constantFrom("=~", "!~"), fc.constantFrom(`"x|p"`, `".*"`, `"[^y]"`)),
    fc.tuple(
      field.filter((name) => name.includes(".")),
      fc.constantFrom("=", "!="),
      fc.constant("nil"),
    ),
    fc.tuple(
      field,
      fc.constantFrom("in", "not in"),
      fc.constantFrom(`("x", "e")`, `(1, 2.5)`, `(1, "y")`),
    ),
    fc.constantFrom(
      "span.a",
      ".b",
      "event.a",
      "status = error",
      "kind = server",
      "status != ok",
      "true",
    ),
    fc.tuple(
      fc.constantFrom(".a", "span.b", "event.a", "duration", "span:childCount"),
      fc.constantFrom("+", "-", "*", "^"),
      fc.constantFrom("1", "2.5", ".b", "event.b"),
      compared,
      fc.constantFrom("1", "2", "span.a"),
    ),
    fc.tuple(fc.constantFrom("1 /", "1 %"), fc.constantFrom(".a", "event.a"), fc.constant("= 1")),
    fc.constantFrom('link:spanID = "1"', 'link:spanID in ("2", "3")', '(.a = "x") = true'),
  )
  .map((parts) => (Array.isArray(parts) ? parts.join(" ") : parts));

const { condition } = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { weight: 3, arbitrary: test },
    fc
      .tuple(
        fc.constantFrom("&&", "||"),
        fc.array(tie("condition"), { minLength: 2, maxLength: 4 }),
      )
      .map(([op, operands]) => operands.map((operand) => `(${operand})`).join(` ${op} `)),
    tie("condition").map((operand) => `!(${operand})`),
  ),
}));

/** The text of a filter. May not pass the checks. */
export const anyFilterText: Arb<string> = fc.oneof(
  { weight: 8, arbitrary: condition.map((text) => `{ ${text} }`) },
  fc.constantFrom("{ }", "{ false }"),
);

const structural = ["", "!", "&"].flatMap((form) =>
  [">", ">>", "<", "<<", "~"].map((sign) => form + sign),
);

/** All operators between spansets. */
export const spansetOperators: readonly string[] = ["&&", "||", "unless", ...structural];

const { spanset } = fc.letrec<{ spanset: string; stages: string }>((tie) => ({
  spanset: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { weight: 2, arbitrary: anyFilterText.map((filter) => `(${filter})`) },
    fc
      .tuple(tie("spanset"), fc.constantFrom(...spansetOperators), tie("spanset"))
      .map(([left, op, right]) => `(${left} ${op} ${right})`),
    fc.tuple(tie("spanset"), tie("stages")).map(([first, rest]) => `(${first} | ${rest})`),
  ),
  stages: fc
    .array(
      fc.oneof(
        fc.constantFrom(
          "by(name)",
          "by(.a)",
          'by(event.a = "x")',
          "by(duration > 1ns)",
          "by(-.b)",
          "count() > 1",
          "count() = 1",
          "sum(.a) > 1",
          "avg(duration) >= 1",
          "avg(.b) < 2",
          "max(.a + 1) > 2",
          "min(.b) <= 1",
          "coalesce()",
          "select(name, .a)",
        ),
        anyFilterText,
      ),
      { minLength: 1, maxLength: 3 },
    )
    .map((stages) => stages.join(" | ")),
}));

/** The text of a pipeline. May not pass the checks. */
export const anyPipelineText: Arb<string> = spanset;
