/** The values that an attribute or intrinsic has. */
import { Fault } from "../../base/fault.ts";
import { spanKinds, spanStatuses } from "../../model/trace.ts";
import type { Asking } from "../../query/receipt.ts";
import type { TagQueries, TagValuesRequest } from "../../query/tags.ts";
import type { Field, Value } from "../../traceql/ast.ts";
import type { IntrinsicName } from "../../traceql/intrinsics.ts";
import { parseFieldName } from "../../traceql/parse.ts";
import { tempoErrorText } from "../../traceql/problem.ts";
import { searchTagValuesResponse, searchTagValuesV2Response } from "../../wire/tempo/messages.ts";
import { type JsonObject, withoutDefaults } from "../../wire/tempo/without-defaults.ts";
import type { HttpRequest, HttpResponse } from "../http.ts";
import { ORG_ID } from "../tenancy.ts";
import { answerIn, llm, wantedForm } from "./answers.ts";
import { integerParameter, uint32 } from "./parameters.ts";
import { metadataMetrics } from "./receipt.ts";
import { refuseOverlong } from "./read-query.ts";
import { cut, type TagsParameters, tagsRequest } from "./tags.ts";
import type { TempoOptions } from "./tempo-queries.ts";

/** Values of one answer. */
const MAX_VALUES = 100_000;

/** Answers `/api/search/tag/<name>/values` and `/api/v2/search/tag/<attribute>/values`. */
export async function tagValues(
  { queriesOf }: TempoOptions,
  request: HttpRequest,
  version: 1 | 2,
): Promise<HttpResponse> {
  const queries = queriesOf(request.headers[ORG_ID]);
  const { query, signal } = request;
  const parameters = {
    tagName: nameInPath(request),
    query: version === 2 ? (query.get("q") ?? "") : "",
    limit: Number(integerParameter(query, "limit", uint32) ?? 0),
    start: integerParameter(query, "start", uint32),
    end: integerParameter(query, "end", uint32),
  };
  if (version === 1) {
    const answer = await tagValuesV1(queries, parameters, { signal });
    return answerIn(request, answer, searchTagValuesResponse);
  }
  const answer = await tagValuesV2(queries, parameters, { signal });
  if (wantedForm(request) === "llm") return llm(llmTagValues(answer));
  return answerIn(request, answer, searchTagValuesV2Response);
}

/** The name may have slashes in it, escaped or not. */
function nameInPath({ params, path }: HttpRequest): string {
  const match = /^(.*)\/values$/s.exec(params["name"] ?? "");
  if (match === null) throw new Fault("notFound", `there is nothing at ${path}`);
  return match[1]!;
}

/** A question for values; 0 stands for what is not said. */
export interface TagValuesParameters extends TagsParameters {
  readonly tagName: string;
}

interface TagValue {
  readonly type?: string;
  readonly value?: string;
}

/** SearchTagValuesV2Response in JSON. */
export interface TagValuesV2 {
  readonly tagValues: readonly TagValue[];
  readonly metrics: JsonObject;
}

const keywords = (values: readonly string[]) => values.map((value) => ({ type: "keyword", value }));

/** What there is to say without a look at spans; nothing where there are too many values to list. */
const fixedValues: ReadonlyMap<IntrinsicName, readonly TagValue[]> = new Map<
  IntrinsicName,
  readonly TagValue[]
>([
  ["span:status", keywords(spanStatuses)],
  ["span:kind", keywords(spanKinds)],
  ["span:duration", []],
  ["span:id", []],
  ["span:parentID", []],
  ["span:start", []],
  ["span:end", []],
  ["trace:id", []],
  ["trace:start", []],
  ["trace:end", []],
  ["link:traceID", []],
  ["link:spanID", []],
  ["nestedSetLeft", []],
  ["nestedSetRight", []],
  ["nestedSetParent", []],
  ["parent", []],
]);

/** SearchTagValuesV2Response. Throws Fault "invalid" if the name is none. */
export async function tagValuesV2(
  queries: TagQueries,
  parameters: TagValuesParameters,
  asking: Asking,
): Promise<TagValuesV2> {
  const field = fieldOf(parameters.tagName);
  const common = tagsRequest(parameters, MAX_VALUES);
  const fixed = field.kind === "intrinsic" ? fixedValues.get(field.name) : undefined;
  if (fixed !== undefined) return { tagValues: fixed, metrics: {} };
  // A parent's attributes are attributes like others.
  const request: TagValuesRequest = { field: { ...field, ofParent: false }, ...common };
  const { values, receipt } = await queries.tagValues(request, asking);
  const tagValues = cut(values.map(tagValue), ({ type, value }) => type.length + value.length);
  return { tagValues: tagValues.map(withoutDefaults), metrics: metadataMetrics(receipt) };
}

function fieldOf(name: string): Field {
  refuseOverlong(name);
  const { field, ...failed } = parseFieldName(name);
  if (field !== undefined) return field;
  const reason = "problem" in failed ? tempoErrorText(name, failed.problem) : "";
  const what = `failed to parse identifier ${name.slice(0, 200)}: ${reason}`;
  throw new Fault("invalid", `please provide a valid tagName: ${what}`);
}

/** A duration is an int of nanoseconds here; a float is told from an int by its point. */
function tagValue(value: Value): { readonly type: string; readonly value: string } {
  switch (value.type) {
    case "duration":
      return { type: "int", value: value.value.toString() };
    case "float":
      return {
        type: "float",
        value: Number.isInteger(value.value) ? value.value.toFixed(1) : String(value.value),
      };
    case "status":
    case "kind":
      return { type: "keyword", value: value.value };
    default:
      return { type: value.type, value: String(value.value) };
  }
}

/** The form for language models: the values by type. */
function llmTagValues({ tagValues, metrics }: TagValuesV2): object {
  const byType = new Map<string, string[]>();
  for (const { type = "", value = "" } of tagValues) {
    byType.set(type, [...(byType.get(type) ?? []), value]);
  }
  const inspectedBytes = Number(metrics["inspectedBytes"] ?? 0);
  return {
    tagValues: Object.fromEntries(byType),
    ...(inspectedBytes > 0 && { metrics: { inspectedBytes } }),
  };
}

const intrinsicNames: ReadonlyMap<string, IntrinsicName> = new Map([
  ["name", "span:name"],
  ["root.name", "trace:rootName"],
  ["root.service.name", "trace:rootService"],
]);
const fixedTexts: ReadonlyMap<string, readonly string[]> = new Map([
  ["status.code", ["0", "1", "2", "error", "ok", "unset"]],
  ["error", ["true"]],
]);

/** SearchTagValuesResponse: the values of a bare name as text, sorted. */
export async function tagValuesV1(
  queries: TagQueries,
  parameters: TagValuesParameters,
  asking: Asking,
): Promise<JsonObject> {
  const { tagName } = parameters;
  const fixed = fixedTexts.get(tagName);
  if (fixed !== undefined) return { tagValues: fixed, metrics: {} };
  const intrinsic = intrinsicNames.get(tagName);
  const place = { ofParent: false, from: 0, to: 0 };
  const field: Field =
    intrinsic === undefined
      ? { kind: "attribute", scope: "any", name: tagName, ...place }
      : { kind: "intrinsic", name: intrinsic, ...place };
  const request = { field, ...tagsRequest(parameters, MAX_VALUES) };
  const { values, receipt } = await queries.tagValues(request, asking);
  const texts = [...new Set(values.map((value) => String(value.value)))].sort();
  return { tagValues: cut(texts, (text) => text.length), metrics: metadataMetrics(receipt) };
}
