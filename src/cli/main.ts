/** The `clew` command: finds the subcommand, runs it, and turns what it throws into an exit code. */
import { Fault } from "../base/fault.ts";
import { nearest } from "../server/nearest.ts";
import { readArguments, UsageError } from "./arguments.ts";
import type { Command, Surroundings } from "./command.ts";
import { commandHelp, overview } from "./help.ts";
import { clewVersion } from "../base/version.ts";

/** Each is loaded when it is asked for: `clew trace` needs nothing of the server. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import("./start.ts")).startCommand,
  traces: async () => (await import("./traces.ts")).tracesCommand,
  query: async () => (await import("./query.ts")).queryCommand,
  trace: async () => (await import("./trace.ts")).traceCommand,
  graph: async () => (await import("./graph.ts")).graphCommand,
  pin: async () => (await import("./pin.ts")).pinCommand,
  demo: async () => (await import("./demo.ts")).demoCommand,
  bench: async () => (await import("./bench.ts")).benchCommand,
  sampling: async () => (await import("./sampling.ts")).samplingCommand,
  config: async () => (await import("./config.ts")).configCommand,
};
const words = [...Object.keys(commands), "help", "version"];

const COLUMNS_WITHOUT_TERMINAL = 120;

async function run(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const [word = "help", ...rest] = args;
  switch (word) {
    case "version":
    case "--version":
    case "-v":
      surroundings.print(`${clewVersion}\n`);
      return 0;
    case "help":
    case "--help":
    case "-h":
      surroundings.print(await help(rest[0]));
      return 0;
  }
  const command = await find(word);
  if (rest.includes("--help") || rest.includes("-h")) {
    surroundings.print(commandHelp(word, command));
    return 0;
  }
  return command.run(readArguments(rest, command.options), surroundings);
}

async function help(word: string | undefined): Promise<string> {
  if (word !== undefined && !["help", "version"].includes(word)) {
    return commandHelp(word, await find(word));
  }
  const all = Object.entries(commands).map(async ([name, load]) => [name, await load()] as const);
  return overview(Object.fromEntries(await Promise.all(all)));
}

async function find(word: string): Promise<Command> {
  if (Object.hasOwn(commands, word)) return commands[word]!();
  const what = word.startsWith("-") ? "option" : "command";
  const meant = nearest(word, words);
  const hint = meant === undefined ? `there are ${words.join(", ")}` : `did you mean ${meant}?`;
  throw new UsageError(`unknown ${what} ${word}; ${hint}`);
}

/** What this process may print and know, from the real one. */
function surroundings(): Surroundings {
  const { env, stdout, stderr } = process;
  // Whoever reads may go away ("clew traces | head"): there is nobody left to tell.
  for (const stream of [stdout, stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "";
  return {
    env,
    colour: stdout.isTTY && !env["NO_COLOR"] && env["TERM"] !== "dumb",
    unicode: /utf-?8/i.test(locale),
    columns: stdout.isTTY ? stdout.columns : COLUMNS_WITHOUT_TERMINAL,
    print: (text) => void stdout.write(text),
    printLog: (line) => void stderr.write(line),
  };
}

/** The exit code for what a command threw, told on standard error. */
function explain(error: unknown, word: string | undefined): number {
  if (error instanceof UsageError) {
    const known = word !== undefined && Object.hasOwn(commands, word);
    console.error(`clew: ${error.message}`);
    console.error(`"clew ${known ? `${word} ` : ""}--help" tells what there is.`);
    return 2;
  }
  if (error instanceof Fault) {
    for (const line of error.message.split("\n")) console.error(`clew: ${line}`);
    return 1;
  }
  console.error("clew: a bug in Clew:", error);
  return 1;
}

/** Settles when what was printed before is out; also if nobody reads it any more. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write("", () => resolve());
  });
}

const args = process.argv.slice(2);
const code = await run(args, surroundings()).catch((error: unknown) => explain(error, args[0]));
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
process.exit(code);
