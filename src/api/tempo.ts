/**
 * Grafana Tempo's HTTP API: traces by id, and what clients probe. Texts and statuses are Tempo's,
 * because clients match on them. Source: grafana.com/docs/tempo/latest/api_docs, pkg/api/http.go.
 */
import { Fault } from "../base/fault.ts";
import { ProtoWriter } from "../base/protobuf.ts";
import { clewVersion } from "../base/version.ts";
import type { Queries } from "../query/traces.ts";
import { encodeTracesData } from "../wire/otlp/encode.ts";
import { tempoBatches, tempoTraceById } from "../wire/otlp/messages.ts";
import { protoToJson } from "../wire/proto-json.ts";
import type { HttpFailure, HttpRequest, HttpResponse, Route } from "./http.ts";
import type { QueriesOf } from "./tenancy.ts";
import { parseTraceId } from "./trace-id.ts";

const JSON_TYPE = "application/json";
const PROTOBUF_TYPE = "application/protobuf";

/** The routes of Tempo's API. */
export function tempoRoutes(queriesOf: QueriesOf): Route[] {
  return [
    { method: "GET", pattern: "/api/echo", handler: () => plain(200, "echo") },
    { method: "GET", pattern: "/api/status/buildinfo", handler: buildInfo },
    {
      method: "*",
      pattern: "/api/traces/:id",
      handler: (request) => traceV1(queriesOf(request), request),
    },
    {
      method: "*",
      pattern: "/api/v2/traces/:id",
      handler: (request) => traceV2(queriesOf(request), request),
    },
  ];
}

/** A failure as Tempo words it: the bare message. */
export function tempoFailure({ code, message, status }: HttpFailure): HttpResponse {
  return plain(code === "notFound" ? 404 : status, message);
}

function plain(status: number, text: string): HttpResponse {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body: text };
}

// Grafana switches features on by Tempo's version, so that is the one told here; the revision
// says whose program it is.
const SPEAKS_TEMPO = "2.10.0";

function buildInfo(): HttpResponse {
  const info = { version: SPEAKS_TEMPO, revision: `clew-${clewVersion}`, branch: "main" };
  const more = { buildUser: "", buildDate: "", goVersion: "" };
  return json({ ...info, ...more });
}

function json(value: unknown): HttpResponse {
  const headers = { "content-type": JSON_TYPE, vary: "accept-encoding" };
  return { status: 200, headers, body: JSON.stringify(value) };
}

function protobuf(bytes: Uint8Array): HttpResponse {
  return { status: 200, headers: { "content-type": PROTOBUF_TYPE }, body: bytes };
}

function wantsProtobuf({ headers }: HttpRequest): boolean {
  return (headers.accept ?? "").includes(PROTOBUF_TYPE);
}

async function traceV1(queries: Queries, request: HttpRequest): Promise<HttpResponse> {
  const { columns, truncated } = await queries.trace(traceQuery(request));
  if (columns.length === 0) return { status: 404 };
  if (truncated) return plain(422, `trace exceeds max size (max spans: ${columns.length})`);
  const trace = encodeTracesData(columns, { nameEmptyResources: true });
  if (wantsProtobuf(request)) return protobuf(trace);
  return json(protoToJson(trace, tempoBatches, "proto3"));
}

async function traceV2(queries: Queries, request: HttpRequest): Promise<HttpResponse> {
  const query = traceQuery(request);
  if (request.query.has("q")) {
    throw new Fault("invalid", "invalid TraceQL filter: this Clew does not filter traces yet");
  }
  const { columns, truncated, inspectedBytes } = await queries.trace(query);
  const writer = new ProtoWriter();
  writer.bytes(0x0a, encodeTracesData(columns, { nameEmptyResources: true }));
  writer.message(0x12, () => {
    if (columns.length === 0) return;
    writer.varint(0x08);
    writer.varint(inspectedBytes);
  });
  if (truncated) {
    writer.varint(0x18);
    writer.varint(1);
    const limit = `maximum size of ${columns.length} spans`;
    writer.text(0x22, `Trace exceeds ${limit}, a partial trace is returned`);
  }
  const answer = writer.finish();
  if (wantsProtobuf(request)) return protobuf(answer);
  return json(protoToJson(answer, tempoTraceById, "proto3"));
}

const modes = ["", "all", "ingesters", "blocks", "external"];

function traceQuery({ params, query }: HttpRequest): {
  traceId: string;
  startSeconds?: number;
  endSeconds?: number;
} {
  const traceId = parseTraceId(params["id"] ?? "");
  const mode = query.get("mode") ?? "";
  if (!modes.includes(mode)) throw new Fault("invalid", `invalid value for mode ${mode}`);
  const startSeconds = seconds(query, "start");
  const endSeconds = seconds(query, "end");
  if (startSeconds !== undefined && endSeconds !== undefined && startSeconds >= endSeconds) {
    const received = `received start=${startSeconds} end=${endSeconds}`;
    throw new Fault("invalid", `http parameter start must be before end. ${received}`);
  }
  return {
    traceId,
    ...(startSeconds === undefined ? {} : { startSeconds }),
    ...(endSeconds === undefined ? {} : { endSeconds }),
  };
}

const LARGEST_SECONDS = 2 ** 32 - 1 - 86_400; // what a DateTime holds, less what is added to hints

/** A hint in seconds; absent, empty and 0 are none. Grafana sends 0 for "no hint". */
function seconds(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) ?? "";
  if (text === "") return undefined;
  if (!/^[+-]?\d+$/.test(text)) {
    const problem = `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`;
    throw new Fault("invalid", `invalid ${name}: ${problem}`);
  }
  const value = Math.min(Math.max(0, Number(text)), LARGEST_SECONDS);
  return value === 0 ? undefined : value;
}
