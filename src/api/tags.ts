/** Which attributes there are, in Clew's own API: see `contract.ts`. */
import { z } from "zod";
import { keyScopes } from "../model/attribute-key.ts";
import type { TagQueries } from "../query/tags.ts";
import { apiBase, type TagsAnswer } from "./contract.ts";
import type { HttpRequest, HttpResponse, Route } from "./http.ts";
import { receiptAnswer } from "./receipt-answer.ts";
import { givenParameters, parseParameters, spanOfTime, stretchOf, whole } from "./parameters.ts";

interface TagsApiOptions {
  /** What the tenant that asks may ask; throws if there is none. */
  readonly tagsOf: (request: HttpRequest) => TagQueries;
  readonly nowSeconds: () => number;
}

/** The routes. */
export function tagsRoutes({ tagsOf, nowSeconds }: TagsApiOptions): Route[] {
  return [
    {
      method: "GET",
      pattern: `${apiBase}/tags`,
      handler: async (request) => json(await tagNames(tagsOf(request), request, nowSeconds())),
    },
  ];
}

function json(value: object): HttpResponse {
  const headers = { "content-type": "application/json", "cache-control": "no-store" };
  return { status: 200, headers, body: JSON.stringify(value) };
}

const DEFAULT_NAMES = 5000;
const HIGHEST_NAMES = 100_000;

const scopeProblem = `is not some of ${keyScopes.join(", ")}, separated by commas`;
const nameParameters = z.strictObject({
  ...spanOfTime,
  scope: z
    .string()
    .transform((text) => text.split(",").map((word) => word.trim()))
    .pipe(z.array(z.enum(keyScopes, scopeProblem)))
    .optional(),
  limit: whole(1, HIGHEST_NAMES),
});

async function tagNames(
  tags: TagQueries,
  { query, signal }: HttpRequest,
  nowSeconds: number,
): Promise<TagsAnswer> {
  const given = parseParameters(nameParameters, Object.fromEntries(givenParameters(query)));
  const { scopes, receipt } = await tags.tagNames(
    {
      ...stretchOf(given, nowSeconds),
      scopes: given.scope ?? keyScopes,
      limit: given.limit ?? DEFAULT_NAMES,
    },
    { signal },
  );
  return { scopes, receipt: receiptAnswer(receipt) };
}
