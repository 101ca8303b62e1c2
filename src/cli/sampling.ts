import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { SamplingTryAnswer, TracesAmount } from "../api/contract.ts";
import { Fault } from "../base/fault.ts";
import { importCollector } from "../sampling/import-collector.ts";
import { keepText, type Policies } from "../sampling/policy.ts";
import { readPolicies } from "../sampling/read-policies.ts";
import { nearest } from "../server/nearest.ts";
import { type Given, secondsOption, UsageError } from "./arguments.ts";
import { askingTenant, clewUrl, sendClew, tenantOption, urlOption } from "./ask.ts";
import type { Command, Surroundings } from "./command.ts";
import { safeText } from "../base/safe-text.ts";
import { alignRight, cellWidth, fit } from "./text.ts";

type Task = (given: Given, file: string, surroundings: Surroundings) => Promise<number>;

const tasks: Readonly<Record<string, Task>> = { check, try: tryFile, import: importConfig };
const words = Object.keys(tasks);

/** `clew sampling`: policies of what is worth keeping. */
export const samplingCommand: Command = {
  about: "check or try sampling policies, or take over those of a collector",
  takes: `${words.join("|")} FILE`,
  more: [
    "check   reads a policy file and prints what it says, or what is wrong with it",
    "try     tells what a running Clew would keep and drop by them; nothing is changed",
    "import  prints a policy file made from the tail_sampling processor in the configuration of an",
    "        OpenTelemetry Collector; what cannot be translated is told, and exits with 1",
  ].join("\n"),
  options: {
    url: urlOption,
    tenant: tenantOption,
    since: {
      type: "text",
      value: "TIME",
      about: "try: on so much of the past, like 6h (default: 1h)",
    },
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

const DEFAULT_SINCE_SECONDS = 3600;

async function tryFile(given: Given, file: string, around: Surroundings): Promise<number> {
  const policies = read(file);
  readPolicies(policies, file);
  const since = secondsOption(given, "since") ?? DEFAULT_SINCE_SECONDS;
  const answer = await sendClew<SamplingTryAnswer>(clewUrl(given, around.env), "/sampling/try", {
    method: "POST",
    body: { policies, since },
    tenant: askingTenant(given, around.env),
  });
  around.print(drawTry(answer, around.unicode));
  return 0;
}

/** A line for each policy: what of its traces, spans and bytes it would keep. */
function drawTry(answer: SamplingTryAnswer, unicode: boolean): string {
  const { policies, kept, dropped, undecided, invisibleServices } = answer;
  const none: TracesAmount = { traces: 0, spans: 0, bytes: 0 };
  const lines = [
    ...policies.map(({ name, ...outcome }) => ({ name, ...outcome })),
    ...(undecided.traces > 0 ? [{ name: "(undecided)", kept: undecided, dropped: none }] : []),
    { name: "all", kept, dropped },
  ];
  const rows = [
    ["policy", "traces", "kept", "spans", "kept", "bytes", "kept"],
    ...lines.map(({ name, kept: stays, dropped: goes }) => [
      safeText(name, unicode),
      ...(["traces", "spans", "bytes"] as const).flatMap((of) => {
        const text = of === "bytes" ? sizeText : String;
        return [text(stays[of] + goes[of]), text(stays[of])];
      }),
    ]),
  ];
  const widths = rows[0]!.map((_, column) =>
    Math.max(...rows.map((row) => cellWidth(row[column]!))),
  );
  const table = rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? fit(cell, widths[i]!, unicode) : alignRight(cell, widths[i]!)))
      .join("  "),
  );
  const invisible =
    invisibleServices.length === 0
      ? "Every service stays visible."
      : `Nothing would be left of: ${invisibleServices.map((n) => safeText(n, unicode)).join(", ")}`;
  return `${[...table, "", invisible].join("\n")}\n`;
}

function sizeText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
