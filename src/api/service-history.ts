/** Errors and versions of services, in Clew's own API: see `contract.ts`. */
import { z } from "zod";
import type { Errors, ServiceHistory } from "../query/service-history.ts";
import {
  apiBase,
  type ErrorGroupAnswer,
  type ErrorsAnswer,
  type VersionsAnswer,
} from "./contract.ts";
import type { HttpRequest, HttpResponse, Route } from "./http.ts";
import {
  givenParameters,
  parseParameters,
  rangeOf,
  rangeParameters,
  stepTimes,
  whole,
} from "./parameters.ts";

const DEFAULT_GROUPS = 100;
const HIGHEST_GROUPS = 1000;

/** What `/errors` may be asked with. */
export const errorParameters = z.strictObject({
  ...rangeParameters,
  step: whole(60, 366 * 86_400),
  service: z.string().optional(),
  limit: whole(1, HIGHEST_GROUPS),
});
/** What `/versions` may be asked with. */
export const versionParameters = z.strictObject({
  ...rangeParameters,
  service: z.string("is missing"),
});

/** The routes; `historyOf` gives what the tenant that asks may ask, and throws if there is none. */
export function serviceHistoryRoutes(historyOf: (request: HttpRequest) => ServiceHistory): Route[] {
  const given = ({ query }: HttpRequest) => Object.fromEntries(givenParameters(query));
  return [
    {
      method: "GET",
      pattern: `${apiBase}/errors`,
      handler: async (request) => {
        const history = historyOf(request);
        const { step, service, limit, ...time } = parseParameters(errorParameters, given(request));
        const groups = limit ?? DEFAULT_GROUPS;
        const query = { range: rangeOf(time), stepSeconds: step, service, groups };
        return json(errorsAnswer(await history.errors(query, { signal: request.signal })));
      },
    },
    {
      method: "GET",
      pattern: `${apiBase}/versions`,
      handler: async (request) => {
        const history = historyOf(request);
        const { service, ...time } = parseParameters(versionParameters, given(request));
        const { signal } = request;
        const versions = await history.versions(service, rangeOf(time), { signal });
        return json({ versions } satisfies VersionsAnswer);
      },
    },
  ];
}

function errorsAnswer({ groups, groupCount, ...steps }: Errors): ErrorsAnswer {
  return {
    stepSeconds: steps.stepSeconds,
    times: stepTimes(steps),
    groupCount,
    groups: groups.map(({ steps: counts, ...group }): ErrorGroupAnswer => {
      return {
        ...group,
        counts: Array.from({ length: steps.count }, (_, step) => counts.get(step) ?? 0),
      };
    }),
  };
}

function json(value: object): HttpResponse {
  const headers = { "content-type": "application/json", "cache-control": "no-store" };
  return { status: 200, headers, body: JSON.stringify(value) };
}
