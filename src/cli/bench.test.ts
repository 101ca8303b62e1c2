import assert from "node:assert/strict";
import { test } from "node:test";
import { readArguments } from "./arguments.ts";
import { benchCommand, benchOptions } from "./bench.ts";

const options = (...args: string[]) => benchOptions(readArguments(args, benchCommand.options));

test("benchOptions: a Clew of its own for a minute, if nothing is said", () => {
  const { load, otlpUrl, queryUrl, settleLimitMs } = options();
  assert.deepEqual(load, {
    protocol: "http",
    connections: 4,
    spansPerRequest: 500,
    durationMs: 60_000,
    seed: 1,
    keys: 60,
    gzip: false,
  });
  assert.deepEqual([otlpUrl, queryUrl, settleLimitMs], [undefined, undefined, 120_000]);
});

test("benchOptions: so many spans end it, unless there is also a time", () => {
  assert.equal(options("--spans", "500").load?.durationMs, undefined);
  assert.equal(options("--spans", "500", "--duration", "5s").load?.durationMs, 5000);
  assert.equal(options("--quick").load?.durationMs, 10_000);
});

test("benchOptions: --fill spreads times over days", () => {
  const { load } = options("--fill", "1000", "--days", "3");
  assert.deepEqual([load?.spans, load?.spreadDays, load?.durationMs], [1000, 3, undefined]);
});

test("benchOptions: questions alone, about ids that are known", () => {
  assert.equal(options("--query", "http://tempo:3200", "--ids", "ids.json").load, undefined);
  assert.equal(options("--spans", "0", "--ids", "ids.json", "--data", "d").load, undefined);
  const both = options("--query", "http://tempo:3200", "--otlp", "http://tempo:4318");
  assert.notEqual(both.load, undefined);
});

const wrong: [args: string[], message: RegExp][] = [
  [["--otlp", "localhost:4317"], /--otlp takes a URL like .*, got "localhost:4317"/],
  [["--protocol", "udp"], /--protocol takes http or grpc, got "udp"/],
  [["--keys", "19"], /--keys takes a whole number from 20 to/],
  [["--pid", "node"], /--pid takes the number of a process, got "node"/],
  [["--spans", "5", "--fill", "5"], /--fill and --spans both say/],
  [["--days", "5"], /--days needs --fill/],
  [["--spans", "0"], /without spans to send, --ids FILE says/],
  [["--query", "http://tempo:3200"], /without spans to send, --ids FILE says/],
  [["fast"], /unexpected argument: fast/],
];
for (const [args, message] of wrong) {
  test(`benchOptions: wrong: ${args.join(" ")}`, () => {
    assert.throws(() => options(...args), message);
  });
}
