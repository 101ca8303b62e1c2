/**
 * Jaeger's JSON, as its page and its API give it, in OpenTelemetry's words. What a tag stands for (kind,
 * status, scope, trace state) becomes that.
 * Source: opentelemetry.io/docs/specs/otel/trace/sdk_exporters/jaeger.
 */
import { doubleJson } from "../../model/double-json.ts";
import {
  type AnyValue,
  type Resource,
  type SpanLink,
  spanKinds,
  type SpanStatus,
} from "../../model/trace.ts";
import {
  idAt,
  integerAt,
  isObject,
  type JsonObject,
  listAt,
  neededId,
  objectAt,
  textAt,
  wrong,
} from "../trace-file/json-member.ts";
import {
  attributeList,
  type FileEvent,
  type FileSpan,
  nothingDropped,
  plainScope,
  serviceIn,
} from "../trace-file/trace-builder.ts";

type Tags = Map<string, AnyValue>;

/** The spans of a list of Jaeger's traces. Throws Fault "invalid" with the place and the value. */
export function readJaegerSpans(value: unknown, place: string): FileSpan[] {
  return listAt(value, place).flatMap((item, i) => {
    const at = place === "" ? "" : `${place}[${i}].`;
    const trace = objectAt(item, `${place}[${i}]`);
    const processes = objectAt(trace["processes"] ?? {}, `${at}processes`);
    const resources = new Map(
      Object.entries(processes).map(([id, process]) => [
        id,
        readProcess(process, `${at}processes.${id}`),
      ]),
    );
    return listAt(trace["spans"], `${at}spans`).map((span, j) =>
      readSpan(objectAt(span, `${at}spans[${j}]`), `${at}spans[${j}]`, resources),
    );
  });
}

function readProcess(value: unknown, place: string): Resource {
  const process = objectAt(value, place);
  const name = textAt(process["serviceName"], `${place}.serviceName`);
  const tags = readTags(process["tags"], `${place}.tags`);
  if (name !== "") tags.set("service.name", { stringValue: name });
  const attributes = attributeList(tags);
  const service = serviceIn(attributes);
  return { service, attributes, droppedAttributesCount: 0, schemaUrl: "" };
}

function readSpan(json: JsonObject, place: string, resources: Map<string, Resource>): FileSpan {
  const traceId = neededId(json["traceID"], 32, `${place}.traceID`);
  const tags = readTags(json["tags"], `${place}.tags`);
  const take = (key: string): string => {
    const value = tags.get(key);
    if (value === undefined || !("stringValue" in value)) return "";
    tags.delete(key);
    return value.stringValue;
  };
  const { parentSpanId, links } = readReferences(json, place, traceId);
  const startUnixNano = microsAt(json["startTime"], `${place}.startTime`);
  const kind = take("span.kind");
  const [code, statusMessage] = [take("otel.status_code"), take("otel.status_description")];
  const scopeName = take("otel.scope.name") || take("otel.library.name");
  const scopeVersion = take("otel.scope.version") || take("otel.library.version");
  return {
    ...nothingDropped,
    traceId,
    spanId: neededId(json["spanID"], 16, `${place}.spanID`),
    parentSpanId,
    resource: resourceOf(json, place, resources),
    scope: scopeOf(scopeName, scopeVersion),
    name: textAt(json["operationName"], `${place}.operationName`),
    kind: spanKinds.find((known) => known === kind) ?? "unspecified",
    startUnixNano,
    endUnixNano: startUnixNano + microsAt(json["duration"], `${place}.duration`),
    status: statusOf(tags, code),
    statusMessage,
    traceState: take("w3c.tracestate"),
    events: listAt(json["logs"], `${place}.logs`).map((log, i) =>
      readLog(log, `${place}.logs[${i}]`),
    ),
    links,
    attributes: attributeList(tags),
  };
}

/** Scopes that are the same are one object. */
const scopes = new Map<string, ReturnType<typeof plainScope>>();

function scopeOf(name: string, version: string): ReturnType<typeof plainScope> {
  const key = JSON.stringify([name, version]);
  const known = scopes.get(key) ?? plainScope(name, version);
  if (scopes.size < 1000) scopes.set(key, known);
  return known;
}

function resourceOf(json: JsonObject, place: string, resources: Map<string, Resource>): Resource {
  if (isObject(json["process"])) return readProcess(json["process"], `${place}.process`);
  const id = textAt(json["processID"], `${place}.processID`);
  const known = resources.get(id);
  if (known === undefined) throw wrong(`${place}.processID`, "one of the processes", id);
  return known;
}

/** A span that failed says so in its status, or in a tag "error". */
function statusOf(tags: Tags, code: string): SpanStatus {
  const error = tags.get("error");
  const failed =
    error !== undefined &&
    (("boolValue" in error && error.boolValue) ||
      ("stringValue" in error && error.stringValue === "true"));
  if (code === "ERROR" || failed) {
    if (failed) tags.delete("error");
    return "error";
  }
  return code === "OK" ? "ok" : "unset";
}

/** The parent is the first CHILD_OF of the trace, else its first FOLLOWS_FROM; all others are links. */
function readReferences(
  json: JsonObject,
  place: string,
  traceId: string,
): { readonly parentSpanId: string; readonly links: readonly SpanLink[] } {
  const references = listAt(json["references"], `${place}.references`).map((item, i) => {
    const at = `${place}.references[${i}]`;
    const one = objectAt(item, at);
    return {
      isChild: one["refType"] === "CHILD_OF",
      traceId: idAt(one["traceID"], 32, `${at}.traceID`),
      spanId: idAt(one["spanID"], 16, `${at}.spanID`),
    };
  });
  const own = references.filter((one) => one.traceId === traceId && one.spanId !== "");
  const parent = own.find(({ isChild }) => isChild) ?? own[0];
  const links = references
    .filter((one) => one !== parent && one.spanId !== "" && one.traceId !== "")
    .map(({ traceId: trace, spanId }) => {
      const nothing = { traceState: "", flags: 0, attributes: [], droppedAttributesCount: 0 };
      return { traceId: trace, spanId, ...nothing };
    });
  const old = idAt(json["parentSpanID"], 16, `${place}.parentSpanID`);
  return { parentSpanId: parent?.spanId ?? old, links };
}

function readLog(value: unknown, place: string): FileEvent {
  const json = objectAt(value, place);
  const fields = readTags(json["fields"], `${place}.fields`);
  const event = fields.get("event");
  const isNamed = event !== undefined && "stringValue" in event;
  if (isNamed) fields.delete("event");
  return {
    name: isNamed ? event.stringValue : "",
    timeUnixNano: microsAt(json["timestamp"], `${place}.timestamp`),
    attributes: attributeList(fields),
    droppedAttributesCount: 0,
  };
}

function microsAt(value: unknown, place: string): bigint {
  const micros = integerAt(value, place);
  if (micros === undefined || micros < 0n) throw wrong(place, "microseconds", value);
  return micros * 1000n;
}

function readTags(value: unknown, place: string): Tags {
  return new Map(
    listAt(value, place).map((item, i) => {
      const at = `${place}[${i}]`;
      const tag = objectAt(item, at);
      return [textAt(tag["key"], `${at}.key`), tagValue(tag, at)] as const;
    }),
  );
}

function tagValue({ type, value }: JsonObject, place: string): AnyValue {
  if (type === "binary") return { bytesValue: textAt(value, `${place}.value`) };
  if (type === "int64") return { intValue: String(integerAt(value, `${place}.value`) ?? 0n) };
  if (typeof value === "string" && type === "bool") return { boolValue: value === "true" };
  if (typeof value === "string" && type === "float64")
    return { doubleValue: doubleJson(Number(value)) };
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "bigint") return { intValue: String(value) };
  if (typeof value === "number") return { doubleValue: doubleJson(value) };
  if (value === undefined || value === null) return {};
  return { stringValue: JSON.stringify(value) };
}
