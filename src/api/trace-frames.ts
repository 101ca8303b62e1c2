/** The doors of one trace for who draws it: arrays, values and single spans; see `contract.ts`. */
import { Readable } from "node:stream";
import { Fault } from "../base/fault.ts";
import { traceFramesType } from "../model/trace-frames.ts";
import { traceOfColumns } from "../model/trace-of-columns.ts";
import type { TraceFrames, TraceQuery } from "../query/traces.ts";
import { isIntrinsic, type ValueOwner, valueOwners } from "../store/trace-values.ts";
import { apiBase, type TraceAnswer, type TraceKeysAnswer } from "./contract.ts";
import type { HttpRequest, HttpResponse, Route } from "./http.ts";
import type { QueriesOf } from "./tenancy.ts";
import { parseTraceId } from "./trace-id.ts";

const trace = `${apiBase}/traces/:id`;

/** The routes of a trace as arrays. */
export function frameRoutes(queriesOf: QueriesOf): Route[] {
  return [
    {
      method: "GET",
      pattern: `${trace}/columns`,
      handler: async (request) => {
        const query = traceQuery(request);
        const frames = await queriesOf(request).traceFrames(query, request.signal);
        if (frames !== undefined) return streamed(frames);
        throw new Fault("notFound", `no span of trace ${query.traceId} is stored`);
      },
    },
    {
      method: "GET",
      pattern: `${trace}/columns/:owner`,
      handler: (request) => {
        const { owner, key } = valuesQuery(request);
        const query = { ...traceQuery(request), owner, key };
        return streamed(queriesOf(request).traceValues(query, request.signal));
      },
    },
    {
      method: "GET",
      pattern: `${trace}/keys`,
      handler: async (request) => {
        const answer: TraceKeysAnswer = await queriesOf(request).traceKeys(traceQuery(request));
        return json(answer);
      },
    },
    {
      method: "GET",
      pattern: `${trace}/spans`,
      handler: async (request) => {
        const query = { ...traceQuery(request), spanIds: spanIds(request.query.get("ids") ?? "") };
        const { columns } = await queriesOf(request).trace(query);
        if (columns.length === 0) {
          throw new Fault("notFound", `none of these spans of trace ${query.traceId} is stored`);
        }
        const answer: TraceAnswer = traceOfColumns(columns);
        return json(answer);
      },
    },
  ];
}

function traceQuery({ params, query }: HttpRequest): TraceQuery {
  const startSeconds = seconds(query, "start");
  const endSeconds = seconds(query, "end");
  return {
    traceId: parseTraceId(params["id"] ?? ""),
    ...(startSeconds === undefined ? {} : { startSeconds }),
    ...(endSeconds === undefined ? {} : { endSeconds }),
  };
}

function seconds(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) ?? "";
  if (text === "") return undefined;
  if (/^\d{1,10}$/.test(text) && Number(text) < 2 ** 32) return Number(text);
  throw new Fault("invalid", `${name}: ${JSON.stringify(text)} is no count of seconds since 1970`);
}

function valuesQuery({ params, query }: HttpRequest): { owner: ValueOwner; key: string } {
  const owner = valueOwners.find((name) => name === params["owner"]);
  if (owner === undefined) {
    throw new Fault("invalid", `${params["owner"]} has no values, only ${valueOwners.join(", ")}`);
  }
  const key = query.get("key") ?? "";
  if (key === "") throw new Fault("invalid", "key: which attribute is missing");
  if (owner !== "intrinsic" || isIntrinsic(key)) return { owner, key };
  throw new Fault("invalid", `key: there is no intrinsic ${JSON.stringify(key)} to ask for`);
}

const MOST_SPANS = 200;

function spanIds(text: string): string[] {
  const ids = text.toLowerCase().split(",");
  const wrong = ids.find((id) => !/^[0-9a-f]{16}$/.test(id));
  if (wrong !== undefined) {
    throw new Fault("invalid", `ids: ${JSON.stringify(wrong)} is not 16 hexadecimal digits`);
  }
  if (ids.length <= MOST_SPANS) return ids;
  throw new Fault("invalid", `ids: ${ids.length} spans at once; at most ${MOST_SPANS}`);
}

function streamed(frames: TraceFrames): HttpResponse {
  const headers = { "content-type": traceFramesType, "cache-control": "no-store" };
  return { status: 200, headers, body: Readable.from(frames, { objectMode: false }) };
}

function json(value: unknown): HttpResponse {
  const headers = { "content-type": "application/json", "cache-control": "no-store" };
  return { status: 200, headers, body: JSON.stringify(value) };
}
