import assert from "node:assert/strict";
import { test } from "node:test";
import type { Strategy } from "../model/sampling-strategy.ts";
import { readStrategies } from "./strategies.ts";

const text = `{
  "default_strategy": {
    "type": "probabilistic", "param": 0.5,
    "operation_strategies": [
      { "operation": "/health", "type": "probabilistic", "param": 0 },
      { "operation": "/slow", "type": "ratelimiting", "param": 5 }
    ]
  },
  "service_strategies": [
    { "service": "shop", "type": "probabilistic", "param": 0.8,
      "operation_strategies": [{ "operation": "/pay", "type": "probabilistic", "param": 1 }] },
    { "service": "mail", "type": "ratelimiting", "param": 7 },
    { "service": "own", "operation_strategies": [
      { "operation": "/health", "type": "probabilistic", "param": 0.1 }] }
  ]
}`;

function brief({ keep, operations }: Strategy): unknown {
  const [value] = Object.values(keep).slice(1);
  return operations === undefined
    ? [keep.kind, value]
    : [keep.kind, value, operations.probability, Object.fromEntries(operations.shares)];
}

const cases: [service: string, isNamed: boolean, strategy: unknown][] = [
  ["shop", true, ["probability", 0.8, 0.8, { "/health": 0, "/pay": 1 }]],
  ["mail", true, ["tracesPerSecond", 7, 0.001, { "/health": 0 }]],
  ["own", true, ["probability", 0.001, 0.001, { "/health": 0.1 }]],
  ["other", false, ["probability", 0.5, 0.5, { "/health": 0 }]],
];
for (const [service, isNamed, want] of cases) {
  test(`the strategy of ${service}`, () => {
    const strategies = readStrategies(text, "s.json");
    assert.deepEqual(brief(strategies.of(service)), want);
    assert.equal(strategies.names(service), isNamed);
  });
}

test("a file that says nothing", () => {
  assert.deepEqual(brief(readStrategies("", "s.yaml").of("any")), ["probability", 0.001]);
});

const wrong: [text: string, message: string][] = [
  ["[", "s.yaml: "],
  [
    "service_strategies: [{ type: probabilistic, param: 1 }]",
    "s.yaml: service_strategies.0.service: ",
  ],
  ["default_strategy: { type: some, param: 1 }", "s.yaml: default_strategy.type: "],
  ["default_strategy: { param: 1.5 }", "s.yaml: a probabilistic param is from 0 to 1, not 1.5"],
  ["strategies: []", "s.yaml: "],
];
for (const [source, message] of wrong) {
  test(`wrong strategies: ${source}`, () => {
    assert.throws(
      () => readStrategies(source, "s.yaml"),
      ({ code, message: got }: { code: string; message: string }) =>
        code === "invalid" && got.startsWith(message),
    );
  });
}
