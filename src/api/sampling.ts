/** What is worth keeping, in Clew's own API: see `contract.ts`. */
import { z } from "zod";
import { Fault } from "../base/fault.ts";
import type { SamplingQueries } from "../query/sampling.ts";
import { keepText } from "../sampling/policy.ts";
import { readPolicies } from "../sampling/read-policies.ts";
import { apiBase, type PinAnswer, type PinsAnswer, type SamplingTryAnswer } from "./contract.ts";
import type { HttpRequest, HttpResponse, Route } from "./http.ts";
import { parseTraceId } from "./trace-id.ts";

/** The routes; `samplingOf` gives what the tenant that asks may do, and throws if there is none. */
export function samplingRoutes(samplingOf: (request: HttpRequest) => SamplingQueries): Route[] {
  return [
    {
      method: "GET",
      pattern: `${apiBase}/pins`,
      handler: async (request) => {
        const answer: PinsAnswer = { traceIds: await samplingOf(request).pinned() };
        return json(answer);
      },
    },
    {
      method: "POST",
      pattern: `${apiBase}/pins`,
      handler: async (request) => {
        const sampling = samplingOf(request);
        const traceId = parseTraceId((await body(request, pinBody)).traceId);
        await sampling.pin(traceId);
        const answer: PinAnswer = { traceId, isPinned: true };
        return json(answer);
      },
    },
    {
      method: "DELETE",
      pattern: `${apiBase}/pins/:id`,
      handler: async (request) => {
        const sampling = samplingOf(request);
        const traceId = parseTraceId(request.params["id"] ?? "");
        await sampling.unpin(traceId);
        const answer: PinAnswer = { traceId, isPinned: false };
        return json(answer);
      },
    },
    {
      method: "POST",
      pattern: `${apiBase}/sampling/try`,
      handler: async (request) => {
        const sampling = samplingOf(request);
        const { policies: text, since } = await body(request, tryBody);
        const policies = readPolicies(text, "policies");
        const tried = await sampling.tryPolicies(policies, since);
        const answer: SamplingTryAnswer = {
          ...tried,
          policies: policies.map(({ name, keep, match }, i) => ({
            name,
            keep: keepText(keep),
            ...(match && { match: match.text }),
            ...tried.policies[i]!,
          })),
        };
        return json(answer);
      },
    },
  ];
}

const HIGHEST_SINCE_SECONDS = 366 * 86_400;
const tryBody = z.strictObject({
  policies: z.string(),
  since: z.int().min(1).max(HIGHEST_SINCE_SECONDS).default(3600),
});

const pinBody = z.strictObject({ traceId: z.string().min(1) });

/** The JSON that was sent. It must say that it is JSON: a page of somebody else cannot, unless it is let.
 * Throws Fault "invalid". */
async function body<T>(request: HttpRequest, schema: z.ZodType<T>): Promise<T> {
  if (!/^application\/json\b/i.test(request.headers["content-type"] ?? "")) {
    throw new Fault("invalid", "content-type must be application/json");
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(await request.body()).toString("utf8"));
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault("invalid", "the body is no JSON", { cause: error });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path.join(".") ?? "";
  throw new Fault("invalid", `${path === "" ? "the body" : path}: ${issue?.message}`);
}

function json(value: object): HttpResponse {
  const headers = { "content-type": "application/json", "cache-control": "no-store" };
  return { status: 200, headers, body: JSON.stringify(value) };
}
