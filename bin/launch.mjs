// `npm start` and `npm test` on a fresh clone: installs what is missing, then runs it.
// Plain JavaScript that Node 18 and later runs; Clew itself runs on the Node 24 that the lock file pins.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  accessSync,
  constants,
  existsSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { nodeEnv, nodeFlags, pinnedNode, root, runForeground } from "./foreground.mjs";

/** What the page is made of; a change in any of it makes the built page stale. */
const UI_SOURCES = ["src/ui", "src/model", "src/base", "src/traceql", "package-lock.json"];
const UI_STAMP = "dist/ui/.stamp";

/** The steps of `npm test`, in order: what it is called, and the npm script that does it. */
const TEST_STEPS = [
  ["types", "types"],
  ["lint", "lint"],
  ["format check", "format:check"],
  ["dead code", "dead-code"],
  ["unit tests", "unit"],
  ["page build", "build:ui"],
  ["black-box tests", "test:blackbox"],
  ["browser tests", "test:browser"],
];

const BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const MAC_BROWSERS = [
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** Ends the launcher with a sentence for people; everything else that throws is a bug of ours. */
class Stop extends Error {
  constructor(message, code = 1) {
    super(message);
    this.code = code;
  }
}

function say(line) {
  console.log(`clew: ${line}`);
}

/** Runs a program in the package's folder; gives back its exit code. Ends here if told to stop. */
async function run(command, args, options = {}) {
  const { code, stopped } = await runForeground(command, args, { cwd: root, ...options }).catch(
    (error) => {
      throw new Stop(`cannot run ${command}: ${error.message}`);
    },
  );
  if (stopped) throw new Stop("stopped.", code || 130);
  return code;
}

/** Runs a program that has to succeed. */
async function must(command, args, whatFailed, options) {
  const code = await run(command, args, options);
  if (code !== 0) throw new Stop(`${whatFailed} (exit code ${code}); its own message is above.`);
}

/** The npm that started us, or the one on PATH. */
function npm(args) {
  const own = process.env.npm_execpath;
  return own?.endsWith("npm-cli.js") ? [process.execPath, [own, ...args]] : ["npm", args];
}

/** Why `npm ci` has to run, or undefined if node_modules holds what the lock file asks for. */
function whyInstall() {
  if (!existsSync(join(root, "node_modules/.package-lock.json"))) return "nothing is installed yet";
  const wanted = readJson("package-lock.json").packages;
  const installed = readJson("node_modules/.package-lock.json").packages;
  for (const [place, want] of Object.entries(wanted)) {
    if (place === "" || want.optional || want.link) continue;
    const have = installed[place];
    const name = place.replace(/^.*node_modules\//, "");
    if (!have) return `${name} is missing`;
    if (have.version !== want.version) return `${name} is ${have.version}, not ${want.version}`;
  }
  if (pinnedVersion() === undefined) return "its Node does not run here";
  return undefined;
}

function readJson(name) {
  return JSON.parse(readFileSync(join(root, name), "utf8"));
}

/** What the pinned Node says its version is, like "v24.21.0", or undefined if it does not run. */
function pinnedVersion() {
  try {
    return execFileSync(pinnedNode, ["--version"], { encoding: "utf8", stdio: "pipe" }).trim();
  } catch {
    return undefined;
  }
}

async function installPackages() {
  const why = whyInstall();
  if (why !== undefined) {
    say(`installing packages with "npm ci", because ${why} (about a minute, 1 GB on disk)`);
    await must(
      ...npm(["ci", "--include=dev", "--no-audit", "--no-fund"]),
      'cannot go on: "npm ci" failed. It needs npm, the npm registry and a folder it may write to',
    );
  }
  const version = pinnedVersion();
  if (!version?.startsWith("v24.")) {
    throw new Stop(
      version === undefined
        ? `the pinned Node 24 does not run (${pinnedNode}). npm fetches it in the install script of` +
            ' the package "node". If install scripts are off, allow them ("npm config set' +
            ' ignore-scripts false", or "npm install-scripts approve node" in npm 12), then run' +
            ' "npm ci".'
        : `the pinned Node is ${version}, but Clew needs 24. Run "npm ci".`,
    );
  }
}

/** A hash of every source file of the page: names and contents. */
function uiFingerprint() {
  const hash = createHash("sha256");
  const add = (name) => {
    if (name.endsWith(".test.ts") || !existsSync(join(root, name))) return;
    hash
      .update(`${name}\0`)
      .update(readFileSync(join(root, name)))
      .update("\0");
  };
  const walk = (name) => {
    if (!existsSync(join(root, name))) return;
    for (const entry of readdirSync(join(root, name), { withFileTypes: true }).sort(byName)) {
      if (entry.isDirectory()) walk(`${name}/${entry.name}`);
      else add(`${name}/${entry.name}`);
    }
  };
  for (const name of UI_SOURCES) (name.includes(".") ? add : walk)(name);
  return hash.digest("hex");
}

function byName(left, right) {
  return left.name < right.name ? -1 : 1;
}

async function buildUi() {
  const stamp = join(root, UI_STAMP);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === uiFingerprint()) return;
  say("building the page");
  await must(
    ...npm(["run", "--silent", "build:ui", "--", "--logLevel", "warn"]),
    "cannot go on: building the page failed",
  );
  stampUi();
}

function stampUi() {
  writeFileSync(join(root, UI_STAMP), uiFingerprint());
}

async function start(args) {
  await installPackages();
  await buildUi();
  const main = join(root, "src/cli/main.ts");
  const command = [...nodeFlags, main, "start", ...args];
  const { code } = await runForeground(pinnedNode, command, { env: nodeEnv });
  process.exitCode = code;
}

function onPath(name) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function hasBrowser() {
  return BROWSERS.some(onPath) || (process.platform === "darwin" && MAC_BROWSERS.some(existsSync));
}

async function installBrowser() {
  if (hasBrowser()) return;
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || !onPath("apt-get")) {
    throw new Stop(
      "the browser tests need Chromium or Google Chrome on PATH, and there is none. Install it" +
        ' (Debian: "apt-get install chromium" as root) and run "npm test" again.',
    );
  }
  say("installing Debian's chromium for the browser tests");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await must("apt-get", ["update", "-qq"], "apt-get update failed", { env });
  await must(
    "apt-get",
    ["install", "-y", "-qq", "--no-install-recommends", "chromium"],
    "apt-get install chromium failed",
    { env },
  );
  if (!hasBrowser()) throw new Stop("chromium was installed, but no chromium is on PATH.");
}

/**
 * Adds up the closing lines of Node's test runner ("ℹ pass 12") as they go by. What it prints may
 * come cut anywhere, so lines are put together first.
 */
function testTotals() {
  const totals = new Map();
  let rest = "";
  return {
    totals,
    read(text) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        // oxlint-disable-next-line no-control-regex -- colours, when the terminal has them
        const plain = line.replace(/\u001b\[[0-9;]*m/g, "");
        const match =
          /^[ℹ#] (tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/.exec(plain);
        if (match) totals.set(match[1], (totals.get(match[1]) ?? 0) + Number(match[2]));
      }
    },
  };
}

async function runStep(title, script, totals) {
  say(title);
  const startedMs = Date.now();
  const env = { ...process.env, ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}) };
  const [command, args] = npm(["run", "--silent", script]);
  const code = await run(command, args, { env, onOutput: totals.read });
  if (code === 0 && script === "build:ui") stampUi();
  const took = `${((Date.now() - startedMs) / 1000).toFixed(1)} s`;
  say(`${title}: ${code === 0 ? "ok" : "FAILED"}, ${took}`);
  return code;
}

async function test(args) {
  if (args.length > 0) throw new Stop(`npm test takes no arguments, got ${args.join(" ")}`, 2);
  await installPackages();
  await installBrowser();
  const startedMs = Date.now();
  const totals = testTotals();
  let failed;
  for (const [title, script] of TEST_STEPS) {
    const code = await runStep(title, script, totals);
    if (code === 0) continue;
    failed = { title, code };
    break;
  }
  const took = `${((Date.now() - startedMs) / 1000).toFixed(1)} s`;
  say(failed ? `stopped at ${failed.title}, after ${took}` : `all steps passed in ${took}`);
  for (const [name, value] of totals.totals) console.log(`ℹ ${name} ${Math.round(value)}`);
  process.exitCode = failed ? failed.code : 0;
}

const [command, ...args] = process.argv.slice(2);
try {
  if (command === "start") await start(args);
  else if (command === "test") await test(args);
  else throw new Stop("usage: node bin/launch.mjs start [options of clew start] | test", 2);
} catch (error) {
  if (!(error instanceof Stop)) throw error;
  console.error(`clew: ${error.message}`);
  process.exitCode = error.code;
}
