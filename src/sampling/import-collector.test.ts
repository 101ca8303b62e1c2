import assert from "node:assert/strict";
import { test } from "node:test";
import { type BriefSpan, briefTrace } from "../../test/support/brief-trace.ts";
import { traceViewOf } from "../traceql/evaluate/view-of-trace.ts";
import { importCollector } from "./import-collector.ts";
import { compileJudge } from "./judge.ts";
import { type Policies } from "./policy.ts";
import { readPolicies } from "./read-policies.ts";

/** The policies that a list of the collector's policies becomes, as [name, match, keep]. */
function imported(policies: string): {
  policies: Policies;
  text: string;
  notes: readonly string[];
} {
  const config = `processors:\n  tail_sampling:\n    decision_wait: 10s\n    policies:\n${policies}`;
  const { text, notes } = importCollector(config, "collector.yaml");
  return { text, notes, policies: readPolicies(text, "imported.yaml") };
}

function brief(policies: Policies): string[] {
  const keeps = (keep: object): string => Object.values(keep).join(" ");
  return policies.map(({ match, keep }) => `${match?.text ?? "*"} → ${keeps(keep)}`);
}

/** One policy of the collector, and the filter of the policy that it becomes. */
const filters: [config: string, match: string][] = [
  ["type: latency, latency: { threshold_ms: 500 }", "{ trace:duration > 500ms }"],
  [
    "type: latency, latency: { threshold_ms: 1, upper_threshold_ms: 2.5 }",
    "{ trace:duration > 1ms && trace:duration <= 2500000ns }",
  ],
  [
    "type: numeric_attribute, numeric_attribute: { key: k, min_value: 5, max_value: 9 }",
    "{ (span.k >= 5 && span.k <= 9) || (resource.k >= 5 && resource.k <= 9) }",
  ],
  [
    "type: numeric_attribute, numeric_attribute: { key: k }",
    "{ (span.k != nil) || (resource.k != nil) }",
  ],
  [
    "type: status_code, status_code: { status_codes: [ERROR, UNSET] }",
    "{ status = error || status = unset }",
  ],
  [
    "type: string_attribute, string_attribute: { key: http.route, values: [/a, it's] }",
    `{ span.http.route = "/a" || span.http.route = "it's" || resource.http.route = "/a" ` +
      `|| resource.http.route = "it's" }`,
  ],
  [
    "type: string_attribute, string_attribute: { key: k, values: ['a.*', b], enabled_regex_matching: " +
      "true, invert_match: true }",
    '({ }) unless ({ span.k =~ ".*(?:a.*).*|.*(?:b).*" || resource.k =~ ".*(?:a.*).*|.*(?:b).*" })',
  ],
  [
    "type: boolean_attribute, boolean_attribute: { key: k, value: true }",
    "{ span.k = true || resource.k = true }",
  ],
  [
    "type: span_count, span_count: { min_spans: 2, max_spans: 9 }",
    "{ } | count() >= 2 | count() <= 9",
  ],
  [
    `type: ottl_condition, ottl_condition: { span: ['attributes["a b"] == "x and y" and ` +
      `kind == SPAN_KIND_SERVER', 'IsMatch(resource.attributes["k"], "^a")'], spanevent: ['name != "e"'] }`,
    '{ (span."a b" = "x and y") && (kind = server) } || { resource.k =~ ".*(?:^a).*" ' +
      '} || { event:name != "e" }',
  ],
  [
    `type: ottl_condition, ottl_condition: { span: ['attributes["k"] != 5 or status.code == 2'] }`,
    "{ (span.k != 5 || span.k = nil) || (status = error) }",
  ],
  [
    "type: and, and: { and_sub_policy: [{ name: x, type: latency, latency: { threshold_ms: " +
      "5 } }, { name: y, type: span_count, span_count: { min_spans: 3 } }, { name: z, type: " +
      "always_sample }] }",
    "({ trace:duration > 5ms }) && ({ } | count() >= 3)",
  ],
  [
    "type: not, not: { not_sub_policy: { name: x, type: status_code, status_code: { status_codes: [OK] } } }",
    "({ }) unless ({ status = ok })",
  ],
];
for (const [config, match] of filters) {
  test(`imports ${config}`, () => {
    const { policies } = imported(`      - { name: p, ${config} }\n`);
    assert.deepEqual(brief(policies), [`${match} → always`, "* → never"]);
  });
}

const untranslatable: [config: string, why: string][] = [
  ["type: trace_state, trace_state: { key: k, values: [v] }", "TraceQL has no word for tracestate"],
  ["type: trace_flags", "TraceQL has no word for the trace's flags"],
  ["type: my_extension", "Clew knows no policies of type my_extension"],
  [
    "type: latency, latency: { threshold_ms: soon }",
    "latency.threshold_ms: Invalid input: expected number, received string",
  ],
  [
    `type: ottl_condition, ottl_condition: { span: ['Len(name) > 5'] }`,
    "Clew does not read this OTTL: Len(name) > 5",
  ],
  [
    "type: string_attribute, string_attribute: { key: k, values: ['('], enabled_regex_matching: true }",
    "",
  ],
  [
    "type: not, not: { not_sub_policy: { name: x, type: probabilistic, probabilistic: " +
      "{ sampling_percentage: 5 } } }",
    "there is no opposite of a share or a rate",
  ],
  [
    "type: drop, drop: { drop_sub_policy: [{ name: x, type: probabilistic, probabilistic: " +
      "{ sampling_percentage: 5 } }] }",
    "what a share or a rate does not drop cannot go on to other policies",
  ],
];
for (const [config, why] of untranslatable) {
  test(`says why it cannot import ${config}`, () => {
    const { policies, notes, text } = imported(`      - { name: p, ${config} }\n`);
    assert.deepEqual(brief(policies), ["* → never"]);
    assert.ok(notes[0]!.startsWith(`p is not translated: ${why}`), notes[0]);
    assert.ok(text.includes("# Not translated: p ("), text);
  });
}

const mixed = `
      - { name: some, type: probabilistic, probabilistic: { sampling_percentage: 2.5, hash_salt: x } }
      - { name: rate, type: rate_limiting, rate_limiting: { spans_per_second: 10 } }
      - name: slow carts
        type: and
        and:
          and_sub_policy:
            - { name: a, type: latency, latency: { threshold_ms: 100 } }
            - { name: b, type: probabilistic, probabilistic: { sampling_percentage: 50 } }
      - { name: errors, type: status_code, status_code: { status_codes: [ERROR] } }
      - name: health
        type: drop
        drop:
          drop_sub_policy:
            - { name: h, type: string_attribute, string_attribute: { key: url.path, values: [/health] } }
      - name: shares
        type: composite
        composite:
          max_total_spans_per_second: 100
          policy_order: [two, one]
          composite_sub_policy:
            - { name: one, type: latency, latency: { threshold_ms: 9 } }
            - { name: two, type: latency, latency: { threshold_ms: 8 } }
          rate_allocation: [{ policy: one, percent: 25 }]
`;

test("imports several policies in the order that comes to the same", () => {
  const { policies, notes } = imported(mixed);
  assert.deepEqual(brief(policies), [
    '{ span.url.path = "/health" || resource.url.path = "/health" } → never',
    "{ status = error } → always",
    "{ trace:duration > 100ms } → probability 0.5",
    "{ trace:duration > 8ms } → spansPerHour 360000",
    "{ trace:duration > 9ms } → spansPerHour 90000",
    "* → probability 0.025",
  ]);
  assert.deepEqual(
    policies.map(({ name }) => name),
    ["health", "errors", "slow carts", "shares/two", "shares/one", "default"],
  );
  assert.equal(notes[0], "rate is not translated: some decides about all traces already");
});

const rows: [name: string, spans: BriefSpan[], policy: string][] = [
  [
    "a failing health check",
    [{ id: "a", status: "error", attributes: { "url.path": "/health" } }],
    "health",
  ],
  ["a failing one", [{ id: "a", status: "error", duration: 200e6 }], "errors"],
  ["a slow one", [{ id: "a", duration: 200e6 }], "slow carts"],
  ["a fast one", [{ id: "a", duration: 1 }], "default"],
];
for (const [name, spans, policy] of rows) {
  test(`${name} is decided by ${policy}`, () => {
    const { policies } = imported(mixed);
    const index = compileJudge(policies)(traceViewOf(briefTrace(spans)));
    assert.equal(policies[index]?.name, policy);
  });
}

const refused: [text: string, processor: string | undefined, message: string][] = [
  ["processors: {}", undefined, "c.yaml: there is no processor tail_sampling"],
  ["receivers: [", undefined, "c.yaml: "],
  [
    "processors: { tail_sampling/a: {}, tail_sampling/b: {} }",
    undefined,
    "c.yaml: there are tail_sampling/a, tail_sampling/b; --processor names one",
  ],
  [
    "processors: { tail_sampling/a: {} }",
    "tail_sampling/c",
    "c.yaml: there is no processor tail_sampling/c",
  ],
  ["processors: { tail_sampling: {} }", undefined, "c.yaml: tail_sampling.policies: "],
];
for (const [text, processor, message] of refused) {
  test(`refuses ${text}`, () => {
    assert.throws(
      () => importCollector(text, "c.yaml", processor),
      ({ code, message: got }: { code: string; message: string }) =>
        code === "invalid" && got.startsWith(message),
    );
  });
}
