/** The doors at which samplers in SDKs ask for their strategy, as Jaeger has them: HTTP on any path, with
 * `?service=`, and gRPC's SamplingManager. */
import { Fault } from "../base/fault.ts";
import { ProtoReader } from "../base/protobuf.ts";
import type { Strategy } from "../model/sampling-strategy.ts";
import { strategyJson, strategyProto } from "../wire/jaeger/sampling.ts";
import type { GrpcMethod } from "./grpc-server.ts";
import type { Handler, HttpResponse } from "./http.ts";

/** What a service is told. */
export type StrategyOf = (service: string) => Strategy;

const MAX_SERVICE_CHARS = 1000;

/** Answers GET on any path. */
export function samplingHandler(strategyOf: StrategyOf): Handler {
  return ({ method, query }) => {
    if (method !== "GET" && method !== "HEAD") return text(405, "only GET is answered here");
    const services = query.getAll("service");
    const [service] = services;
    if (services.length !== 1 || service === undefined) {
      return text(400, "'service' parameter must be provided once");
    }
    if (service.length > MAX_SERVICE_CHARS) return text(400, "the service's name is too long");
    const headers = { "content-type": "application/json", "cache-control": "no-store" };
    return { status: 200, headers, body: JSON.stringify(strategyJson(strategyOf(service))) };
  };
}

function text(status: number, body: string): HttpResponse {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body: `${body}\n` };
}

const SERVICE_NAME = 0x0a; // field 1, a string

/** The gRPC methods. */
export function samplingMethods(strategyOf: StrategyOf): Readonly<Record<string, GrpcMethod>> {
  return {
    "/jaeger.api_v2.SamplingManager/GetSamplingStrategy": (request) => {
      const reader = new ProtoReader(request);
      let service = "";
      for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
        if (tag === SERVICE_NAME) service = Buffer.from(reader.slice()).toString("utf8");
        else reader.skip(tag);
      }
      if (service.length > MAX_SERVICE_CHARS) {
        throw new Fault("invalid", "the service's name is too long");
      }
      return strategyProto(strategyOf(service));
    },
  };
}
