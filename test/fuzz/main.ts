/**
 * `npm run fuzz -- --inputs 1000000 --seed 7` checks as many random and changed inputs; the same seed
 * makes the same inputs. `npm run fuzz -- --replay protobuf:0a02…` checks one, given as hex.
 */
import { parseArgs } from "node:util";
import { Checker, type Input } from "./properties.ts";
import { MAX_MS_PER_KILOBYTE, runFuzz } from "./run.ts";

/** Of memory in use after 50,000 inputs. */
const MAX_GROWTH_BYTES = 8 * 2 ** 20;
/** Of resident memory in the second half: in the first, the heap's pages fall to pieces of every size. */
const MAX_RSS_GROWTH_BYTES = 128 * 2 ** 20;

const { values } = parseArgs({
  options: {
    inputs: { type: "string", default: "1000000" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    replay: { type: "string" },
  },
});

if (values.replay === undefined) await fuzz(Number(values.inputs), Number(values.seed));
else replay(values.replay);

function replay(text: string): void {
  const [kind, hex] = text.split(":");
  const input = { kind: kind as Input["kind"], bytes: Buffer.from(hex ?? "", "hex") };
  console.log(new Checker().check(input));
}

async function fuzz(inputs: number, seed: number): Promise<void> {
  const megabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
  const start = performance.now();
  const seconds = (): string => `${Math.round((performance.now() - start) / 1000)} s`;
  console.log(`fuzz: ${inputs} inputs, --seed ${seed}`);
  const report = await runFuzz({
    inputs,
    seed,
    onProgress: (done) => {
      if (done % 100_000 !== 0) return;
      console.log(`  ${done} in ${seconds()}, ${megabytes(process.memoryUsage.rss())} resident`);
    },
  });
  const { outcomes, failures, bytes, slowest, memory } = report;
  const { accepted, partly, refused } = outcomes;
  console.log(`accepted ${accepted}, with repairs or rejects ${partly}, refused ${refused}`);
  console.log(`${megabytes(bytes)} of input in ${seconds()}`);
  const slow = slowest.msPerKilobyte.toFixed(1);
  console.log(
    `slowest: ${slow} ms/kB (input ${slowest.index}; ${MAX_MS_PER_KILOBYTE} is the limit)`,
  );
  const { early, half, late } = memory;
  const shown = (of: typeof early): string =>
    `${megabytes(of.usedBytes)} in use, ${megabytes(of.rssBytes)} resident`;
  console.log(`memory after 50,000 inputs: ${shown(early)}`);
  console.log(`memory after half of them: ${shown(half)}; after all: ${shown(late)}`);
  for (const { index, input, error } of failures) {
    console.log(`\nFAILED input ${index} of seed ${seed}: ${error.stack}`);
    console.log(`--replay ${input.kind}:${input.bytes.toString("hex")}`);
  }
  const hasGrown =
    late.usedBytes - early.usedBytes > MAX_GROWTH_BYTES ||
    late.rssBytes - half.rssBytes > MAX_RSS_GROWTH_BYTES;
  if (hasGrown) console.log("FAILED: memory has grown");
  if (hasGrown || failures.length > 0) process.exitCode = 1;
}
