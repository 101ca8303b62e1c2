/**
 * Everything that can be set about Clew, in one schema. The file, the variables, the checks, `clew
 * config` and docs/configuration.md all follow from it: a setting is added here and nowhere else.
 */
import { z } from "zod";
import { logLevels } from "../base/log.ts";
import { labelName } from "../prometheus/family.ts";
import { sampling } from "./config-sampling.ts";
import {
  bytes,
  bytesExpected,
  bytesValue,
  MIB,
  onOrOff,
  optionalPort,
  port,
  section,
  type Setting,
  settings,
  spansPerSecond,
  text,
  whole,
} from "./setting-kinds.ts";

const data = section({
  dir: text(/\S/, "the path of a folder", "./data", {
    about:
      "Folder for everything Clew keeps; made if missing. One Clew uses it at a time. A relative" +
      " path starts at the folder Clew is started in.",
  }),
});

const log = section({
  level: z
    .enum(logLevels)
    .default("info")
    .register(settings, {
      kind: "text",
      expects: `one of ${logLevels.join(", ")}`,
      about: "The least severe events that are logged, as JSON lines on standard error.",
    }),
});

const listen = section({
  host: text(/^[\w.:-]+$/, "a host name or an IP address", "127.0.0.1", {
    about:
      "Address that all ports listen on. Clew asks nobody for a password, so by default only this" +
      " machine reaches it; 0.0.0.0 (or ::) opens it to the network, as a container needs.",
  }),
  maxConnections: whole({ min: 1, max: 1_000_000, unit: "connections" }, 4096, {
    about:
      "Most open connections of each port (and of each ingest worker). An idle one takes about 20 kB of" +
      " memory and an open file, of which the system allows each process so many.",
    whenReached: "Further connections are closed at once, and counted.",
  }),
});

const origins = (byDefault: string[], about: string) =>
  z
    .array(z.string().regex(/^(\*|[a-z][a-z0-9+.-]*:\/\/[^/\s]+)$/))
    .default(byDefault)
    .register(settings, {
      kind: "list",
      expects: 'a list of origins like "https://shop.example", or "*"',
      about,
    });

const otlp = section({
  grpc: section({ port: port(4317, "Port for OTLP over gRPC.") }),
  http: section({
    port: port(4318, "Port for OTLP over HTTP (protobuf and JSON)."),
    corsOrigins: origins(
      ["*"],
      "Web origins whose pages may send spans from a browser; * stands for all. An empty list lets" +
        " no page send.",
    ),
  }),
  maxRequestBytes: bytes(64 * MIB, {
    about: "Largest export request, before and after decompression each.",
    whenReached:
      "The request is refused whole (HTTP 413, gRPC RESOURCE_EXHAUSTED) and counted; reading stops" +
      " at the limit.",
  }),
  maxNestingDepth: whole({ min: 1, max: 100, unit: "levels" }, 32, {
    about: "Deepest nesting of lists and maps in an attribute's value.",
    whenReached: "The request is refused as malformed (HTTP 400, gRPC INVALID_ARGUMENT).",
  }),
  maxSpansPerRequest: whole({ min: 1, max: 10_000_000, unit: "spans" }, 100_000, {
    about: "Most spans in one export request.",
    whenReached: "The request is refused whole (HTTP 413, gRPC RESOURCE_EXHAUSTED) and counted.",
  }),
});

const http = section({
  port: port(3200, "Port of the page, of Clew's own API and of Tempo's, gRPC streaming included."),
  grpcPort: optionalPort(
    "Port of its own for Tempo's gRPC streaming (tempopb.StreamingQuerier), for where something between" +
      " Grafana and Clew keeps HTTP/2 from http.port. Left out, there is none. 0 takes any free one.",
  ),
  embedOrigins: origins(
    [],
    "Web origins, beside its own, whose pages may show Clew's in a frame, as <clew-trace> does; * stands" +
      " for all.",
  ),
});

const tenancy = section({
  enabled: onOrOff(false, {
    about:
      "Whether spans are kept apart by tenant. Every export and every question then names its tenant" +
      " in the header X-Scope-OrgID (gRPC: metadata x-scope-orgid), as with Grafana Tempo: up to 150" +
      " letters, digits and !-_.*'(). A question may name several, as a|b. What names none is refused" +
      " (HTTP 401, gRPC UNAUTHENTICATED). The header is no password: let something in front of Clew" +
      ' set it. If false, the header is not looked at, and all spans are of the tenant "single-tenant".',
  }),
});

const ingest = section({
  workers: whole({ min: 1, max: 64, unit: "processes" }, 1, {
    about:
      "Processes that receive and decode spans, behind the same ports, each with an ingest log of its" +
      " own. With 1 it is Clew's own process that does; more take spans faster where there are cores" +
      " to spare, for some 115 MB of memory each. Connections are dealt out in turn, so there should" +
      " be at least as many. Limits of memory and disk are divided among them; those per tenant or" +
      " service hold in each. A request sent again within a few milliseconds, or while a worker is" +
      " being killed, may reach another one and be stored twice; what is read shows its spans once.",
  }),
  maxBlockRows: whole({ min: 1, max: 10_000_000, unit: "spans" }, 100_000, {
    about: "Most spans that are written to ClickHouse at once.",
    whenReached: "The block is sent and a new one begun.",
  }),
  maxBlockBytes: bytes(64 * MIB, {
    about:
      "Most bytes that are written to ClickHouse at once; an eighth of maxMemoryBytes (of a worker's" +
      " share of it) if that is less.",
    whenReached: "The block is sent and a new one begun.",
  }),
  maxBlockDelayMs: whole({ min: 1, max: 60_000, unit: "milliseconds" }, 1000, {
    about: "Longest time a span waits for others to be written to ClickHouse with.",
    whenReached: "The block is sent as it is.",
  }),
  maxMemoryBytes: bytesValue.optional().register(settings, {
    kind: "bytes",
    expects: bytesExpected,
    about:
      "Memory for everything between the doors and ClickHouse: requests that are received or answered," +
      " the ingest log's buffers, spans that wait and blocks that are sent. Divided among the workers." +
      " Left out: 512 MiB, or 256 MiB for each worker if that is more.",
    whenReached:
      "First, batches of spans that wait for ClickHouse are left on disk, in the ingest log, and read" +
      " again from there. Then senders are told to come back later (HTTP 429, gRPC RESOURCE_EXHAUSTED" +
      " with a delay); their requests are counted.",
  }),
  maxLogBytes: bytesValue.optional().register(settings, {
    kind: "bytes",
    expects: bytesExpected,
    about:
      "Disk for the ingest log, which holds what is acknowledged and not yet in ClickHouse (and a" +
      " little longer). Left out: 10 GiB or a tenth of the disk, whichever is less.",
    whenReached:
      "Senders are told to come back later (HTTP 503, gRPC UNAVAILABLE with a delay) until there is" +
      " room again; a warning comes at 80 %.",
  }),
  maxLogHours: whole({ min: 1, max: 8760, unit: "hours" }, 72, {
    about:
      "How far ClickHouse may be behind: the age of the oldest spans in the ingest log that wait for it." +
      " At most as long as spans are kept (retention.days). What is in the log is never given up. Spans" +
      " that ClickHouse refuses are told of and do not count: they keep nobody else out.",
    whenReached:
      "Senders are told to come back later (HTTP 503, gRPC UNAVAILABLE with a delay) until ClickHouse" +
      " has caught up; a warning comes at 80 %.",
  }),
  sync: z
    .enum(["always", "group", "off"])
    .default("group")
    .register(settings, {
      kind: "text",
      expects: "one of always, group, off",
      about:
        "When a request is acknowledged: once the ingest log is synced to disk, together with those" +
        " that came within groupMs (group) or as soon as possible (always), or once it is written" +
        " (off: a power cut may lose the last seconds, a crash of Clew nothing).",
    }),
  groupMs: whole({ min: 1, max: 1000, unit: "milliseconds" }, 10, {
    about: "How long a request waits for others to be synced with, if sync is group.",
    whenReached: "The log is written and synced.",
  }),
  maxWaitSeconds: whole({ min: 1, max: 3600, unit: "seconds" }, 30, {
    about: "Longest time an export request waits for the ingest log.",
    whenReached: "The sender is told to come back later (HTTP 503, gRPC UNAVAILABLE with a delay).",
  }),
  maxTenantSpansPerSecond: spansPerSecond({
    about:
      "Spans a second that one tenant may send, twice as many in one go. Left out, there is no such" +
      " limit.",
    whenReached:
      "The tenant's requests are told to come back later (HTTP 429, gRPC RESOURCE_EXHAUSTED with a" +
      " delay); those of others are not.",
  }),
  maxTenantBytesPerSecond: bytesValue.optional().register(settings, {
    kind: "bytes",
    expects: bytesExpected,
    about: "The same in bytes of export requests, after decompression.",
    whenReached: "As with maxTenantSpansPerSecond.",
  }),
  maxServiceSpansPerSecond: spansPerSecond({
    about:
      "Spans a second that one service (by service.name, of one tenant) may send, twice as many in" +
      " one go. Left out, there is no such limit.",
    whenReached:
      "Requests with spans of that service are told to come back later (HTTP 429, gRPC" +
      " RESOURCE_EXHAUSTED with a delay); those of others are not.",
  }),
  maxServiceBytesPerSecond: bytesValue.optional().register(settings, {
    kind: "bytes",
    expects: bytesExpected,
    about: "The same in bytes of export requests, after decompression.",
    whenReached: "As with maxServiceSpansPerSecond.",
  }),
  maxFutureMinutes: whole({ min: 0, max: 525_600, unit: "minutes" }, 60, {
    about: "How far ahead of Clew's clock a span may start.",
    whenReached:
      "The span is kept with its times as sent, marked farFuture, and filed under the day it came.",
  }),
  maxPromotedAttributes: whole({ min: 0, max: 1000, unit: "attributes" }, 128, {
    about:
      "Most attributes that get a column of their own because many spans have them or many questions ask" +
      " for them, beside those built in; 0 for none.",
    whenReached: "Further attributes stay in the maps, where questions about them take longer.",
  }),
  promotionSeconds: whole({ min: 1, max: 86_400, unit: "seconds" }, 60, {
    about: "How often Clew looks which attributes should get a column of their own.",
  }),
});

const retention = section({
  days: whole({ min: 1, max: 36_500, unit: "days" }, 14, {
    about: "How long spans are kept, by the day they started.",
    whenReached:
      "Whole days are deleted, when all of a day is older. A span that starts longer ago than this" +
      " is kept, marked farPast, and filed under the day it came.",
  }),
  redMinuteDays: whole({ min: 1, max: 36_500, unit: "days" }, 30, {
    about:
      "How long calls, errors and durations by the minute are kept, which every span is counted in" +
      " before any is deleted.",
    whenReached: "Whole days are deleted.",
  }),
  redHourDays: whole({ min: 1, max: 36_500, unit: "days" }, 400, {
    about: "The same by the hour.",
    whenReached: "Whole months are deleted.",
  }),
  graphDays: whole({ min: 1, max: 36_500, unit: "days" }, 30, {
    about: "How long the service graph is kept, by the minute.",
    whenReached: "Whole days are deleted.",
  }),
});

const graph = section({
  everySeconds: whole({ min: 1, max: 3600, unit: "seconds" }, 60, {
    about:
      "How often Clew looks which five minutes of spans should be put into the service graph: new ones," +
      " two minutes after they are over, and those that late spans have come for.",
  }),
});

const metrics = section({
  dimensions: z
    .array(z.string().min(1).max(200))
    .max(8)
    .refine((keys) => new Set(keys.map(labelName)).size === keys.length)
    .default([])
    .register(settings, {
      kind: "list",
      expects: "a list of at most 8 different attribute keys",
      about:
        "Attributes by which calls, errors and durations are told apart, beside service, span name," +
        " kind and status; the resource's counts before the span's. They are labels on" +
        " /metrics/spans. Each multiplies rows and series.",
    }),
  maxNamesPerService: whole({ min: 1, max: 100_000, unit: "names" }, 300, {
    about:
      "Most span names of one service within two hours that calls, errors and durations are counted" +
      " by. The spans themselves keep their names.",
    whenReached:
      "What looks like an id becomes {id} in the names of this service; if that is not enough, new" +
      ' ones count as "(other)". How many is told by service on /metrics/spans.',
  }),
  maxSeries: whole({ min: 100, max: 10_000_000, unit: "series" }, 100_000, {
    about: "Most series of a tenant on /metrics/spans; one operation with one outcome has 19.",
    whenReached:
      'Further ones count together, in series with the label metric_overflow="true"; a log line says' +
      " so.",
  }),
  remoteWriteUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .register(settings, {
      kind: "text",
      expects: 'a URL like "http://prometheus:9090/api/v1/write"',
      about:
        "Where the metrics of /metrics/spans are sent by Prometheus remote write. Left out, they are" +
        " sent nowhere.",
    }),
  remoteWriteHeaders: z
    .array(z.string().regex(/^[\w!#$%&'*+.^`|~-]+:\s*[\x20-\x7e]*$/))
    .default([])
    .register(settings, {
      kind: "list",
      expects: 'a list like ["Authorization: Bearer …"]',
      about: "Headers to send along with remote write.",
      secret: true,
    }),
  remoteWriteSeconds: whole({ min: 1, max: 3600, unit: "seconds" }, 15, {
    about: "How often they are sent. What cannot be sent waits, up to 64 MiB, and is sent later.",
    whenReached: "The oldest are dropped and counted (clew_remote_write_samples_total).",
  }),
});

const clickhouse = section({
  url: z
    .url({ protocol: /^https?$/ })
    .refine((url) => new URL(url).username === "" && new URL(url).password === "")
    .optional()
    .register(settings, {
      kind: "text",
      expects: 'a URL like "http://clickhouse:8123" (user and password have their own settings)',
      about:
        "A ClickHouse of yours to keep the spans in. Left out, Clew runs its own in data.dir. Unless" +
        " it is on this machine, spans are sent to it as zstd: 53 bytes a span instead of 381.",
    }),
  user: text(/\S/, "a user name", "default", { about: "User at clickhouse.url." }),
  password: z.string().default("").register(settings, {
    kind: "text",
    expects: "text (a number needs quotes)",
    about: "Password at clickhouse.url. Better in its variable than in a file.",
    secret: true,
  }),
  database: text(/^[A-Za-z_]\w{0,63}$/, "a name of letters, digits and _", "clew", {
    about: "Database for Clew's tables; made if missing.",
  }),
  cluster: z
    .string()
    .regex(/^[\w.-]{1,64}$/)
    .optional()
    .register(settings, {
      kind: "text",
      expects: "a name of letters, digits, dots, dashes and _",
      about: "Cluster that the tables are made on. Left out, they are made on one server.",
    }),
  engine: z
    .enum(["MergeTree", "ReplicatedMergeTree"])
    .default("MergeTree")
    .register(settings, {
      kind: "text",
      expects: '"MergeTree" or "ReplicatedMergeTree"',
      about:
        "Table engine of the spans. ReplicatedMergeTree is for clusters with replicas; its path is" +
        " /clickhouse/tables/{shard}/{database}/{table}, its replica's name {replica}.",
    }),
  maxMemoryBytes: bytesValue.optional().register(settings, {
    kind: "bytes",
    expects: bytesExpected,
    about: "Memory for Clew's own ClickHouse. Left out, it follows from the machine's memory.",
    whenReached: "Queries that need more fail; inserts wait and are tried again.",
  }),
});

/** 31 days. */
const MONTH_HOURS = 744;

const query = section({
  maxSeconds: whole({ min: 1, max: 3600, unit: "seconds" }, 30, {
    about: "Longest time a question to ClickHouse may take.",
    whenReached: "The question is stopped and answered with a timeout (HTTP 504).",
  }),
  maxTraceSpans: whole({ min: 1, max: 10_000_000, unit: "spans" }, 200_000, {
    about: "Most spans of one trace that are read.",
    whenReached:
      "The rest is left out: Tempo's v2 API says PARTIAL, its v1 API answers 422, the terminal and" +
      " downloads tell.",
  }),
  maxPageSpans: whole({ min: 1, max: 10_000_000, unit: "spans" }, 2_000_000, {
    about:
      "Most spans of one trace that the page shows; it takes 60 bytes of the network for each.",
    whenReached: "The latest spans are left out, and the page tells.",
  }),
  maxCandidateTraces: whole({ min: 1, max: 100_000_000, unit: "traces" }, 200_000, {
    about:
      "Most traces that a search may look at whole, because SQL cannot tell whether they match.",
    whenReached:
      "The search is refused with that number: it has to ask for less time or something rarer.",
  }),
  maxReadBytes: bytesValue.optional().register(settings, {
    kind: "bytes",
    expects: bytesExpected,
    about:
      "Most bytes, uncompressed, that one statement may read in ClickHouse. Left out, no limit.",
    whenReached: "The question is refused and says so.",
  }),
  maxMemoryBytes: bytesValue.default(2 ** 30).register(settings, {
    kind: "bytes",
    expects: bytesExpected,
    about: "Memory that one statement may use in ClickHouse.",
    whenReached: "Grouping goes to disk from half of it on; what needs more fails and says so.",
  }),
  strictTraceql: onOrOff(false, {
    about:
      "Whether Tempo's API refuses what Clew adds to TraceQL, with Tempo's messages, so that every query" +
      " that works here works with Tempo, too.",
  }),
  maxSearchHours: whole({ min: 0, max: 1_000_000, unit: "hours" }, MONTH_HOURS, {
    about: "Longest range of time that a search by Tempo's API may be about; 0 for no limit.",
    whenReached: "The search is refused (HTTP 400).",
  }),
  maxMetricsHours: whole({ min: 0, max: 1_000_000, unit: "hours" }, MONTH_HOURS, {
    about:
      "Longest range of time that a metrics query by Tempo's API may be about; 0 for no limit.",
    whenReached: "The query is refused (HTTP 400).",
  }),
});

/** A whole configuration, every setting present or filled from its default. */
export const configSchema = section({
  data,
  log,
  listen,
  otlp,
  http,
  tenancy,
  ingest,
  retention,
  sampling,
  graph,
  metrics,
  clickhouse,
  query,
});

/** What is in force. Fields are documented by `settings` and docs/configuration.md. */
export type Config = z.infer<typeof configSchema>;

/** One setting, found in the schema. */
export interface Leaf {
  /** Like "otlp.http.port". */
  readonly key: string;
  /** Like "CLEW_OTLP_HTTP_PORT". */
  readonly variable: string;
  readonly schema: z.ZodType;
  readonly setting: Setting;
}

/** Every setting, in the schema's order. */
export const leaves: readonly Leaf[] = leavesOf(configSchema, []);

function leavesOf(group: z.ZodObject, path: readonly string[]): Leaf[] {
  return Object.entries(group.shape).flatMap(([name, schema]) => {
    const inner = [...path, name];
    if (schema instanceof z.ZodObject) return leavesOf(schema, inner);
    const leaf = schema as z.ZodType;
    const setting = settings.get(leaf);
    if (setting === undefined) throw new Error(`${inner.join(".")} has no prose`);
    return { key: inner.join("."), variable: variableOf(inner), schema: leaf, setting };
  });
}

function variableOf(path: readonly string[]): string {
  const words = path.map((name) => name.replace(/[A-Z]/g, "_$&").toUpperCase());
  return `CLEW_${words.join("_")}`;
}

/** The configuration from values by key; what is left out takes its default. Throws a ZodError if a
 * value is wrong. */
export function configFrom(values: ReadonlyMap<string, unknown>): Config {
  const tree: Record<string, unknown> = {};
  for (const { key } of leaves) {
    const path = key.split(".");
    const last = path.pop()!;
    let at = tree;
    for (const name of path) at = (at[name] ??= {}) as Record<string, unknown>;
    if (values.has(key)) at[last] = values.get(key);
  }
  return configSchema.parse(tree);
}

/** Memory that one ingest worker may use. */
export function workerMemoryBytes({ ingest }: Config): number {
  const { workers, maxMemoryBytes } = ingest;
  return Math.floor((maxMemoryBytes ?? Math.max(512, 256 * workers) * MIB) / workers);
}

/** What is in force when nothing is set. */
export const defaultConfig: Config = configFrom(new Map());
