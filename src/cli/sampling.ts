import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { Fault } from "../base/fault.ts";
import { importCollector } from "../sampling/import-collector.ts";
import { keepText, type Policies } from "../sampling/policy.ts";
import { readPolicies } from "../sampling/read-policies.ts";
import { nearest } from "../server/nearest.ts";
import { type Given, UsageError } from "./arguments.ts";
import type { Command, Surroundings } from "./command.ts";
import { safeText } from "./text.ts";

type Task = (given: Given, file: string, surroundings: Surroundings) => Promise<number>;

const tasks: Readonly<Record<string, Task>> = { check, import: importConfig };
const words = Object.keys(tasks);

/** `clew sampling`: policies of what is worth keeping. */
export const samplingCommand: Command = {
  about: "check sampling policies, or take over those of a collector",
  takes: `${words.join("|")} FILE`,
  more: [
    "check   reads a policy file and prints what it says, or what is wrong with it",
    "import  prints a policy file made from the tail_sampling processor in the configuration of an",
    "        OpenTelemetry Collector; what cannot be translated is told, and exits with 1",
  ].join("\n"),
  options: {
    processor: {
      type: "text",
      value: "NAME",
      about: "import: which processor, if there are several",
    },
  },
  async run(given, surroundings) {
    const [word, file, ...others] = given.positionals;
    if (word === undefined) throw new UsageError(`missing argument: ${words.join(" or ")}`);
    if (!Object.hasOwn(tasks, word)) {
      const meant = nearest(word, words) ?? words.join(" or ");
      throw new UsageError(`there is no "sampling ${word}"; did you mean ${meant}?`);
    }
    if (file === undefined) throw new UsageError("missing argument: FILE");
    if (others.length > 0) throw new UsageError(`unexpected argument: ${others[0]}`);
    return tasks[word]!(given, file, surroundings);
  },
};

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new Fault("invalid", `cannot read ${file}: ${reason}`, { cause: error });
  }
}

async function check(_: Given, file: string, { print, unicode }: Surroundings): Promise<number> {
  print(describe(readPolicies(read(file), file), unicode));
  return 0;
}

/** One line a policy: how much it keeps, its name, its filter. */
function describe(policies: Policies, unicode: boolean): string {
  const rows = policies.map(({ name, match, keep }, i) => [
    `${i + 1}.`,
    keepText(keep),
    name,
    match?.text.replaceAll(/\s+/g, " ") ?? "all other traces",
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row.map((cell, column) => safeText(cell, unicode).padEnd(widths[column] ?? 0)).join("  "),
  );
  return `${lines.join("\n")}\n`;
}

async function importConfig(given: Given, file: string, around: Surroundings): Promise<number> {
  const imported = importCollector(read(file), basename(file), given.text("processor"));
  around.print(imported.text);
  for (const note of imported.notes) around.printLog(`clew: ${note}\n`);
  return imported.isComplete ? 0 : 1;
}
