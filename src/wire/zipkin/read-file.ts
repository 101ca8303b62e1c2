/**
 * Zipkin's JSON, version 2, in OpenTelemetry's words: a list of spans, or of lists of them.
 * Source: zipkin.io/zipkin-api, and opentelemetry.io/docs/specs/otel/trace/sdk_exporters/zipkin.
 */
import { type AnyValue, type KeyValue, type Resource, spanKinds } from "../../model/trace.ts";
import {
  idAt,
  integerAt,
  type JsonObject,
  listAt,
  neededId,
  objectAt,
  textAt,
  wrong,
} from "../trace-file/json-member.ts";
import {
  attributeList,
  type FileSpan,
  nothingDropped,
  plainScope,
  serviceIn,
} from "../trace-file/trace-builder.ts";

/** The spans of a list. Throws Fault "invalid" with the place and the value. */
export function readZipkinSpans(value: readonly unknown[]): FileSpan[] {
  const resources = new Map<string, Resource>();
  const spans = value.flatMap((item, i) => {
    if (!Array.isArray(item)) return [readSpan(objectAt(item, `[${i}]`), `[${i}]`, resources)];
    return item.map((span, j) =>
      readSpan(objectAt(span, `[${i}][${j}]`), `[${i}][${j}]`, resources),
    );
  });
  // What nobody timed stands where its trace begins.
  const first = firstTimes(spans);
  return spans.map((span) => {
    if (span.startUnixNano !== UNKNOWN) return span;
    const at = first.get(span.traceId) ?? 0n;
    return { ...span, startUnixNano: at, endUnixNano: at };
  });
}

const UNKNOWN = -1n;
const SCOPE = plainScope();

function readSpan(json: JsonObject, place: string, resources: Map<string, Resource>): FileSpan {
  const endpoint = objectAt(json["localEndpoint"] ?? {}, `${place}.localEndpoint`);
  const tags = new Map(endpointAttributes(json, place));
  for (const [key, value] of Object.entries(objectAt(json["tags"] ?? {}, `${place}.tags`))) {
    tags.set(key, { stringValue: textAt(value, `${place}.tags.${key}`) });
  }
  const error = tags.get("error") as { readonly stringValue: string } | undefined;
  const failed = error !== undefined && error.stringValue !== "false";
  if (failed) tags.delete("error");
  const start = microsAt(json["timestamp"], `${place}.timestamp`);
  const took = microsAt(json["duration"], `${place}.duration`) ?? 0n;
  const kind = textAt(json["kind"], `${place}.kind`).toLowerCase();
  return {
    ...nothingDropped,
    traceId: neededId(json["traceId"], 32, `${place}.traceId`),
    spanId: neededId(json["id"], 16, `${place}.id`),
    parentSpanId: idAt(json["parentId"], 16, `${place}.parentId`),
    resource: resourceOf(endpoint, `${place}.localEndpoint`, resources),
    scope: SCOPE,
    name: textAt(json["name"], `${place}.name`),
    kind: spanKinds.find((known) => known === kind) ?? "unspecified",
    startUnixNano: start ?? UNKNOWN,
    endUnixNano: start === undefined ? UNKNOWN : start + took,
    status: failed ? "error" : "unset",
    statusMessage: failed && error.stringValue !== "true" ? error.stringValue : "",
    attributes: attributeList(tags),
    events: listAt(json["annotations"], `${place}.annotations`).map((item, i) => {
      const at = `${place}.annotations[${i}]`;
      const annotation = objectAt(item, at);
      return {
        name: textAt(annotation["value"], `${at}.value`),
        timeUnixNano: microsAt(annotation["timestamp"], `${at}.timestamp`) ?? start ?? 0n,
        attributes: [],
        droppedAttributesCount: 0,
      };
    }),
    links: [],
  };
}

/** When the earliest span of each trace begins, of those that say it. */
function firstTimes(spans: readonly FileSpan[]): Map<string, bigint> {
  const first = new Map<string, bigint>();
  for (const { traceId, startUnixNano } of spans) {
    const known = first.get(traceId);
    if (startUnixNano !== UNKNOWN && (known === undefined || startUnixNano < known)) {
      first.set(traceId, startUnixNano);
    }
  }
  return first;
}

function resourceOf(
  endpoint: JsonObject,
  place: string,
  resources: Map<string, Resource>,
): Resource {
  const key = JSON.stringify(endpoint);
  let resource = resources.get(key);
  if (resource === undefined) {
    const service = textAt(endpoint["serviceName"], `${place}.serviceName`);
    const ip = textAt(endpoint["ipv4"] ?? endpoint["ipv6"], `${place}.ipv4`);
    const entries: [string, AnyValue][] = [
      ...(service === "" ? [] : [["service.name", { stringValue: service }] as [string, AnyValue]]),
      ...(ip === "" ? [] : [["host.ip", { stringValue: ip }] as [string, AnyValue]]),
    ];
    const attributes: KeyValue[] = attributeList(entries);
    const name = serviceIn(attributes);
    resource = { service: name, attributes, droppedAttributesCount: 0, schemaUrl: "" };
    resources.set(key, resource);
  }
  return resource;
}

/** Who was called, in OpenTelemetry's attributes. */
function endpointAttributes(json: JsonObject, place: string): [string, AnyValue][] {
  if (json["remoteEndpoint"] === undefined || json["remoteEndpoint"] === null) return [];
  const at = `${place}.remoteEndpoint`;
  const remote = objectAt(json["remoteEndpoint"], at);
  const service = textAt(remote["serviceName"], `${at}.serviceName`);
  const ip = textAt(remote["ipv4"] ?? remote["ipv6"], `${at}.ipv4`);
  const port = integerAt(remote["port"], `${at}.port`) ?? 0n;
  const entries: [string, AnyValue][] = [];
  if (service !== "") entries.push(["peer.service", { stringValue: service }]);
  if (ip !== "") entries.push(["network.peer.address", { stringValue: ip }]);
  if (port !== 0n) entries.push(["network.peer.port", { intValue: String(port) }]);
  return entries;
}

function microsAt(value: unknown, place: string): bigint | undefined {
  const micros = integerAt(value, place);
  if (micros !== undefined && micros < 0n) throw wrong(place, "microseconds", value);
  return micros === undefined ? undefined : micros * 1000n;
}
