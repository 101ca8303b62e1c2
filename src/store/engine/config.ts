import { createHash } from "node:crypto";
import path from "node:path";
import type { Endpoint } from "../endpoint.ts";

/** The files and folders of an engine, all inside one data folder. */
export interface EnginePaths {
  readonly home: string;
  readonly config: string;
  readonly users: string;
  readonly log: string;
  readonly errorLog: string;
}

/** What the engine's own configuration depends on. */
export interface EngineConfig {
  readonly paths: EnginePaths;
  readonly endpoint: Endpoint;
  /** Cores of the machine; the background pools follow it. */
  readonly cores: number;
  /** The engine refuses queries and inserts rather than hold more memory than this. */
  readonly memoryBytes: number;
  readonly logFileBytes: number;
  readonly logFiles: number;
}

/** The layout of a data folder: everything of the engine under `clickhouse`, its logs under `log`. */
export function enginePaths(dataDir: string): EnginePaths {
  const home = path.resolve(dataDir, "clickhouse");
  const logs = path.resolve(dataDir, "log");
  return {
    home,
    config: path.join(home, "config", "config.xml"),
    users: path.join(home, "config", "users.xml"),
    log: path.join(logs, "clickhouse.log"),
    errorLog: path.join(logs, "clickhouse.err.log"),
  };
}

/**
 * The statement that keeps `clickhouse local` up: it opens the HTTP port and sleeps for 31 years,
 * waking four times a second so that a KILL QUERY is noticed at once.
 */
const serveQuery =
  "SYSTEM START LISTEN HTTP; " +
  "SELECT sleepEachRow(0.25) FROM numbers(4000000000) SETTINGS max_block_size=1 FORMAT Null";

/** Ends the statement above, and with it the engine. Statements of HTTP users have a user name. */
export const stopQuery = "KILL QUERY WHERE user = '' AND query LIKE 'SELECT sleepEachRow(%' ASYNC";

/** The command line of `clickhouse local`, the program's name first. */
export function engineArguments({ paths, endpoint }: EngineConfig): string[] {
  const { hostname, port } = new URL(endpoint.url);
  return [
    "clickhouse-local",
    `--path=${paths.home}`,
    `--config-file=${paths.config}`,
    `--listen_host=${hostname}`,
    `--http_port=${port}`,
    // <logger><level> in the file is not heeded by `clickhouse local`.
    "--log-level=information",
    `--query=${serveQuery}`,
  ];
}

/**
 * The server's configuration. Caches are small because a trace is read once or twice and the
 * file cache of the system holds the rest; `clickhouse local` starts no system log table by itself.
 */
export function configXml({
  paths,
  cores,
  memoryBytes,
  logFileBytes,
  logFiles,
}: EngineConfig): string {
  const mergeThreads = Math.min(Math.max(cores, 2), 16);
  const mergeSlots = mergeThreads * 2;
  return xml("clickhouse", {
    logger: {
      log: paths.log,
      errorlog: paths.errorLog,
      size: logFileBytes,
      count: logFiles,
    },
    users_config: paths.users,
    tmp_path: path.join(paths.home, "tmp/"),
    user_files_path: path.join(paths.home, "user_files/"),
    format_schema_path: path.join(paths.home, "format_schemas/"),
    timezone: "UTC",
    max_server_memory_usage: memoryBytes,
    mark_cache_size: share(memoryBytes, 16),
    index_mark_cache_size: share(memoryBytes, 32),
    primary_index_cache_size: share(memoryBytes, 16),
    uncompressed_cache_size: 0,
    index_uncompressed_cache_size: 0,
    mmap_cache_size: 0,
    compiled_expression_cache_size: 33_554_432,
    max_concurrent_queries: 100,
    background_pool_size: mergeThreads,
    background_merges_mutations_concurrency_ratio: mergeSlots / mergeThreads,
    // Where it is allowed, merges yield to what somebody waits for.
    os_threads_nice_value_merge_mutate: 5,
    background_move_pool_size: 1,
    background_fetches_pool_size: 1,
    background_common_pool_size: 2,
    // With the 2 threads that `clickhouse local` takes, tasks of one kind keep being put off.
    background_schedule_pool_size: 16,
    background_message_broker_schedule_pool_size: 1,
    background_distributed_schedule_pool_size: 1,
    // The usual shares (8, 20 and 25 of 32 slots): more than there are would hold big merges back.
    merge_tree: {
      number_of_free_entries_in_pool_to_lower_max_size_of_merge: Math.floor(mergeSlots / 4),
      number_of_free_entries_in_pool_to_execute_mutation: Math.floor((mergeSlots * 5) / 8),
      number_of_free_entries_in_pool_to_execute_optimize_entire_partition: Math.floor(
        (mergeSlots * 25) / 32,
      ),
    },
  });
}

// The two statements of `serveQuery` and then no more, for the longest interval that quotas can have.
const STARTING_QUERIES = 2;
const TEN_YEARS_SECONDS = 315_360_000;

/**
 * The two users: the engine's own session is `default`, who cannot have a password. Every local user
 * could be `default` over HTTP, therefore it may do nothing but open the port, and only once: its
 * quota is used up by the start (else it could close the port as well). Clew's user has a new name
 * and password at every start.
 */
export function usersXml({ endpoint }: EngineConfig): string {
  const networks = { ip: "127.0.0.1" };
  return xml("clickhouse", {
    profiles: {
      default: {
        // As many threads a query as usual although max_server_memory_usage is small (1 GiB otherwise).
        max_threads_min_free_memory_per_thread: 67_108_864,
        async_insert: 0,
      },
      start: { max_memory_usage: 67_108_864, max_threads: 1 },
    },
    quotas: {
      default: {},
      start: { interval: { duration: TEN_YEARS_SECONDS, queries: STARTING_QUERIES } },
    },
    users: {
      default: {
        password: "",
        networks,
        profile: "start",
        quota: "start",
        grants: { query: "GRANT SYSTEM LISTEN ON *.*" },
      },
      [endpoint.user]: {
        password_sha256_hex: createHash("sha256").update(endpoint.password).digest("hex"),
        networks,
        profile: "default",
        quota: "default",
        access_management: 0,
      },
    },
  });
}

/** A part of the memory, between 16 MiB (less is no cache) and 512 MiB (more serves nobody). */
function share(memoryBytes: number, parts: number): number {
  return Math.min(Math.max(Math.floor(memoryBytes / parts), 16 * 2 ** 20), 512 * 2 ** 20);
}

type XmlValue = string | number | { readonly [name: string]: XmlValue };

function xml(name: string, value: XmlValue): string {
  if (typeof value !== "object") return `<${name}>${escapeXml(String(value))}</${name}>\n`;
  const inner = Object.entries(value).map(([child, childValue]) => xml(child, childValue));
  return `<${name}>\n${inner.join("")}</${name}>\n`;
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
