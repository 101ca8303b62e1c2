// `npm run bench`: the benchmark of `clew bench`, or with --ui that of the page, which needs the repository.
// Plain JavaScript that Node 18 and later runs.
import { fileURLToPath } from "node:url";

const args = process.argv.slice(2);
const script = args.includes("--ui")
  ? [fileURLToPath(new URL("../test/bench/ui.ts", import.meta.url))]
  : [fileURLToPath(new URL("../src/cli/main.ts", import.meta.url)), "bench", ...args];
process.argv.splice(2, args.length, ...script);
await import("./node24.mjs");
