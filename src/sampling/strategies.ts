/**
 * Strategies for the samplers in SDKs, as Jaeger serves them (remote sampling): for a service a share of
 * its traces, or so many a second, and shares for single operations. From a file in Jaeger's format,
 * JSON or YAML; source: Jaeger 2, `internal/sampling/samplingstrategy/file`.
 */
import * as yaml from "yaml";
import { z } from "zod";
import { Fault } from "../base/fault.ts";
import type { Strategy } from "../model/sampling-strategy.ts";

/** The strategies of a file. */
export interface Strategies {
  of(service: string): Strategy;
  /** Whether the file names the service. */
  names(service: string): boolean;
}

/** Jaeger's, where nothing else is said. */
export const DEFAULT_PROBABILITY = 0.001;

const base = {
  type: z.enum(["probabilistic", "ratelimiting"]),
  param: z.number().min(0),
};
const operation = z.object({ operation: z.string().min(1), ...base });
const strategy = z.object({
  type: base.type.default("probabilistic"),
  param: base.param.optional(),
  operation_strategies: z.array(operation).default([]),
});
const fileSchema = z.strictObject({
  default_strategy: strategy.optional(),
  service_strategies: z.array(strategy.extend({ service: z.string().min(1) })).default([]),
});
type FileStrategy = z.infer<typeof strategy>;

/** Strategies from a file's text; `file` is its name, for messages. Throws Fault "invalid". */
export function readStrategies(text: string, file: string): Strategies {
  let value: unknown;
  try {
    value = yaml.parse(text) ?? {};
  } catch (error) {
    throw new Fault("invalid", `${file}: ${(error as Error).message}`, { cause: error });
  }
  const parsed = fileSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Fault("invalid", `${file}: ${issue?.path.join(".")}: ${issue?.message}`);
  }
  const { default_strategy: byDefault, service_strategies: services } = parsed.data;
  checkShares(file, [...(byDefault ? [byDefault] : []), ...services]);
  const shared = sharesOf(byDefault);
  const unnamed = strategyOf(byDefault ?? {}, shared);
  const named = new Map(
    services.map((one) => [one.service, strategyOf(one, new Map([...shared, ...sharesOf(one)]))]),
  );
  return { of: (service) => named.get(service) ?? unnamed, names: (service) => named.has(service) };
}

function checkShares(file: string, all: readonly FileStrategy[]): void {
  const shares = all.flatMap(({ type, param, operation_strategies: operations }) => [
    ...(type === "probabilistic" && param !== undefined ? [param] : []),
    ...operations.flatMap((one) => (one.type === "probabilistic" ? [one.param] : [])),
  ]);
  const wrong = shares.find((share) => share > 1);
  if (wrong !== undefined) {
    throw new Fault("invalid", `${file}: a probabilistic param is from 0 to 1, not ${wrong}`);
  }
}

/** Operations can have shares only; Jaeger ignores their rates, too. */
function sharesOf(given: FileStrategy | undefined): Map<string, number> {
  const shares = given?.operation_strategies.filter(({ type }) => type === "probabilistic") ?? [];
  return new Map(shares.map(({ operation: name, param }) => [name, param]));
}

function strategyOf(
  { type = "probabilistic", param }: Partial<FileStrategy>,
  shares: ReadonlyMap<string, number>,
): Strategy {
  const probability =
    type === "probabilistic" ? (param ?? DEFAULT_PROBABILITY) : DEFAULT_PROBABILITY;
  const keep =
    type === "probabilistic"
      ? ({ kind: "probability", probability } as const)
      : ({ kind: "tracesPerSecond", traces: param ?? 1 } as const);
  if (shares.size === 0) return { keep };
  return { keep, operations: { probability, atLeastPerSecond: 0, shares } };
}
