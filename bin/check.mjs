// `npm run check`: types, lint, format and unit tests, all at once, on as many cores as there are. What takes long
// (large inputs, fuzzing, nine tenths of the random cases) is left to `npm test`. Runs on the pinned Node.
import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { nodeEnv, nodeFlags, pinnedNode, root } from "./foreground.mjs";

const LARGE = /(^|\/)large[^/]*\.test\.ts$/;

const testFiles = [
  ...globSync("src/**/*.test.ts", { cwd: root }).filter((file) => !LARGE.test(file)),
  "test/tidy.test.ts",
];
const shards = availableParallelism();
const npm = (script) => ["npm", ["run", "--silent", script]];
const tasks = [
  ...Array.from({ length: shards }, (_, i) => {
    const shard = ["--test", "--test-isolation=none", `--test-shard=${i + 1}/${shards}`];
    return [`unit tests ${i + 1}`, [pinnedNode, [...nodeFlags, ...shard, ...testFiles]]];
  }),
  ["types", npm("types")],
  ["lint", npm("lint")],
  ["format check", npm("format:check")],
];

const children = [];
const codes = await Promise.all(tasks.map(([title, command]) => run(title, command)));
process.exitCode = codes.every((code) => code === 0) ? 0 : 1;

/** Runs a program, whose output is only shown if it fails. */
function run(title, [command, args]) {
  const startedMs = Date.now();
  return new Promise((resolve) => {
    const env = { ...nodeEnv, CLEW_CASES: "0.1" };
    const child = spawn(command, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
    children.push(child);
    const output = [];
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (data) => output.push(data));
    child.on("error", (error) => {
      output.push(Buffer.from(`${error.message}\n`));
      end(1);
    });
    child.on("close", (code) => end(code ?? 1));
    function end(code) {
      if (code !== 0) process.stdout.write(failures(Buffer.concat(output).toString()));
      const took = ((Date.now() - startedMs) / 1000).toFixed(1);
      console.log(`clew: ${title}: ${code === 0 ? "ok" : "FAILED"}, ${took} s`);
      resolve(code);
    }
  });
}

/** What a test run says of the tests that failed; all of what says nothing of tests. */
function failures(output) {
  const at = output.indexOf("✖ failing tests:");
  return at < 0 ? output : output.slice(at);
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    for (const child of children) child.kill(signal);
  });
}
