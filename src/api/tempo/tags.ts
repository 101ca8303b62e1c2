/** What can be typed in a query: names of attributes, and their values. */
import { Fault } from "../../base/fault.ts";
import type { TagNamesAnswer, TagNamesRequest, TagScope } from "../../query/tags.ts";
import { lenientFilter, type LenientFilter } from "../../traceql/lenient.ts";
import { searchTagsResponse, searchTagsV2Response } from "../../wire/tempo/messages.ts";
import type { JsonObject } from "../../wire/tempo/without-defaults.ts";
import type { HttpRequest, HttpResponse } from "../http.ts";
import { ORG_ID } from "../tenancy.ts";
import { answerIn } from "./answers.ts";
import { integerParameter, uint32 } from "./parameters.ts";
import { metadataMetrics } from "./receipt.ts";
import { refuseOverlong } from "./read-query.ts";
import type { TempoOptions } from "./tempo-queries.ts";
import { type NanoRange, tagsRange } from "./time-range.ts";

/** Answers `/api/search/tags` and `/api/v2/search/tags`. */
export async function tagNames(
  { queriesOf }: TempoOptions,
  request: HttpRequest,
  version: 1 | 2,
): Promise<HttpResponse> {
  const queries = queriesOf(request.headers[ORG_ID]);
  const { query } = request;
  const asked = tagNamesOf({
    scope: query.get("scope") ?? "",
    query: version === 2 ? (query.get("q") ?? "") : "",
    limit: Number(integerParameter(query, "limit", uint32) ?? 0),
    start: integerParameter(query, "start", uint32),
    end: integerParameter(query, "end", uint32),
  });
  const answer = await queries.tagNames(asked.request, { signal: request.signal });
  return version === 1
    ? answerIn(request, tagNamesV1(answer, asked), searchTagsResponse)
    : answerIn(request, tagNamesV2(answer, asked), searchTagsV2Response);
}

/** A question for names; 0 stands for what is not said. */
export interface TagNamesParameters extends TagsParameters {
  readonly scope: string;
}

/** What questions for names and values have in common. */
export interface TagsParameters {
  /** Perhaps half typed. */
  readonly query: string;
  readonly limit: number;
  readonly start?: bigint | undefined;
  readonly end?: bigint | undefined;
}

const INTRINSIC = "intrinsic";
const everyScope: readonly TagScope[] = ["resource", "span", "event", "link", "instrumentation"];
/** Scopes that have no attributes, and no scope at all. */
const otherScopes = ["", "none", INTRINSIC, "trace"];

/** A question for names as it was asked. */
export interface AskedTagNames {
  readonly request: TagNamesRequest;
  readonly scope: string;
}

/** Names of one scope at most, where nothing is said. */
const MAX_NAMES = 10_000;

/** The question that these parameters ask. Throws Fault "invalid". */
export function tagNamesOf({ scope, ...parameters }: TagNamesParameters): AskedTagNames {
  const own = everyScope.find((name) => name === scope);
  if (own === undefined && !otherScopes.includes(scope)) {
    throw new Fault("invalid", `invalid scope: ${scope}`);
  }
  const isAny = scope === "" || scope === "none";
  const scopes = own === undefined ? (isAny ? everyScope : []) : [own];
  return { request: { scopes, ...tagsRequest(parameters, MAX_NAMES) }, scope: isAny ? "" : scope };
}

interface TagsRequest extends NanoRange {
  readonly filter?: LenientFilter;
  readonly limit: number;
}

/** The part of a request that names and values have in common. */
export function tagsRequest(parameters: TagsParameters, maxLimit: number): TagsRequest {
  refuseOverlong(parameters.query);
  const filter = lenientFilter(parameters.query);
  if (filter.kind === "refused") throw new Fault("invalid", filter.message);
  const limit = Math.min(parameters.limit || maxLimit, maxLimit);
  return { limit, ...tagsRange(parameters), ...(filter.kind === "filter" && { filter }) };
}

/** Bytes of one list, beyond which further items are left out unsaid, as Tempo does. */
const MAX_BYTES = 1_000_000;

/** As many items as there is room for. */
export function cut<Item>(
  items: readonly Item[],
  bytesOf: (item: Item) => number,
): readonly Item[] {
  let bytes = 0;
  const end = items.findIndex((item) => (bytes += bytesOf(item)) > MAX_BYTES);
  return end === -1 ? items : items.slice(0, end);
}

/** The intrinsics that Tempo lists. */
const intrinsicNames = [
  "duration",
  "event:name",
  "event:timeSinceStart",
  "instrumentation:name",
  "instrumentation:version",
  "kind",
  "link:spanID",
  "link:traceID",
  "name",
  "rootName",
  "rootServiceName",
  "span:duration",
  "span:id",
  "span:kind",
  "span:name",
  "span:parentID",
  "span:status",
  "span:statusMessage",
  "status",
  "statusMessage",
  "trace:duration",
  "trace:id",
  "trace:rootName",
  "trace:rootService",
  "traceDuration",
];

/** SearchTagsResponse: names without their scopes. */
export function tagNamesV1(answer: TagNamesAnswer, { scope }: AskedTagNames): JsonObject {
  const names = new Set(answer.scopes.flatMap(({ tags }) => tags));
  const listed = scope === INTRINSIC ? intrinsicNames : [...names].sort();
  const tagNames = cut(listed, (name) => name.length);
  return { tagNames, metrics: metadataMetrics(answer.receipt) };
}

/** SearchTagsV2Response. */
export function tagNamesV2(answer: TagNamesAnswer, { scope }: AskedTagNames): JsonObject {
  const found = answer.scopes
    .filter(({ tags }) => tags.length > 0)
    .map(({ name, tags }) => ({ name, tags: cut(tags, (tag) => tag.length) }));
  const hasIntrinsics = scope === "" || scope === INTRINSIC;
  return {
    scopes: [...found, ...(hasIntrinsics ? [{ name: INTRINSIC, tags: intrinsicNames }] : [])],
    metrics: metadataMetrics(answer.receipt),
  };
}
