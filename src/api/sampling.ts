/** What is worth keeping, in Clew's own API: see `contract.ts`. */
import path from "node:path";
import type { z } from "zod";
import { Fault } from "../base/fault.ts";
import type { SamplingQueries } from "../query/sampling.ts";
import { keepText, type Policy } from "../sampling/policy.ts";
import { readPolicies } from "../sampling/read-policies.ts";
import { pinBody, tryBody } from "./answers/sampling.ts";
import {
  apiBase,
  type PinAnswer,
  type PinsAnswer,
  type SamplingAnswer,
  type SamplingTryAnswer,
} from "./contract.ts";
import type { HttpRequest, HttpResponse, Route } from "./http.ts";
import { jsonBody } from "./json-body.ts";
import { parseTraceId } from "./trace-id.ts";

interface SamplingDoor {
  /** What the tenant that asks may do; throws if there is none. */
  readonly samplingOf: (request: HttpRequest) => SamplingQueries;
  /** The policies in force. */
  readonly policyFile: () => PolicyFile | undefined;
  readonly fullHours: number;
  /** Why days could not be thinned lately. */
  readonly thinningProblem: () => string | undefined;
}

/** A policy file. */
export interface PolicyFile {
  readonly file: string;
  /** Its text as it is now. Throws Fault "invalid" if it cannot be read. */
  readonly read: () => string;
}

/** The routes. */
export function samplingRoutes(door: SamplingDoor): Route[] {
  const { samplingOf } = door;
  return [
    {
      method: "GET",
      pattern: `${apiBase}/sampling`,
      handler: async (request) => {
        const problem = door.thinningProblem();
        const answer: SamplingAnswer = {
          inForce: inForce(door.policyFile()),
          fullHours: door.fullHours,
          ...(problem !== undefined && { thinningProblem: problem }),
          ledger: await samplingOf(request).ledger(),
        };
        return json(answer);
      },
    },
    {
      method: "GET",
      pattern: `${apiBase}/pins/:id`,
      handler: async (request) => {
        const traceId = parseTraceId(request.params["id"] ?? "");
        const answer: PinAnswer = {
          traceId,
          isPinned: await samplingOf(request).isPinned(traceId),
        };
        return json(answer);
      },
    },
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
          policies: policies.map((policy, i) => ({ ...inWords(policy), ...tried.policies[i]! })),
        };
        return json(answer);
      },
    },
  ];
}

function inWords({ name, keep, match }: Policy) {
  return { name, keep: keepText(keep), ...(match && { match: match.text }) };
}

function inForce(found: PolicyFile | undefined): SamplingAnswer["inForce"] {
  if (found === undefined) return null;
  const { file } = found;
  let text = "";
  try {
    text = found.read();
    return { file, text, policies: readPolicies(text, path.basename(file)).map(inWords) };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { file, text, policies: [], problem: error.message };
  }
}

/** The JSON that was sent. It must say that it is JSON: a page of somebody else cannot, unless it is let.
 * Throws Fault "invalid". */
async function body<T>(request: HttpRequest, schema: z.ZodType<T>): Promise<T> {
  if (!/^application\/json\b/i.test(request.headers["content-type"] ?? "")) {
    throw new Fault("invalid", "content-type must be application/json");
  }
  return jsonBody(request, schema);
}

function json(value: object): HttpResponse {
  const headers = { "content-type": "application/json", "cache-control": "no-store" };
  return { status: 200, headers, body: JSON.stringify(value) };
}
