// Runs the pinned Node 24 (npm package "node") with the arguments given, whatever Node started this file.
// Plain JavaScript that Node 18 and later runs.
import { nodeEnv, nodeFlags, pinnedNode, root, runForeground } from "./foreground.mjs";

try {
  const args = [...nodeFlags, ...process.argv.slice(2)];
  const { code } = await runForeground(pinnedNode, args, { env: nodeEnv });
  process.exitCode = code;
} catch (error) {
  console.error(`clew: cannot run ${pinnedNode}: ${error.message}`);
  console.error(`clew: run "npm ci" or "npm start" in ${root} first.`);
  process.exitCode = 1;
}
