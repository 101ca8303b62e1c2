/** What Tempo tells of itself in plain text, as far as it makes sense for Clew. */
import { clewVersion } from "../../base/version.ts";
import type { HttpResponse, Route } from "../http.ts";
import { json, plain } from "./answers.ts";

// Grafana switches features on by Tempo's version, so that is the one told here; the revision
// says whose program it is.
const SPEAKS_TEMPO = "2.10.0";

interface StatusPagesOptions {
  /** The configuration in force, without secrets. */
  readonly config: () => string;
  /** What keeps Clew from its work; undefined if nothing does. */
  readonly trouble: () => Promise<string | undefined>;
  /** The routes to list. */
  readonly endpoints: () => readonly Route[];
}

/** `/api/status/buildinfo`, and `/status` with the pages below it. */
export function statusRoutes({ config, trouble, endpoints }: StatusPagesOptions): Route[] {
  const pages: Readonly<Record<string, () => Promise<string> | string>> = {
    version: () => `clew, version ${clewVersion} (speaks Tempo ${SPEAKS_TEMPO})\n`,
    services: async () => {
      const reason = await trouble();
      return `clew: ${reason === undefined ? "Running" : `Failed (${reason})`}\n`;
    },
    endpoints: () =>
      endpoints()
        .map(({ method, pattern }) => `${method === "*" ? "GET" : method} ${pattern}\n`)
        .join(""),
    config,
    runtime_config: () => "There is no configuration that changes while Clew runs.\n",
    overrides: () => "There are no settings by tenant.\n",
    "usage-stats": () => "Clew reports nothing to anybody.\n",
  };
  const all = async (): Promise<HttpResponse> => {
    const shown = ["version", "services", "endpoints"].map(async (name) => await pages[name]!());
    return plain(200, (await Promise.all(shown)).join("\n"));
  };
  return [
    { method: "GET", pattern: "/api/status/buildinfo", handler: buildInfo },
    { method: "GET", pattern: "/status", handler: all },
    ...Object.entries(pages).map(([name, page]) => ({
      method: "GET",
      pattern: `/status/${name}`,
      handler: async () => plain(200, await page()),
    })),
  ];
}

function buildInfo(): HttpResponse {
  const info = { version: SPEAKS_TEMPO, revision: `clew-${clewVersion}`, branch: "main" };
  const more = { buildUser: "", buildDate: "", goVersion: "" };
  return json({ ...info, ...more });
}
