import { Fault } from "../base/fault.ts";
import type { TraceSummary } from "../model/trace.ts";
import { readQuery } from "../traceql/check.ts";
import { tempoErrorText } from "../traceql/problem.ts";
import { parseTime } from "../traceql/time.ts";
import { type Given, numberOption, positionals, secondsOption, UsageError } from "./arguments.ts";
import { askingTenant, askTempo, clewUrl, tenantOption, urlOption } from "./ask.ts";
import { caretLines, placeInMessage } from "./caret.ts";
import type { Command, Surroundings } from "./command.ts";
import { drawSeries } from "./draw-series.ts";
import { drawTraces, traceColumns } from "./draw-traces.ts";
import type { Column } from "./table.ts";
import { safeText } from "../base/safe-text.ts";

const DEFAULT_LIMIT = 20;
const DEFAULT_SINCE_SECONDS = 3600;

/** `clew query`: asks in TraceQL. */
export const queryCommand: Command = {
  about: "ask in TraceQL: traces as a table, metrics as a chart",
  takes: "QUERY",
  more:
    "For example:\n" +
    "  clew query '{ status = error && resource.service.name = \"cart\" }' --since 1d\n" +
    "  clew query '{ kind = server } | rate() by (resource.service.name)'\n" +
    "docs/traceql.md explains the language. Any server with Grafana Tempo's API can be asked.",
  options: {
    since: { type: "text", value: "TIME", about: "how far back: 90s, 15m, 2h, 1d (default: 1h)" },
    from: {
      type: "text",
      value: "TIME",
      about: "from then on: 2026-01-31T12:00:00Z or unix seconds",
    },
    to: { type: "text", value: "TIME", about: "up to then (default: now)" },
    limit: {
      type: "text",
      value: "N",
      about: `traces or series at most, 1 to 10000 (default: ${DEFAULT_LIMIT})`,
    },
    json: { type: "flag", about: "print the answer of Tempo's API, for machines" },
    url: urlOption,
    tenant: tenantOption,
  },
  async run(given, surroundings) {
    const [text] = positionals(given, ["QUERY"]);
    const { query, problems } = readQuery(text);
    if (query === undefined) {
      const [problem] = problems;
      throw badQuery(text, tempoErrorText(text, problem), problem, surroundings);
    }
    const asked: Asked = {
      text,
      ...timesOf(given),
      limit: numberOption(given, "limit", { min: 1, max: 10_000, whole: true }) ?? DEFAULT_LIMIT,
      url: clewUrl(given, surroundings.env),
      tenant: askingTenant(given, surroundings.env),
    };
    const isSearch = query.kind === "search";
    const answer = await (isSearch ? search(asked) : metrics(asked)).catch((error: unknown) => {
      if (!(error instanceof Fault) || error.code !== "invalid") throw error;
      throw badQuery(text, error.message, placeInMessage(text, error.message), surroundings);
    });
    if (given.has("json")) surroundings.print(`${JSON.stringify(answer, undefined, 2)}\n`);
    else if (isSearch) printTraces(answer as SearchAnswer, surroundings);
    else printSeries(answer as MetricsAnswer, asked.limit, surroundings);
    return 0;
  },
};

interface Asked {
  readonly text: string;
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly limit: number;
  readonly url: string;
  readonly tenant: string | undefined;
}

function badQuery(
  text: string,
  message: string,
  place: { readonly from: number; readonly to: number } | undefined,
  { unicode }: Surroundings,
): Fault {
  const shown = place === undefined ? "" : `\n${caretLines(text, place, unicode)}`;
  return new Fault("invalid", `${safeText(message, unicode)}${shown}`);
}

function timesOf(given: Given): Pick<Asked, "fromSeconds" | "toSeconds"> {
  if (given.has("since") && given.has("from")) {
    throw new UsageError("--since and --from both say how far back");
  }
  const toSeconds = Math.ceil(timeOption(given, "to") ?? Date.now() / 1000);
  const since = secondsOption(given, "since") ?? DEFAULT_SINCE_SECONDS;
  const fromSeconds = Math.floor(timeOption(given, "from") ?? toSeconds - since);
  if (fromSeconds >= toSeconds) throw new UsageError("--from is not before --to");
  return { fromSeconds: Math.max(1, fromSeconds), toSeconds };
}

function timeOption(given: Given, name: string): number | undefined {
  const text = given.text(name);
  if (text === undefined) return undefined;
  if (/^\d{1,10}(\.\d+)?$/.test(text)) return Number(text);
  const nanos = parseTime(text);
  if (nanos !== undefined && nanos >= 0n) return Number(nanos) / 1e9;
  const examples = "2026-01-31T12:00:00Z or unix seconds";
  throw new UsageError(`--${name} takes a time like ${examples}, got "${text}"`);
}

/** What Tempo's API answers, as far as it is read here. */
interface SearchAnswer {
  readonly traces?: readonly {
    readonly traceID: string;
    readonly rootServiceName?: string;
    readonly rootTraceName?: string;
    readonly startTimeUnixNano?: string;
    readonly durationMs?: number;
    readonly spanSets?: readonly { readonly matched?: number }[];
    readonly serviceStats?: Readonly<
      Record<string, { readonly spanCount?: number; readonly errorCount?: number }>
    >;
  }[];
}

function search({ text, fromSeconds, toSeconds, limit, url, tenant }: Asked) {
  const query = new URLSearchParams({
    q: text,
    start: String(fromSeconds),
    end: String(toSeconds),
    limit: String(limit),
  });
  return askTempo<SearchAnswer>(url, `/api/search?${query}`, tenant);
}

interface FoundRow extends TraceSummary {
  readonly matched: number;
}

function printTraces({ traces = [] }: SearchAnswer, looks: Surroundings): void {
  if (traces.length === 0) {
    looks.print("No trace answers this in this time. --since 1d looks back further.\n");
    return;
  }
  const rows = traces.map((trace): FoundRow => {
    const services = Object.entries(trace.serviceStats ?? {}).map(
      ([name, { spanCount = 0, errorCount = 0 }]) => ({ name, spanCount, errorCount }),
    );
    return {
      traceId: trace.traceID.padStart(32, "0"),
      rootService: trace.rootServiceName?.startsWith("<") ? "" : (trace.rootServiceName ?? ""),
      rootName: trace.rootTraceName ?? "",
      startUnixNano: trace.startTimeUnixNano ?? "0",
      durationNano: (trace.durationMs ?? 0) * 1e6,
      spanCount: services.reduce((sum, { spanCount }) => sum + spanCount, 0),
      errorCount: services.reduce((sum, { errorCount }) => sum + errorCount, 0),
      services,
      matched: (trace.spanSets ?? []).reduce((sum, { matched = 0 }) => sum + matched, 0),
    };
  });
  const matched: Column<FoundRow> = {
    title: "MATCHED",
    right: true,
    text: ({ matched }) => String(matched),
  };
  const columns = [...traceColumns.slice(0, 5), matched, ...traceColumns.slice(5)];
  looks.print(drawTraces(rows, looks, columns));
}

type AnyValueJson = Readonly<Record<string, unknown>>;

interface MetricsAnswer {
  readonly series?: readonly {
    readonly labels?: readonly { readonly key: string; readonly value?: AnyValueJson }[];
    readonly samples?: readonly {
      readonly timestampMs: string;
      readonly value?: number | string;
    }[];
  }[];
  readonly message?: string;
}

function metrics({ text, fromSeconds, toSeconds, url, tenant }: Asked) {
  const query = new URLSearchParams({
    q: text,
    start: String(fromSeconds),
    end: String(toSeconds),
  });
  return askTempo<MetricsAnswer>(url, `/api/metrics/query_range?${query}`, tenant);
}

function printSeries(answer: MetricsAnswer, limit: number, looks: Surroundings): void {
  const { series = [], message } = answer;
  const times = [
    ...new Set(series.flatMap(({ samples = [] }) => samples.map((one) => Number(one.timestampMs)))),
  ].sort((a, b) => a - b);
  if (times.length === 0) {
    looks.print("There is nothing to measure in this time. --since 1d looks back further.\n");
    return;
  }
  const shown = series.slice(0, limit).map(({ labels = [], samples = [] }) => {
    const values = new Map(
      samples.map(({ timestampMs, value = 0 }) => [Number(timestampMs), Number(value)]),
    );
    return { name: seriesName(labels), values: times.map((time) => values.get(time) ?? NaN) };
  });
  looks.print(drawSeries(shown, { ...looks, fromMs: times[0]!, toMs: times.at(-1)! }));
  const left = series.length - shown.length;
  if (left > 0) looks.print(`${left} more series; --limit shows them.\n`);
  if (message) looks.print(`${safeText(message, looks.unicode)}\n`);
}

/** One label is told by its value, several with their names. */
function seriesName(labels: readonly { readonly key: string; readonly value?: AnyValueJson }[]) {
  const texts = labels.map(({ key, value = {} }) => {
    const [inner = ""] = Object.values(value);
    return [key, typeof inner === "string" ? inner : JSON.stringify(inner)] as const;
  });
  if (texts.length === 1) return texts[0]![1];
  return texts.map(([key, text]) => `${key}=${text}`).join(", ");
}
