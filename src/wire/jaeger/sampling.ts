/** Strategies of remote sampling as Jaeger's SDKs and OpenTelemetry's read them. Source: jaeger-idl,
 * `proto/api_v2/sampling.proto`; in JSON its proto3 mapping with defaults shown. */
import { unreachable } from "../../base/fault.ts";
import type { Strategy } from "../../model/sampling-strategy.ts";
import { field, many, type Message, objectToProto, one } from "../proto-json.ts";

const probabilistic: Message = { samplingRate: field(1, "double") };
const rateLimiting: Message = { maxTracesPerSecond: field(1, "int64") };
const perOperation: Message = {
  operation: field(1, "string"),
  probabilisticSampling: one(2, () => probabilistic),
};
const operations: Message = {
  defaultSamplingProbability: field(1, "double"),
  defaultLowerBoundTracesPerSecond: field(2, "double"),
  perOperationStrategies: many(3, () => perOperation),
  defaultUpperBoundTracesPerSecond: field(4, "double"),
};
const response: Message = {
  strategyType: field(1, "enum", { names: ["PROBABILISTIC", "RATE_LIMITING"] }),
  probabilisticSampling: one(2, () => probabilistic),
  rateLimitingSampling: one(3, () => rateLimiting),
  operationSampling: one(4, () => operations),
};

/** The strategy as Jaeger's JSON. */
export function strategyJson({ keep, operations: of }: Strategy): object {
  return {
    ...keepJson(keep),
    ...(of && {
      operationSampling: {
        defaultSamplingProbability: of.probability,
        defaultLowerBoundTracesPerSecond: of.atLeastPerSecond,
        perOperationStrategies: [...of.shares].map(([operation, samplingRate]) => ({
          operation,
          probabilisticSampling: { samplingRate },
        })),
        defaultUpperBoundTracesPerSecond: 0,
      },
    }),
  };
}

function keepJson(keep: Strategy["keep"]): object {
  switch (keep.kind) {
    case "probability": {
      const { probability: samplingRate } = keep;
      return { strategyType: "PROBABILISTIC", probabilisticSampling: { samplingRate } };
    }
    case "tracesPerSecond": {
      const maxTracesPerSecond = Math.round(keep.traces);
      return { strategyType: "RATE_LIMITING", rateLimitingSampling: { maxTracesPerSecond } };
    }
    default:
      return unreachable(keep);
  }
}

/** The strategy as a SamplingStrategyResponse. */
export function strategyProto(strategy: Strategy): Uint8Array {
  return objectToProto(strategyJson(strategy), response);
}
