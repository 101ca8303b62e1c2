import type { Given, Option } from "./arguments.ts";
import type { Looks } from "./text.ts";

/** Where a command writes, and what it may know of its surroundings. */
export interface Surroundings extends Looks {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Columns of the terminal, or 120 where there is none. */
  readonly columns: number;
  /** Text for people and machines: standard output. */
  readonly print: (text: string) => void;
  /** Log lines: standard error. */
  readonly printLog: (line: string) => void;
}

/** One of the things `clew` can do. */
export interface Command {
  /** One line for the list of commands. */
  readonly about: string;
  /** What follows the options in the usage line, like "TRACE_ID"; empty for nothing. */
  readonly takes: string;
  /** More for the command's own help, if one line does not do. */
  readonly more?: string;
  readonly options: Readonly<Record<string, Option>>;
  /** Does it; gives back the exit code. Throws UsageError or Fault. */
  run(given: Given, surroundings: Surroundings): Promise<number>;
}
