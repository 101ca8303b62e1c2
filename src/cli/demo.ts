import { createLogger } from "../base/log.ts";
import {
  MAX_REQUESTS_PER_SECOND,
  shopDefaults,
  type ShopReport,
  startShop,
  type Trouble,
  troubles,
} from "../demo/shop.ts";
import { type Given, numberOption, positionals, UsageError } from "./arguments.ts";
import type { Command } from "./command.ts";
import { stopSignal } from "./stop-signal.ts";

const DEFAULT_OTLP_URL = "http://127.0.0.1:4318";
const share = { min: 0, max: 1 };

/** `clew demo`: the demo shop, until a signal or until its traces are sent. */
export const demoCommand: Command = {
  about: "run a shop of six services that sends its spans to a running Clew",
  takes: "",
  options: {
    otlp: {
      type: "text",
      value: "URL",
      about: `where to send spans by OTLP/HTTP (default: ${DEFAULT_OTLP_URL})`,
    },
    rate: {
      type: "text",
      value: "N",
      about: `requests a second (default: ${shopDefaults.requestsPerSecond})`,
    },
    traces: { type: "text", value: "N", about: "stop after this many (default: run until Ctrl+C)" },
    errors: {
      type: "text",
      value: "SHARE",
      about: `share of requests that fail, 0 to 1 (default: ${shopDefaults.errorShare})`,
    },
    slow: {
      type: "text",
      value: "SHARE",
      about: `share of requests that are slow, 0 to 1 (default: ${shopDefaults.slowShare})`,
    },
    only: {
      type: "text",
      value: "NAMES",
      about: `what may go wrong, commas between (default: all of ${troubles.join(", ")})`,
    },
    seed: {
      type: "text",
      value: "N",
      about: `the same seed asks for the same things (default: ${shopDefaults.seed})`,
    },
  },
  async run(given, { print, printLog }) {
    positionals(given, []);
    const traces = numberOption(given, "traces", { min: 1, max: 1e9, whole: true });
    const rate = { min: 0.001, max: MAX_REQUESTS_PER_SECOND };
    const seed = { min: 0, max: Number.MAX_SAFE_INTEGER, whole: true };
    const options = {
      otlpUrl: otlpUrl(given),
      requestsPerSecond: numberOption(given, "rate", rate) ?? shopDefaults.requestsPerSecond,
      ...(traces === undefined ? {} : { traces }),
      errorShare: numberOption(given, "errors", share) ?? shopDefaults.errorShare,
      slowShare: numberOption(given, "slow", share) ?? shopDefaults.slowShare,
      seed: numberOption(given, "seed", seed) ?? shopDefaults.seed,
      ...only(given),
    };
    const log = createLogger({ level: "info", write: printLog, now: () => new Date() });
    const stopped = stopSignal();
    const shop = await startShop({ ...options, log });
    const until = traces === undefined ? "until Ctrl+C" : `for ${traces} requests`;
    print(`The shop sends its spans to ${options.otlpUrl}, ${until}.\n`);
    try {
      await Promise.race([stopped, shop.done]);
    } finally {
      await shop.close();
    }
    print(reportText(await shop.done));
    return 0;
  },
};

function otlpUrl(given: Given): string {
  const url = given.text("otlp") ?? DEFAULT_OTLP_URL;
  if (/^https?:\/\//i.test(url) && URL.canParse(url)) return url.replace(/\/+$/, "");
  throw new UsageError(`--otlp takes a URL like ${DEFAULT_OTLP_URL}, got "${url}"`);
}

/** Throws UsageError for a name that is none. */
function only(given: Given): { readonly only?: readonly Trouble[] } {
  const text = given.text("only");
  if (text === undefined) return {};
  const names = text.split(",").map((name) => name.trim());
  const found = names.map((name) => troubles.find((trouble) => trouble === name));
  const unknown = names.find((_, i) => found[i] === undefined);
  if (unknown === undefined) return { only: found.filter((name) => name !== undefined) };
  throw new UsageError(`--only takes some of ${troubles.join(", ")}, got "${unknown}"`);
}

/** What the shop did, in a line for each thing worth knowing. */
export function reportText({ requests, slow, failures }: ShopReport): string {
  const failed = Object.entries(failures).filter(([, count]) => count > 0);
  const lines = failed.map(([kind, count]) => `  ${kind}: ${count}`);
  const total = failed.reduce((sum, [, count]) => sum + count, 0);
  return `${[`${requests} requests answered, ${slow} slow, ${total} failed`, ...lines].join("\n")}\n`;
}
