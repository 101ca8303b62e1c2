/** Severities in rising order; a logger drops what is below its own. */
export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

/** What an event carries besides its message. Errors become their message, code and stack. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes one JSON line per event. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

interface LoggerOptions {
  readonly level: LogLevel;
  readonly write: (line: string) => void;
  readonly now: () => Date;
}

/** A logger whose lines are `{"time","level","message",…fields}`, in that order, newline at the end. */
export function createLogger({ level, write, now }: LoggerOptions): Logger {
  const lowest = logLevels.indexOf(level);
  const at =
    (name: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      if (logLevels.indexOf(name) < lowest) return;
      const event = { time: now().toISOString(), level: name, message, ...fields };
      write(JSON.stringify(event, jsonValue) + "\n");
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Error) {
    const { message, stack, cause } = value;
    return { message, ...("code" in value ? { code: value.code } : {}), stack, cause };
  }
  return value;
}
