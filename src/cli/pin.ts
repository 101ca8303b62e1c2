import type { PinAnswer, PinsAnswer } from "../api/contract.ts";
import { positionals, UsageError } from "./arguments.ts";
import { askClew, askingTenant, clewUrl, sendClew, tenantOption, urlOption } from "./ask.ts";
import type { Command } from "./command.ts";
import { readTraceId } from "./trace.ts";

/** `clew pin`: a trace that stays, whatever the sampling policies say. */
export const pinCommand: Command = {
  about: "keep a trace from being thinned away",
  takes: "TRACE_ID",
  options: {
    url: urlOption,
    tenant: tenantOption,
    list: { type: "flag", about: "print the ids of the pinned traces instead" },
    remove: { type: "flag", about: "let the trace go again" },
  },
  async run(given, { env, print }) {
    const url = clewUrl(given, env);
    const tenant = askingTenant(given, env);
    if (given.has("list")) {
      positionals(given, []);
      if (given.has("remove")) throw new UsageError("--list and --remove are two things");
      const { traceIds } = await askClew<PinsAnswer>(url, "/pins", tenant);
      for (const id of traceIds) print(`${id}\n`);
      return 0;
    }
    const traceId = readTraceId(positionals(given, ["TRACE_ID"])[0]);
    const remove = given.has("remove");
    const answer = remove
      ? await sendClew<PinAnswer>(url, `/pins/${traceId}`, { method: "DELETE", tenant })
      : await sendClew<PinAnswer>(url, "/pins", { method: "POST", body: { traceId }, tenant });
    print(`${answer.traceId} ${answer.isPinned ? "is pinned" : "is no longer pinned"}\n`);
    return 0;
  },
};
