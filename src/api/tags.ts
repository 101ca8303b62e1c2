/** Which attributes there are, and their values, in Clew's own API: see `contract.ts`. */
import { z } from "zod";
import { Fault } from "../base/fault.ts";
import { keyScopes } from "../model/attribute-key.ts";
import type { TagQueries } from "../query/tags.ts";
import type { Field, Value } from "../traceql/ast.ts";
import { anyValueOf } from "../traceql/evaluate/values.ts";
import { lenientFilter } from "../traceql/lenient.ts";
import { parseFieldName } from "../traceql/parse.ts";
import { apiBase, type TagsAnswer, type TagValuesAnswer } from "./contract.ts";
import type { HttpRequest, HttpResponse, Route } from "./http.ts";
import { givenParameters, parseParameters, spanOfTime, stretchOf, whole } from "./parameters.ts";
import { receiptAnswer } from "./receipt-answer.ts";

interface TagsApiOptions {
  /** What the tenant that asks may ask; throws if there is none. */
  readonly tagsOf: (request: HttpRequest) => TagQueries;
  readonly nowSeconds: () => number;
}

/** The routes. */
export function tagsRoutes({ tagsOf, nowSeconds }: TagsApiOptions): Route[] {
  const route = (
    path: string,
    answer: (tags: TagQueries, request: HttpRequest, nowSeconds: number) => Promise<object>,
  ): Route => ({
    method: "GET",
    pattern: `${apiBase}${path}`,
    handler: async (request) => json(await answer(tagsOf(request), request, nowSeconds())),
  });
  return [route("/tags", tagNames), route("/tag-values", tagValues)];
}

function json(value: object): HttpResponse {
  const headers = { "content-type": "application/json", "cache-control": "no-store" };
  return { status: 200, headers, body: JSON.stringify(value) };
}

const DEFAULT_LIMIT = 5000;
const HIGHEST_LIMIT = 100_000;

const among = { ...spanOfTime, q: z.string().optional(), limit: whole(1, HIGHEST_LIMIT) };
const scopeProblem = `is not some of ${keyScopes.join(", ")}, separated by commas`;
/** What `/tags` may be asked with. */
export const nameParameters = z.strictObject({
  ...among,
  scope: z
    .string()
    .transform((text) => text.split(",").map((word) => word.trim()))
    .pipe(z.array(z.enum(keyScopes, scopeProblem)))
    .optional(),
});
/** What `/tag-values` may be asked with. */
export const valueParameters = z.strictObject({ ...among, name: z.string("is missing") });

/** What both ask for. */
function amongOf(given: z.infer<z.ZodObject<typeof among>>, nowSeconds: number) {
  return {
    ...stretchOf(given, nowSeconds),
    ...(given.q !== undefined && { filter: lenientFilter(given.q) }),
    limit: given.limit ?? DEFAULT_LIMIT,
  };
}

async function tagNames(
  tags: TagQueries,
  { query, signal }: HttpRequest,
  nowSeconds: number,
): Promise<TagsAnswer> {
  const given = parseParameters(nameParameters, Object.fromEntries(givenParameters(query)));
  const request = { ...amongOf(given, nowSeconds), scopes: given.scope ?? keyScopes };
  const { scopes, receipt } = await tags.tagNames(request, { signal });
  return { scopes, receipt: receiptAnswer(receipt) };
}

async function tagValues(
  tags: TagQueries,
  { query, signal }: HttpRequest,
  nowSeconds: number,
): Promise<TagValuesAnswer> {
  const given = parseParameters(valueParameters, Object.fromEntries(givenParameters(query)));
  const request = { ...amongOf(given, nowSeconds), field: fieldOf(given.name) };
  const { values, receipt } = await tags.tagValues(request, { signal });
  return { values: values.map(valueAnswer), receipt: receiptAnswer(receipt) };
}

function fieldOf(name: string): Field {
  const parsed = parseFieldName(name);
  if (parsed.field !== undefined) return parsed.field;
  throw new Fault("invalid", `name: ${JSON.stringify(name)} ${parsed.problem.message}`);
}

function valueAnswer(value: Value): TagValuesAnswer["values"][number] {
  const [text] = Object.values(anyValueOf(value));
  const isKeyword = value.type === "status" || value.type === "kind";
  return {
    type: isKeyword ? "keyword" : value.type === "duration" ? "int" : value.type,
    value: String(text),
  };
}
