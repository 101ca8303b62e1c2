import { Bench, type BenchOptions } from "../bench/bench.ts";
import { problemsOf, reportJson, reportText } from "../bench/report.ts";
import { MIN_KEYS } from "../bench/attribute-keys.ts";
import { traceqlHelp } from "../bench/traceql-queries.ts";
import { type Given, numberOption, positionals, secondsOption, UsageError } from "./arguments.ts";
import type { Command } from "./command.ts";
import { stopSignal } from "./stop-signal.ts";

/** What is done if nothing else is asked for, and with --quick. */
const usual = { seconds: 60, queryRuns: 200, settleSeconds: 120 };
const quick = { seconds: 10, queryRuns: 50, settleSeconds: 10 };
const defaults = { connections: 4, spansPerRequest: 500, keys: 60, seed: 1, days: 7 };

const MAX_SPANS = 1e10;
const numbers = {
  connections: { min: 1, max: 1000, whole: true },
  "spans-per-request": { min: 1, max: 20_000, whole: true },
  rate: { min: 1, max: 1e8 },
  spans: { min: 0, max: MAX_SPANS, whole: true },
  fill: { min: 1, max: MAX_SPANS, whole: true },
  days: { min: 0.001, max: 36_500 },
  seed: { min: 0, max: Number.MAX_SAFE_INTEGER, whole: true },
  keys: { min: MIN_KEYS, max: 100_000, whole: true },
  "query-runs": { min: 0, max: 1e6, whole: true },
};

/** `clew bench`: how fast a Clew, or another store of traces, takes spans and answers. */
export const benchCommand: Command = {
  about: "measure how fast this or another tracing store takes spans and answers",
  takes: "",
  more:
    "Without --otlp and --query it starts a Clew of its own, checks at the end that every span is\n" +
    "stored once, and removes it. docs/benchmarks.md explains what is measured.\n" +
    "\n" +
    traceqlHelp(),
  options: {
    otlp: { type: "text", value: "URL", about: "send spans there instead of to a Clew of its own" },
    protocol: { type: "text", value: "http|grpc", about: "how they are sent (default: http)" },
    connections: {
      type: "text",
      value: "N",
      about: `connections, one request at a time on each (default: ${defaults.connections})`,
    },
    "spans-per-request": {
      type: "text",
      value: "N",
      about: `spans in a request (default: ${defaults.spansPerRequest})`,
    },
    gzip: { type: "flag", about: "compress requests" },
    rate: {
      type: "text",
      value: "N",
      about: "spans a second; latency counts from when each was due (default: as fast as taken)",
    },
    duration: { type: "text", value: "TIME", about: `like 90s (default: ${usual.seconds}s)` },
    spans: { type: "text", value: "N", about: "send so many instead, in whole requests; 0: none" },
    fill: { type: "text", value: "N", about: "send so many, their times spread over --days" },
    days: {
      type: "text",
      value: "N",
      about: `days to fill, until now (default: ${defaults.days})`,
    },
    seed: { type: "text", value: "N", about: `seed of the traffic (default: ${defaults.seed})` },
    keys: {
      type: "text",
      value: "N",
      about: `different attribute keys on spans, ${MIN_KEYS} or more (default: ${defaults.keys})`,
    },
    pid: { type: "texts", value: "PID", about: "watch this process and its children; repeatable" },
    data: {
      type: "text",
      value: "DIR",
      about: "data folder to measure, and to use for its own Clew",
    },
    settle: {
      type: "text",
      value: "TIME",
      about: `longest wait for background work afterwards (default: ${usual.settleSeconds}s)`,
    },
    query: { type: "text", value: "URL", about: "ask there, by Tempo's API" },
    "query-runs": {
      type: "text",
      value: "N",
      about: `questions of each kind (default: ${usual.queryRuns})`,
    },
    traceql: {
      type: "flag",
      about: "ask in TraceQL as well, a tenth as many of each kind below, over 24 h",
    },
    ids: {
      type: "text",
      value: "FILE",
      about: "keep trace ids there; without spans, ask for those",
    },
    fresh: { type: "flag", about: "see how soon acknowledged traces can be read, during the load" },
    set: { type: "texts", value: "KEY=VALUE", about: "a setting of its own Clew; may be repeated" },
    quick: { type: "flag", about: "everything in under a minute: shorter, and less exact" },
    json: { type: "flag", about: "end with all numbers as one line of JSON" },
  },
  async run(given, surroundings) {
    const options = benchOptions(given);
    const bench = new Bench(options, (line) => surroundings.printLog(`bench: ${line}\n`));
    const stopped = stopSignal();
    const running = bench.run();
    const first = await Promise.race([stopped, running]);
    if (typeof first === "string") {
      running.catch(() => {}); // it is being stopped
      await bench.close();
      return 130;
    }
    surroundings.print(reportText(first));
    const problems = problemsOf(first);
    for (const problem of problems) surroundings.printLog(`bench: ${problem}\n`);
    if (given.has("json")) surroundings.print(reportJson(first));
    return problems.length === 0 ? 0 : 1;
  },
};

/** The options of a run. Throws UsageError for what makes no sense. */
export function benchOptions(given: Given): BenchOptions {
  positionals(given, []);
  const length = given.has("quick") ? quick : usual;
  const number = (name: keyof typeof numbers): number | undefined =>
    numberOption(given, name, numbers[name]);
  const otlpUrl = urlOption(given, "otlp");
  const queryUrl = urlOption(given, "query");
  const asksOnly = number("spans") === 0 || (queryUrl !== undefined && otlpUrl === undefined);
  const load = asksOnly ? undefined : loadOptions(given, number, length.seconds);
  const dataDir = given.text("data");
  const idsFile = given.text("ids");
  if (asksOnly && idsFile === undefined) {
    throw new UsageError("without spans to send, --ids FILE says which traces to ask for");
  }
  return {
    arguments: process.argv.slice(2),
    ...(load && { load }),
    ...(otlpUrl && { otlpUrl }),
    ...(queryUrl && { queryUrl }),
    queryRuns: number("query-runs") ?? length.queryRuns,
    seed: number("seed") ?? defaults.seed,
    pids: pidOptions(given),
    ...(dataDir && { dataDir }),
    ...(idsFile && { idsFile }),
    fresh: given.has("fresh"),
    traceql: given.has("traceql"),
    settleLimitMs: (secondsOption(given, "settle") ?? length.settleSeconds) * 1000,
    clew: {
      startCommand: [process.execPath, ...process.execArgv, process.argv[1]!, "start"],
      settings: given.texts("set"),
    },
  };
}

function loadOptions(
  given: Given,
  number: (name: keyof typeof numbers) => number | undefined,
  usualSeconds: number,
): NonNullable<BenchOptions["load"]> {
  const protocol = given.text("protocol") ?? "http";
  if (protocol !== "http" && protocol !== "grpc") {
    throw new UsageError(`--protocol takes http or grpc, got "${protocol}"`);
  }
  const [fill, rate] = [number("fill"), number("rate")];
  const spans = fill ?? number("spans");
  const seconds =
    secondsOption(given, "duration") ?? (spans === undefined ? usualSeconds : undefined);
  if (fill !== undefined && given.has("spans")) {
    throw new UsageError("--fill and --spans both say how many spans to send");
  }
  if (given.has("days") && fill === undefined) throw new UsageError("--days needs --fill");
  return {
    protocol,
    connections: number("connections") ?? defaults.connections,
    spansPerRequest: number("spans-per-request") ?? defaults.spansPerRequest,
    ...(rate === undefined ? {} : { rate }),
    ...(seconds === undefined ? {} : { durationMs: seconds * 1000 }),
    ...(spans === undefined ? {} : { spans }),
    seed: number("seed") ?? defaults.seed,
    keys: number("keys") ?? defaults.keys,
    gzip: given.has("gzip"),
    ...(fill === undefined ? {} : { spreadDays: number("days") ?? defaults.days }),
  };
}

function urlOption(given: Given, name: string): string | undefined {
  const url = given.text(name);
  if (url === undefined || (/^https?:\/\//i.test(url) && URL.canParse(url))) return url;
  throw new UsageError(`--${name} takes a URL like http://127.0.0.1:4318, got "${url}"`);
}

function pidOptions(given: Given): number[] {
  return given.texts("pid").map((text) => {
    if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
    throw new UsageError(`--pid takes the number of a process, got "${text}"`);
  });
}
