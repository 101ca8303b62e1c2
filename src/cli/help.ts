import type { Command } from "./command.ts";

/** What `clew help` prints: the commands, one a line. */
export function overview(commands: Readonly<Record<string, Command>>): string {
  const lines: [string, string][] = [
    ...Object.entries(commands).map(([name, { about }]): [string, string] => [name, about]),
    ["help", "this text, or of one command: clew help trace"],
    ["version", "print Clew's version"],
  ];
  return [
    "Clew keeps every span and shows what a request did.",
    "",
    "usage: clew COMMAND [options]",
    "",
    ...inColumns(lines),
    "",
    '"clew COMMAND --help" tells its options.',
    "",
  ].join("\n");
}

/** What `clew COMMAND --help` prints. */
export function commandHelp(name: string, { about, takes, more, options }: Command): string {
  const lines = Object.entries(options).map(([option, { value, about }]): [string, string] => [
    `--${option}${value === undefined ? "" : ` ${value}`}`,
    about,
  ]);
  const usage = ["usage: clew", name, takes, "[options]"].filter((word) => word !== "").join(" ");
  return [
    `clew ${name}: ${about}`,
    "",
    usage,
    "",
    ...inColumns([...lines, ["--help", "this text"]]),
    ...(more === undefined ? [] : ["", more]),
    "",
  ].join("\n");
}

function inColumns(lines: readonly [left: string, right: string][]): string[] {
  const width = lines.reduce((max, [left]) => Math.max(max, left.length), 0);
  return lines.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
