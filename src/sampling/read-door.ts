/** The door's rules from YAML. */
import * as yaml from "yaml";
import { z } from "zod";
import { Fault } from "../base/fault.ts";
import type { DoorRule, DoorRules } from "./door.ts";

const share = z
  .union([
    z.number().min(0).max(1),
    z
      .string()
      .regex(/^\d{1,3}(\.\d+)?\s*%$/)
      .transform((text) => Number.parseFloat(text) / 100)
      .pipe(z.number().max(1)),
  ])
  .default(1);
const rule = {
  keep: share,
  spansPerSecond: z.number().min(1).optional(),
  errorSpansPerSecond: z.number().gt(0).optional(),
};
const schema = z.strictObject({
  services: z.array(z.strictObject({ service: z.string().min(1), ...rule })).default([]),
  default: z.strictObject(rule).default({ keep: 1 }),
});

/** The rules of a file; `file` is its name, for messages. Throws Fault "invalid". */
export function readDoorRules(text: string, file: string): DoorRules {
  let value: unknown;
  try {
    value = yaml.parse(text) ?? {};
  } catch (error) {
    throw new Fault("invalid", `${file}: ${(error as Error).message}`, { cause: error });
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => {
      const where = path.length === 0 ? "the file" : path.join(".");
      return `${file}: ${where}: ${message}`;
    });
    throw new Fault("invalid", problems.join("\n"));
  }
  const { services, default: others } = parsed.data;
  return {
    services: new Map(services.map((one) => [one.service, ruleOf(one)])),
    others: ruleOf(others),
  };
}

function ruleOf({
  keep,
  spansPerSecond,
  errorSpansPerSecond,
}: {
  readonly keep: number;
  readonly spansPerSecond?: number | undefined;
  readonly errorSpansPerSecond?: number | undefined;
}): DoorRule {
  return { share: keep, spansPerSecond, errorSpansPerSecond };
}
