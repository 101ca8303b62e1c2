/**
 * The description of Clew's own API as OpenAPI 3.1 has it, made from the schemas that requests are read
 * with and that answers are checked with in tests. Source: spec.openapis.org/oas/v3.1.1.
 */
import { z } from "zod";
import { clewVersion } from "../../base/version.ts";
import { errorAnswer } from "../answers/search.ts";
import { apiBase } from "../contract.ts";
import type { HttpResponse, Route } from "../http.ts";
import { answers, type Operation, operations } from "./operations.ts";

type Json = Record<string, unknown>;

const INFO = `Everything the page shows comes from here, so anybody can build on it. Times are nanoseconds
unless a name says otherwise; what a JSON number cannot hold exactly is a decimal string. With
tenancy.enabled, each request names its tenant in X-Scope-OrgID.`;

const ERROR = "ErrorAnswer";
const OPENAPI_VERSION = "3.1.1";

/** The whole description. */
function openApiDocument(): Json {
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    const path = `${apiBase}${operation.path.replaceAll(/:(\w+)/g, "{$1}")}`;
    paths[path] = { ...paths[path], [operation.method]: describe(operation) };
  }
  return {
    openapi: OPENAPI_VERSION,
    info: { title: "Clew", version: clewVersion, description: INFO },
    paths,
    components: { schemas: componentSchemas() },
  };
}

/** The route that answers it. */
export function openApiRoutes(): Route[] {
  let text: string | undefined;
  const handler = (): HttpResponse => {
    text ??= JSON.stringify(openApiDocument());
    return { status: 200, headers: { "content-type": "application/json" }, body: text };
  };
  return [{ method: "GET", pattern: `${apiBase}/openapi.json`, handler }];
}

function reference(name: string): string {
  return `#/components/schemas/${name}`;
}

/** What makes JSON Schema of zod's schemas; what says nothing to a reader is left out. */
function tidied({ jsonSchema }: { jsonSchema: Json }): void {
  delete jsonSchema["readOnly"];
  if (jsonSchema["type"] !== "string") delete jsonSchema["pattern"];
  if (jsonSchema["maximum"] === Number.MAX_SAFE_INTEGER) delete jsonSchema["maximum"];
  if (jsonSchema["minimum"] === Number.MIN_SAFE_INTEGER) delete jsonSchema["minimum"];
}

function componentSchemas(): Json {
  const registry = z.registry<{ id?: string }>();
  for (const [id, schema] of Object.entries({ ...answers, [ERROR]: errorAnswer })) {
    registry.add(schema, { id });
  }
  const { schemas } = z.toJSONSchema(registry, { uri: reference, override: tidied });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _schema, $id: _id, ...schema }]) => [id, schema]),
  );
}

function describe({ path, summary, description, parameters, body, content }: Operation): Json {
  const answered = Object.entries(content).map(([type, name]) => {
    return [type, name === null ? {} : { schema: { $ref: reference(name) } }];
  });
  const error = { "application/json": { schema: { $ref: reference(ERROR) } } };
  const all = [...pathParameters(path), ...(parameters ? queryParameters(parameters) : [])];
  return {
    summary,
    ...(description !== undefined && { description: description.replaceAll("\n", " ") }),
    ...(all.length > 0 && { parameters: all }),
    ...(body && {
      requestBody: {
        required: true,
        content: { "application/json": { schema: schemaOf(body) } },
      },
    }),
    responses: {
      "200": { description: "The answer", content: Object.fromEntries(answered) },
      default: { description: "What is wrong", content: error },
    },
  };
}

function pathParameters(path: string): Json[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
    ...(name === "id" && { description: "A trace id: up to 32 hexadecimal digits" }),
  }));
}

/** Those that are read from names of their own are told of in words. */
const unnamed: ReadonlySet<string> = new Set(["dimensions"]);

function queryParameters(parameters: z.ZodObject): Json[] {
  const { properties = {}, required = [] } = schemaOf(parameters) as {
    properties?: Readonly<Record<string, Json>>;
    required?: readonly string[];
  };
  return Object.entries(properties)
    .filter(([name]) => !unnamed.has(name))
    .map(([name, { description, default: byDefault, ...schema }]) => ({
      name,
      in: "query",
      ...(description !== undefined && { description }),
      ...(required.includes(name) && { required: true }),
      schema: { ...schema, ...(byDefault !== undefined && { default: byDefault }) },
    }));
}

/** As it is sent, which is not what is made of it. */
function schemaOf(schema: z.ZodType): Json {
  const { $schema: _schema, ...rest } = z.toJSONSchema(schema, { io: "input", override: tidied });
  return rest;
}
