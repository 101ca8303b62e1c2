/**
 * OTLP in JSON as objects, for files that somebody opens: what `decode.ts` makes of requests, in a place
 * that has no Node. Takes hexadecimal ids and numbers for enums, as OTLP has them, and base64 and names,
 * as Tempo has them. Source: "OTLP/HTTP: JSON Protobuf Encoding".
 */
import { doubleJson } from "../../model/double-json.ts";
import {
  type AnyValue,
  type KeyValue,
  type Resource,
  type Scope,
  type SpanKind,
  type SpanLink,
  spanKinds,
  type SpanStatus,
  spanStatuses,
} from "../../model/trace.ts";
import {
  countAt,
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
  plainScope,
  serviceIn,
} from "../trace-file/trace-builder.ts";

/** The spans of a list of ResourceSpans. Throws Fault "invalid" with the place and the value. */
export function readOtlpSpans(value: unknown, place: string): FileSpan[] {
  return listAt(value, place).flatMap((item, i) => {
    const at = `${place}[${i}]`;
    const one = objectAt(item, at);
    const resource = readResource(one, at);
    // Before version 1 of the protocol, scopes were instrumentation libraries.
    const name = one["scopeSpans"] === undefined ? "instrumentationLibrarySpans" : "scopeSpans";
    return listAt(one[name], `${at}.${name}`).flatMap((inner, j) => {
      const inside = `${at}.${name}[${j}]`;
      const group = objectAt(inner, inside);
      const scope = readScope(group, inside);
      return listAt(group["spans"], `${inside}.spans`).map((span, k) =>
        readSpan(span, `${inside}.spans[${k}]`, { resource, scope }),
      );
    });
  });
}

function readResource(json: JsonObject, place: string): Resource {
  const resource = objectAt(json["resource"] ?? {}, `${place}.resource`);
  const attributes = attributesAt(resource, `${place}.resource`);
  return {
    service: serviceIn(attributes),
    attributes,
    droppedAttributesCount: droppedAt(resource, `${place}.resource`),
    schemaUrl: textAt(json["schemaUrl"], `${place}.schemaUrl`),
  };
}

function readScope(json: JsonObject, place: string): Scope {
  const scope = objectAt(json["scope"] ?? {}, `${place}.scope`);
  return {
    ...plainScope(
      textAt(scope["name"], `${place}.scope.name`),
      textAt(scope["version"], `${place}.scope.version`),
    ),
    attributes: attributesAt(scope, `${place}.scope`),
    droppedAttributesCount: droppedAt(scope, `${place}.scope`),
    schemaUrl: textAt(json["schemaUrl"], `${place}.schemaUrl`),
  };
}

function readSpan(
  value: unknown,
  place: string,
  owners: { readonly resource: Resource; readonly scope: Scope },
): FileSpan {
  const json = objectAt(value, place);
  const text = (name: string): string => textAt(json[name], `${place}.${name}`);
  const list = (name: string): readonly unknown[] => listAt(json[name], `${place}.${name}`);
  const status = objectAt(json["status"] ?? {}, `${place}.status`);
  return {
    ...owners,
    traceId: neededId(hexId(json["traceId"]), 32, `${place}.traceId`),
    spanId: neededId(hexId(json["spanId"]), 16, `${place}.spanId`),
    parentSpanId: idAt(hexId(json["parentSpanId"]), 16, `${place}.parentSpanId`),
    name: text("name"),
    kind: kindAt(json["kind"], `${place}.kind`),
    startUnixNano: timeAt(json["startTimeUnixNano"], `${place}.startTimeUnixNano`),
    endUnixNano: timeAt(json["endTimeUnixNano"], `${place}.endTimeUnixNano`),
    status: statusAt(status["code"], `${place}.status.code`),
    statusMessage: textAt(status["message"], `${place}.status.message`),
    traceState: text("traceState"),
    flags: countAt(json["flags"], `${place}.flags`),
    attributes: attributesAt(json, place),
    events: list("events").map((event, i) => readEvent(event, `${place}.events[${i}]`)),
    links: list("links").map((link, i) => readLink(link, `${place}.links[${i}]`)),
    droppedAttributesCount: droppedAt(json, place),
    droppedEventsCount: countAt(json["droppedEventsCount"], `${place}.droppedEventsCount`),
    droppedLinksCount: countAt(json["droppedLinksCount"], `${place}.droppedLinksCount`),
  };
}

function readEvent(value: unknown, place: string): FileEvent {
  const json = objectAt(value, place);
  return {
    name: textAt(json["name"], `${place}.name`),
    timeUnixNano: timeAt(json["timeUnixNano"], `${place}.timeUnixNano`),
    attributes: attributesAt(json, place),
    droppedAttributesCount: droppedAt(json, place),
  };
}

function readLink(value: unknown, place: string): SpanLink {
  const json = objectAt(value, place);
  const id = (name: string, digits: number): string =>
    idAt(hexId(json[name]), digits, `${place}.${name}`) || "0".repeat(digits);
  return {
    traceId: id("traceId", 32),
    spanId: id("spanId", 16),
    traceState: textAt(json["traceState"], `${place}.traceState`),
    flags: countAt(json["flags"], `${place}.flags`),
    attributes: attributesAt(json, place),
    droppedAttributesCount: droppedAt(json, place),
  };
}

/** An id of 8 or 16 bytes in base64 as hexadecimal digits; anything else as it is. */
function hexId(value: unknown): unknown {
  if (typeof value !== "string" || !/^([\w+/-]{11}=|[\w+/-]{22}==)$/.test(value)) return value;
  const bytes = atob(value.replaceAll("-", "+").replaceAll("_", "/"));
  return Array.from(bytes, (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}

function timeAt(value: unknown, place: string): bigint {
  const time = integerAt(value, place) ?? 0n;
  if (time < 0n || time >= 2n ** 64n) throw wrong(place, "nanoseconds since 1970", value);
  return time;
}

function kindAt(value: unknown, place: string): SpanKind {
  const name = typeof value === "string" ? /^SPAN_KIND_([A-Z]+)$/.exec(value)?.[1] : undefined;
  if (name !== undefined)
    return spanKinds.find((kind) => kind === name.toLowerCase()) ?? "unspecified";
  return spanKinds[Number(integerAt(value, place) ?? 0n)] ?? "unspecified";
}

function statusAt(value: unknown, place: string): SpanStatus {
  const name = typeof value === "string" ? /^STATUS_CODE_([A-Z]+)$/.exec(value)?.[1] : undefined;
  if (name !== undefined)
    return spanStatuses.find((status) => status === name.toLowerCase()) ?? "unset";
  return spanStatuses[Number(integerAt(value, place) ?? 0n)] ?? "unset";
}

function droppedAt(json: JsonObject, place: string): number {
  return countAt(json["droppedAttributesCount"], `${place}.droppedAttributesCount`);
}

function attributesAt(json: JsonObject, place: string): KeyValue[] {
  return keyValues(json["attributes"], `${place}.attributes`);
}

function keyValues(value: unknown, place: string): KeyValue[] {
  const list = listAt(value, place);
  return attributeList(
    list.map((item, i) => {
      const json = objectAt(item, `${place}[${i}]`);
      const key = textAt(json["key"], `${place}[${i}].key`);
      return [key, anyValue(json["value"], `${place}[${i}].value`)] as const;
    }),
  );
}

function anyValue(value: unknown, place: string): AnyValue {
  if (value === undefined || value === null) return {};
  const json = objectAt(value, place);
  const has = (name: string): boolean => json[name] !== undefined && json[name] !== null;
  const at = (name: string): string => `${place}.${name}`;
  if (has("stringValue")) return { stringValue: textAt(json["stringValue"], at("stringValue")) };
  if (has("intValue")) return { intValue: String(integerAt(json["intValue"], at("intValue"))) };
  if (has("boolValue")) {
    const { boolValue } = json;
    if (typeof boolValue !== "boolean") throw wrong(at("boolValue"), "true or false", boolValue);
    return { boolValue };
  }
  if (has("doubleValue")) {
    return { doubleValue: doubleJson(numberAt(json["doubleValue"], at("doubleValue"))) };
  }
  if (has("bytesValue")) return { bytesValue: textAt(json["bytesValue"], at("bytesValue")) };
  if (isObject(json["arrayValue"])) {
    const inside = at("arrayValue.values");
    const values = listAt(json["arrayValue"]["values"], inside);
    return { arrayValue: { values: values.map((item, i) => anyValue(item, `${inside}[${i}]`)) } };
  }
  if (isObject(json["kvlistValue"])) {
    const values = keyValues(json["kvlistValue"]["values"], at("kvlistValue.values"));
    return { kvlistValue: { values } };
  }
  return {};
}

function numberAt(value: unknown, place: string): number {
  if (typeof value === "number" || typeof value === "bigint") return Number(value);
  if (value === "NaN") return NaN;
  if (typeof value === "string" && value.trim() !== "" && !Number.isNaN(Number(value))) {
    return Number(value);
  }
  throw wrong(place, "a number", value);
}
