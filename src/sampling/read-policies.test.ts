import assert from "node:assert/strict";
import { test } from "node:test";
import { keepText } from "./policy.ts";
import { readPolicies } from "./read-policies.ts";

const good = `
policies:
  - name: errors
    match: "{ status = error }"
    keep: always
  - name: slow
    match: '{ trace:duration > 500ms }'
    keep: 12.5%
  - { name: health, match: '{ name = "GET /health" }', keep: never }
  - { name: a, match: "{ }", keep: { probability: 0.01 } }
  - { name: b, match: "{ }", keep: { tracesPerSecond: 0.5 } }
  - { name: c, match: "{ }", keep: { spansPerHour: 1000000 } }
  - { name: d, match: "{ }", keep: { bytesPerHour: 1 GiB } }
  - { name: e, match: "{ } >> { span.db.system = \`x\` } | count() > 2", keep: { bytesPerHour: 5 } }
default: 1%
`;

test("a policy file", () => {
  const policies = readPolicies(good, "p.yaml");
  assert.deepEqual(
    policies.map(({ name, match, keep }) => [name, match?.text, keepText(keep)]),
    [
      ["errors", "{ status = error }", "always"],
      ["slow", "{ trace:duration > 500ms }", "12.5%"],
      ["health", '{ name = "GET /health" }', "never"],
      ["a", "{ }", "1%"],
      ["b", "{ }", "{ tracesPerSecond: 0.5 }"],
      ["c", "{ }", "{ spansPerHour: 1000000 }"],
      ["d", "{ }", "{ bytesPerHour: 1GiB }"],
      ["e", "{ } >> { span.db.system = `x` } | count() > 2", "{ bytesPerHour: 5 }"],
      ["default", undefined, "1%"],
    ],
  );
});

test("without a default, everything else is kept", () => {
  const policies = readPolicies("policies: []\n", "p.yaml");
  assert.deepEqual(policies, [{ name: "default", keep: { kind: "always" } }]);
});

const keepHint =
  "keep is always, never, a share like 1%, or one of { probability: 0.01 }," +
  " { tracesPerSecond: 10 }, { spansPerHour: 1000000 }, { bytesPerHour: 1GiB }";
const matchHint = "match is TraceQL in quotes, like '{ status = error }'; '{ }' is every trace";
const wrong: [text: string, ...problems: string[]][] = [
  ["", "1: the file: is not a group of policies, default"],
  ["[1]", "1: the file: is not a group of policies, default"],
  ["policies: 7", "1: policies: is not a list"],
  ["polices: []", "1: the file: unknown key polices; keys here are policies, default"],
  ["default: 1", `1: default: 1 cannot be kept; ${keepHint}`],
  ["default: 101%", `1: default: "101%" cannot be kept; ${keepHint}`],
  [
    "default: { spansPerHour: 1.5 }",
    `1: default: {"spansPerHour":1.5} cannot be kept; ${keepHint}`,
  ],
  [
    "policies:\n  - keep: always",
    "2: policy 1: name is not a text of 1 to 100 letters",
    `2: policy 1: ${matchHint}`,
  ],
  ["policies:\n  - { name: a, match: '{ }' }", `2: a: there is no keep; ${keepHint}`],
  [
    "policies:\n  - { name: default, match: '{ }', keep: never }",
    "2: policy 1: name: default is what decides at the end",
  ],
  [
    "policies:\n  - { name: a, match: '{ }', keep: never }\n  - { name: a, match: '{ }', keep: never }",
    "3: policy 2: name: a is the name of another",
  ],
  ["policies:\n  - { name: a, match: { status: error }, keep: never }", `2: a: ${matchHint}`],
  [
    "policies:\n  - { name: a, match: '{ } | rate()', keep: never }",
    "2: a: match: a metrics query is no filter",
  ],
  [
    "policies:\n  - name: a\n    match: '{ status = }'\n    keep: never",
    "3: a: match: syntax error: unexpected } at line 1, col 12 of { status = }",
  ],
  ["default: always\ndefault: never", "2: Map keys must be unique"],
];
for (const [text, ...problems] of wrong) {
  test(`wrong: ${JSON.stringify(text)}`, () => {
    const message = problems.map((problem) => `p.yaml:${problem}`).join("\n");
    assert.throws(() => readPolicies(text, "p.yaml"), { code: "invalid", message });
  });
}
