import type { TraceAnswer } from "../api/contract.ts";
import { Fault } from "../base/fault.ts";
import { numberOption, positionals, UsageError } from "./arguments.ts";
import { askClew, askingTenant, clewUrl, tenantOption, urlOption } from "./ask.ts";
import type { Command } from "./command.ts";
import { drawTrace, minDrawWidth } from "./draw-trace.ts";

/** `clew trace`: one trace as a waterfall. */
export const traceCommand: Command = {
  about: "print one trace as a waterfall",
  takes: "TRACE_ID",
  options: {
    url: urlOption,
    tenant: tenantOption,
    json: { type: "flag", about: "print the trace as OTLP JSON instead" },
    width: { type: "text", value: "N", about: "columns to fill (default: the terminal's, or 120)" },
  },
  async run(given, { env, columns, colour, unicode, print }) {
    const traceId = readTraceId(positionals(given, ["TRACE_ID"])[0]);
    const range = { min: minDrawWidth, max: 1000, whole: true };
    const width = numberOption(given, "width", range) ?? columns;
    const url = clewUrl(given, env);
    const tenant = askingTenant(given, env);
    if (given.has("json")) {
      const otlp = await askClew<object>(url, `/traces/${traceId}/otlp`, tenant);
      print(`${JSON.stringify(otlp)}\n`);
      return 0;
    }
    const trace = await askClew<TraceAnswer>(url, `/traces/${traceId}`, tenant);
    if (!Array.isArray(trace.spans)) throw new Fault("unavailable", `${url} sent no trace`);
    print(drawTrace(trace, { width, colour, unicode }));
    return 0;
  },
};

/** A trace id from the command line, in full: ids are often copied without their leading zeros. Throws
 * UsageError. */
export function readTraceId(text: string): string {
  if (/^[0-9a-f]{1,32}$/i.test(text)) return text.toLowerCase().padStart(32, "0");
  throw new UsageError(`a trace id is up to 32 hex digits, got "${text}"`);
}
