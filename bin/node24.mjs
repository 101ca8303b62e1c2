// Runs the pinned Node 24 (npm package "node") with the arguments given, whatever Node started this file.
// Plain JavaScript that Node 18 and later runs.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const node = fileURLToPath(new URL("../node_modules/node/bin/node", import.meta.url));
const child = spawn(node, ["--disable-warning=ExperimentalWarning", ...process.argv.slice(2)], {
  stdio: "inherit",
});
// A terminal sends Ctrl+C to the whole group: the child has it already and decides when to end.
process.on("SIGINT", () => {});
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  console.error(`clew: cannot run ${node}: ${error.message}. Run "npm ci" first.`);
  process.exitCode = 1;
});
child.on("exit", (code, signal) => {
  process.exitCode = code ?? (signal === "SIGINT" ? 130 : 1);
});
