import assert from "node:assert/strict";
import { test } from "node:test";
import {
  numberOption,
  type Option,
  positionals,
  readArguments,
  secondsOption,
  UsageError,
} from "./arguments.ts";

const options: Readonly<Record<string, Option>> = {
  json: { type: "flag", about: "" },
  limit: { type: "text", value: "N", about: "" },
  since: { type: "text", value: "TIME", about: "" },
  set: { type: "texts", value: "KEY=VALUE", about: "" },
};
const read = (line: string) => readArguments(line.split(" ").filter(Boolean), options);

test("readArguments: options anywhere, the last of a text counts, lists gather", () => {
  const given = read("abc --limit 3 --set a=1 --json --limit=4 --set b=2 -- --json");
  assert.deepEqual(given.positionals, ["abc", "--json"]);
  assert.equal(given.text("limit"), "4");
  assert.equal(given.text("since"), undefined);
  assert.deepEqual(given.texts("set"), ["a=1", "b=2"]);
  assert.equal(given.has("json"), true);
  assert.equal(given.has("since"), false);
});

const whole = { min: 1, max: 1000, whole: true };
const mistakes: [line: string, message: string][] = [
  ["--limt 3", "unknown option --limt; did you mean --limit?"],
  ["-x", "unknown option -x"],
  ["--toString", "unknown option --toString"],
  ["--limit", "--limit needs a value: --limit N"],
  ["--limit=", "--limit needs a value: --limit N"],
  ["--limit --json", "--limit needs a value, but --json follows it"],
  ["--json=yes", '--json takes no value, got "yes"'],
  ["--limit 0", '--limit takes a whole number from 1 to 1000, got "0"'],
  ["--limit 1e2", '--limit takes a whole number from 1 to 1000, got "1e2"'],
  ["--limit 1.5", '--limit takes a whole number from 1 to 1000, got "1.5"'],
  ["--limit -5", '--limit takes a whole number from 1 to 1000, got "-5"'],
  ["--since 5", '--since takes a time like 90s, 15m, 1h or 2d, got "5"'],
  ["--since 0s", '--since takes a time like 90s, 15m, 1h or 2d, got "0s"'],
  ["a b", "unexpected argument: b"],
];
for (const [line, message] of mistakes) {
  test(`wrong: ${line}`, () => {
    assert.throws(
      () => {
        const given = read(line);
        numberOption(given, "limit", whole);
        secondsOption(given, "since");
        positionals(given, ["TRACE_ID"]);
      },
      (error) => error instanceof UsageError && error.message === message,
    );
  });
}

test("values", () => {
  assert.equal(numberOption(read("--limit 1000"), "limit", whole), 1000);
  assert.equal(numberOption(read("--limit .25"), "limit", { min: 0, max: 1 }), 0.25);
  assert.equal(numberOption(read(""), "limit", whole), undefined);
  assert.equal(secondsOption(read("--since 90s"), "since"), 90);
  assert.equal(secondsOption(read("--since 1.5h"), "since"), 5400);
  assert.equal(secondsOption(read("--since 2d"), "since"), 172_800);
  assert.deepEqual(positionals(read("a"), ["TRACE_ID"]), ["a"]);
  assert.throws(() => positionals(read(""), ["TRACE_ID"]), /missing argument: TRACE_ID/);
});
