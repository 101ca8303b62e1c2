import type { TracesAnswer } from "../api/contract.ts";
import { Fault } from "../base/fault.ts";
import { numberOption, positionals, secondsOption } from "./arguments.ts";
import { askClew, askingTenant, clewUrl, tenantOption, urlOption } from "./ask.ts";
import type { Command } from "./command.ts";
import { drawTraces } from "./draw-traces.ts";

/** `clew traces`: the newest traces as a table. */
export const tracesCommand: Command = {
  about: "list the newest traces",
  takes: "",
  options: {
    service: { type: "text", value: "NAME", about: "only traces that this service took part in" },
    limit: { type: "text", value: "N", about: "traces at most, 1 to 1000 (default: 50)" },
    since: { type: "text", value: "TIME", about: "how far back: 90s, 15m, 2h, 1d (default: 1h)" },
    json: { type: "flag", about: "print JSON, for machines" },
    url: urlOption,
    tenant: tenantOption,
  },
  async run(given, { env, colour, unicode, print }) {
    positionals(given, []);
    const query = new URLSearchParams();
    const service = given.text("service");
    if (service !== undefined) query.set("service", service);
    query.set(
      "limit",
      String(numberOption(given, "limit", { min: 1, max: 1000, whole: true }) ?? 50),
    );
    query.set("since", String(secondsOption(given, "since") ?? 3600));
    const url = clewUrl(given, env);
    const answer = await askClew<TracesAnswer>(url, `/traces?${query}`, askingTenant(given, env));
    if (!Array.isArray(answer.traces)) throw new Fault("unavailable", `${url} sent no traces`);
    if (given.has("json")) print(`${JSON.stringify(answer, undefined, 2)}\n`);
    else if (answer.traces.length > 0) print(drawTraces(answer.traces, { colour, unicode }));
    else print("No traces in this time. --since 1d looks back further.\n");
    return 0;
  },
};
