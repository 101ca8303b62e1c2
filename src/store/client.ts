// The one way to ClickHouse, embedded or not: HTTP, kept alive, errors sorted into "try again" and not.
import { Readable } from "node:stream";
import { ClickHouseError, ClickHouseLogLevel, createClient, parseError } from "@clickhouse/client";
import type { ClickHouseClient, ClickHouseSettings, ExecResult } from "@clickhouse/client";
import { Fault } from "../base/fault.ts";
import type { Endpoint } from "./endpoint.ts";
import { programText, render, type Sql } from "./sql.ts";

/** Settings of one statement, by ClickHouse's names. */
export type Settings = ClickHouseSettings;

/** What ClickHouse read to answer one statement. */
export interface StatementCost {
  readonly rows: number;
  readonly bytes: number;
  readonly milliseconds: number;
}

/** What a statement may be sent with. */
export interface Sending {
  readonly signal?: AbortSignal | undefined;
  /** Called with the statement's cost once it is answered. */
  readonly onCost?: ((cost: StatementCost) => void) | undefined;
}

/** Limits and defaults of a client. */
export interface StoreClientOptions {
  /** Database of names without one; the statements of Clew name theirs. */
  readonly database?: string;
  /** Longest wait for an answer, or between two pieces of it. */
  readonly requestTimeoutMs?: number;
  /** Requests at the same time; more wait for a free connection. */
  readonly maxConnections?: number;
  /** Most bytes of an answer that `queryBytes` takes. */
  readonly maxResultBytes?: number;
  /** Settings of every statement that does not say otherwise. */
  readonly settings?: Settings;
  /**
   * Whether inserts are sent as zstd. Left out: where a network lies between. It makes a block a seventh
   * of its size and costs 1 µs a span, which on the same machine buys nothing.
   */
  readonly compressInserts?: boolean;
}

/**
 * Speaks to ClickHouse. Every method throws Fault "unavailable" when it cannot be reached or breaks
 * off, Fault "timeout" when it is silent for too long, and ClickHouseError for what it refuses.
 */
export interface StoreClient {
  /** The rows as objects by column name. 64-bit integers come as decimal text. */
  query<Row>(statement: Sql, settings?: Settings, sending?: Sending): Promise<Row[]>;
  /** The answer's bytes in a ClickHouse format ("Native", "RowBinary", …), complete. */
  queryBytes(
    statement: Sql,
    format: string,
    settings?: Settings,
    sending?: Sending,
  ): Promise<Uint8Array>;
  /** The same, piece by piece as it comes, however long it is. Whoever stops taking pieces ends the
   * question. */
  queryStream(
    statement: Sql,
    format: string,
    settings?: Settings,
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined>;
  /** Runs a statement that answers nothing, and waits until it has been done. */
  command(statement: Sql, settings?: Settings, signal?: AbortSignal): Promise<void>;
  /**
   * Sends `INSERT INTO … FORMAT Native` with a body of one or more pieces, sent as they are and not
   * changed meanwhile. Settles when the rows are stored (`async_insert` is off).
   */
  insertBytes(statement: Sql, body: readonly Uint8Array[], settings?: Settings): Promise<void>;
  /** Throws like the rest when ClickHouse does not answer, or not to this user. */
  ping(): Promise<void>;
  /** Ends idle connections; requests under way fail. */
  close(): Promise<void>;
}

const DEFAULT_REQUEST_TIMEOUT_MS = 60_000;
const DEFAULT_CONNECTIONS = 20;
const DEFAULT_RESULT_BYTES = 512 * 2 ** 20;
// ClickHouse cuts the text of an exception in an answer at 16 KiB.
const EXCEPTION_BYTES = 32_768;

const readSettings: Settings = {
  // Above 2^53 a JSON number is no longer the number.
  output_format_json_quote_64bit_integers: 1,
  // What only reads can change nothing, whatever its text; and ends when nobody waits for it.
  readonly: "2",
  cancel_http_readonly_queries_on_client_close: 1,
};

// The cost is in a header, so the answer has to wait until it is known.
const costSettings: Settings = { wait_end_of_query: 1 };

// Errors of the system that say the connection, not the statement, is at fault.
const unreachableCodes = new Set([
  "EAI_AGAIN",
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EPIPE",
  "ERR_STREAM_PREMATURE_CLOSE",
  "ETIMEDOUT",
]);

// ClickHouse's own errors that pass by themselves (src/Common/ErrorCodes.cpp).
const passingCodes = new Map([
  ["159", "TIMEOUT_EXCEEDED"],
  ["202", "TOO_MANY_SIMULTANEOUS_QUERIES"],
  ["209", "SOCKET_TIMEOUT"],
  ["210", "NETWORK_ERROR"],
  ["225", "NO_ZOOKEEPER"],
  ["236", "ABORTED"],
  ["241", "MEMORY_LIMIT_EXCEEDED"],
  ["242", "TABLE_IS_READ_ONLY"],
  ["243", "NOT_ENOUGH_SPACE"],
  ["252", "TOO_MANY_PARTS"],
  ["279", "ALL_CONNECTION_TRIES_FAILED"],
  ["319", "UNKNOWN_STATUS_OF_INSERT"],
  ["394", "QUERY_WAS_CANCELLED"],
  ["425", "SYSTEM_ERROR"],
  ["439", "CANNOT_SCHEDULE_TASK"],
  // Spans of a day that is just being rewritten: see src/store/sampling/rewrite.ts.
  ["469", "VIOLATED_CONSTRAINT"],
  ["745", "SERVER_OVERLOADED"],
  ["999", "KEEPER_EXCEPTION"],
]);

/** True when the same statement may succeed later: ClickHouse was away, silent, full or busy. */
export function isRetryable(error: unknown): boolean {
  if (error instanceof Fault) return error.code === "unavailable" || error.code === "timeout";
  return error instanceof ClickHouseError && passingCodes.has(error.code);
}

/**
 * A client that speaks to whatever `endpoint` gives at the moment, so that it follows an engine
 * through its restarts.
 */
export function createStoreClient(
  endpoint: () => Endpoint,
  options: StoreClientOptions = {},
): StoreClient {
  return new HttpStoreClient(endpoint, options);
}

class HttpStoreClient implements StoreClient {
  readonly #endpoint: () => Endpoint;
  readonly #options: StoreClientOptions;
  #connected: { readonly endpoint: Endpoint; readonly client: ClickHouseClient } | undefined;

  constructor(endpoint: () => Endpoint, options: StoreClientOptions) {
    this.#endpoint = endpoint;
    this.#options = options;
  }

  query<Row>(statement: Sql, settings: Settings = {}, sending: Sending = {}): Promise<Row[]> {
    const { text, params } = render(statement);
    const { signal, onCost } = sending;
    return this.#send(signal, async (client) => {
      const result = await client.query({
        query: text,
        query_params: params,
        format: "JSONEachRow",
        clickhouse_settings: { ...readSettings, ...(onCost && costSettings), ...settings },
        ...(signal && { abort_signal: signal }),
      });
      const rows = await result.json<Row>();
      onCost?.(costOf(result.response_headers));
      return rows;
    });
  }

  queryBytes(
    statement: Sql,
    format: string,
    settings: Settings = {},
    { signal, onCost }: Sending = {},
  ): Promise<Uint8Array> {
    const { text, params } = render(statement);
    const maxBytes = this.#options.maxResultBytes ?? DEFAULT_RESULT_BYTES;
    return this.#send(signal, async (client) => {
      const answer = await client.exec({
        query: `${text}\nFORMAT ${format}`,
        query_params: params,
        clickhouse_settings: { ...readSettings, ...(onCost && costSettings), ...settings },
        ...(signal && { abort_signal: signal }),
      });
      const bytes = await readAnswer(answer, maxBytes);
      onCost?.(costOf(answer.response_headers));
      return bytes;
    });
  }

  async *queryStream(
    statement: Sql,
    format: string,
    settings: Settings = {},
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { text, params } = render(statement);
    const answer = await this.#send(signal, (client) =>
      client.exec({
        query: `${text}\nFORMAT ${format}`,
        query_params: params,
        clickhouse_settings: { ...readSettings, ...settings },
        ...(signal && { abort_signal: signal }),
      }),
    );
    const endpoint = this.#endpoint();
    try {
      yield* piecesOf(answer);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw asFault(endpoint, error);
    } finally {
      answer.stream.destroy();
    }
  }

  command(statement: Sql, settings: Settings = {}, signal?: AbortSignal): Promise<void> {
    const { text, params } = render(statement);
    return this.#send(signal, async (client) => {
      await client.command({
        query: text,
        query_params: params,
        clickhouse_settings: { wait_end_of_query: 1, ...settings },
        ...(signal && { abort_signal: signal }),
      });
    });
  }

  insertBytes(statement: Sql, body: readonly Uint8Array[], settings: Settings = {}): Promise<void> {
    const { text, params } = render(statement);
    return this.#send(undefined, async (client) => {
      const answer = await client.exec({
        query: text,
        query_params: params,
        values: Readable.from(body),
        clickhouse_settings: { async_insert: 0, wait_end_of_query: 1, ...settings },
      });
      await readAnswer(answer, DEFAULT_RESULT_BYTES);
    });
  }

  async ping(): Promise<void> {
    await this.query(programText("SELECT 1"));
  }

  async close(): Promise<void> {
    await this.#connected?.client.close();
    this.#connected = undefined;
  }

  async #send<T>(
    signal: AbortSignal | undefined,
    use: (client: ClickHouseClient) => Promise<T>,
  ): Promise<T> {
    const { endpoint, client } = this.#connect();
    try {
      return await use(client);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      // An engine that was started again under way knows another password.
      const stale = error instanceof ClickHouseError && !sameEndpoint(endpoint, this.#endpoint());
      throw stale ? unavailable(endpoint, error) : asFault(endpoint, error);
    }
  }

  #connect(): { readonly endpoint: Endpoint; readonly client: ClickHouseClient } {
    const endpoint = this.#endpoint();
    if (this.#connected !== undefined && sameEndpoint(this.#connected.endpoint, endpoint)) {
      return this.#connected;
    }
    // Its engine has died: whatever is still under way there fails anyway.
    void this.#connected?.client.close();
    const { database, requestTimeoutMs, maxConnections, settings, compressInserts } = this.#options;
    const compresses = compressInserts ?? !isLoopback(endpoint);
    const client = createClient({
      url: endpoint.url,
      username: endpoint.user,
      password: endpoint.password,
      ...(database !== undefined && { database }),
      application: "clew",
      request_timeout: requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS,
      max_open_connections: maxConnections ?? DEFAULT_CONNECTIONS,
      // Parameters too long for a URL go in the body.
      use_multipart_params_auto: true,
      compression: { request: compresses && { codec: "zstd", level: 1 } },
      keep_alive: { enabled: true, eagerly_destroy_stale_sockets: true },
      log: { level: ClickHouseLogLevel.OFF },
      clickhouse_settings: { ...settings },
    });
    this.#connected = { endpoint, client };
    return this.#connected;
  }
}

/** Whether nothing but this machine lies between. */
function isLoopback({ url }: Endpoint): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname);
}

function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.url === b.url && a.user === b.user && a.password === b.password;
}

function asFault(endpoint: Endpoint, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof Fault || error instanceof ClickHouseError) {
    return error;
  }
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined && unreachableCodes.has(code)) return unavailable(endpoint, error);
  // The client library tells these only by their text.
  if (error.message === "Timeout error.") {
    const message = `ClickHouse at ${endpoint.url} did not answer in time`;
    return new Fault("timeout", message, { cause: error });
  }
  // A page of HTML is not ClickHouse's: a proxy before it, most likely, that does not reach it.
  if (/^\s*</.test(error.message)) return unavailable(endpoint, error);
  return error;
}

/** ClickHouse's X-ClickHouse-Summary: numbers as text. */
function costOf(headers: Readonly<Record<string, string | string[] | undefined>>): StatementCost {
  const text = headers["x-clickhouse-summary"];
  const summary = typeof text === "string" ? (JSON.parse(text) as Record<string, string>) : {};
  const number = (name: string): number => Number(summary[name] ?? 0);
  return {
    rows: number("read_rows"),
    bytes: number("read_bytes"),
    milliseconds: number("elapsed_ns") / 1e6,
  };
}

function unavailable({ url }: Endpoint, cause: Error): Fault {
  const why = cause.message.slice(0, 200).trim() || (cause as NodeJS.ErrnoException).code;
  const message = `ClickHouse at ${url} cannot be reached: ${why}`;
  return new Fault("unavailable", message, { cause, retryAfterSeconds: 1 });
}

/**
 * All bytes of an answer. Throws the exception that ClickHouse met after it had begun to answer: it
 * is the end of the answer, behind a tag given in a header, and the connection may break off there.
 */
async function readAnswer(
  { stream, response_headers }: Pick<ExecResult<Readable>, "stream" | "response_headers">,
  maxBytes: number,
): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let size = 0;
  let broken: { readonly error: unknown } | undefined;
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      size += piece.length;
      if (size > maxBytes) throw new Fault("tooLarge", `ClickHouse answers over ${maxBytes} bytes`);
      pieces.push(piece);
    }
  } catch (error) {
    if (error instanceof Fault) throw error;
    broken = { error };
  }
  const bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, size);
  const exception = exceptionAtEnd(bytes, response_headers["x-clickhouse-exception-tag"]);
  if (exception !== undefined) throw exception;
  if (broken !== undefined) throw broken.error;
  return bytes;
}

/** The pieces of an answer, except that so much is held back as an exception at its end may take. */
async function* piecesOf({
  stream,
  response_headers,
}: Pick<ExecResult<Readable>, "stream" | "response_headers">): AsyncGenerator<Uint8Array> {
  let held: Buffer = Buffer.alloc(0);
  let broken: { readonly error: unknown } | undefined;
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      held = held.length === 0 ? piece : Buffer.concat([held, piece]);
      if (held.length < 2 * EXCEPTION_BYTES) continue;
      yield held.subarray(0, -EXCEPTION_BYTES);
      held = held.subarray(-EXCEPTION_BYTES);
    }
  } catch (error) {
    broken = { error };
  }
  const exception = exceptionAtEnd(held, response_headers["x-clickhouse-exception-tag"]);
  if (exception !== undefined) throw exception;
  if (broken !== undefined) throw broken.error;
  if (held.length > 0) yield held;
}

function exceptionAtEnd(bytes: Buffer, tag: string | string[] | undefined): Error | undefined {
  if (typeof tag !== "string") return undefined;
  const end = bytes.subarray(-EXCEPTION_BYTES);
  const marker = `__exception__\r\n${tag}\r\n`;
  const from = end.indexOf(marker);
  return from < 0 ? undefined : parseError(end.toString("utf8", from + marker.length));
}
