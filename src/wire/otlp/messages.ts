/**
 * OTLP's trace messages as data, for the translation between protobuf and JSON in `proto-json.ts`.
 * Source: opentelemetry-proto 1.11 and "OTLP/HTTP: JSON Protobuf Encoding".
 */
import { field, many, type Message, one } from "../proto-json.ts";

const anyValue: Message = {
  stringValue: field(1, "string", { presence: true }),
  boolValue: field(2, "bool", { presence: true }),
  intValue: field(3, "int64", { presence: true }),
  doubleValue: field(4, "double", { presence: true }),
  arrayValue: one(5, () => arrayValue),
  kvlistValue: one(6, () => keyValueList),
  bytesValue: field(7, "bytes", { presence: true }),
};
const arrayValue: Message = { values: many(1, () => anyValue) };
/** An attribute. */
export const keyValue: Message = { key: field(1, "string"), value: one(2, () => anyValue) };
const keyValueList: Message = { values: many(1, () => keyValue) };

const entityRef: Message = {
  schemaUrl: field(1, "string"),
  type: field(2, "string"),
  idKeys: field(3, "string", { repeated: true }),
  descriptionKeys: field(4, "string", { repeated: true }),
};

const resource: Message = {
  attributes: many(1, () => keyValue),
  droppedAttributesCount: field(2, "uint32"),
  entityRefs: many(3, () => entityRef),
};

const scope: Message = {
  name: field(1, "string"),
  version: field(2, "string"),
  attributes: many(3, () => keyValue),
  droppedAttributesCount: field(4, "uint32"),
};

const event: Message = {
  timeUnixNano: field(1, "fixed64"),
  name: field(2, "string"),
  attributes: many(3, () => keyValue),
  droppedAttributesCount: field(4, "uint32"),
};

const link: Message = {
  traceId: field(1, "id"),
  spanId: field(2, "id"),
  traceState: field(3, "string"),
  attributes: many(4, () => keyValue),
  droppedAttributesCount: field(5, "uint32"),
  flags: field(6, "fixed32"),
};

const status: Message = {
  message: field(2, "string"),
  code: field(3, "enum", {
    names: ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"],
  }),
};

const span: Message = {
  traceId: field(1, "id"),
  spanId: field(2, "id"),
  traceState: field(3, "string"),
  parentSpanId: field(4, "id"),
  name: field(5, "string"),
  kind: field(6, "enum", {
    names: ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"].map(
      (kind) => `SPAN_KIND_${kind}`,
    ),
  }),
  startTimeUnixNano: field(7, "fixed64"),
  endTimeUnixNano: field(8, "fixed64"),
  attributes: many(9, () => keyValue),
  droppedAttributesCount: field(10, "uint32"),
  events: many(11, () => event),
  droppedEventsCount: field(12, "uint32"),
  links: many(13, () => link),
  droppedLinksCount: field(14, "uint32"),
  status: one(15, () => status),
  flags: field(16, "fixed32"),
};

const scopeSpans: Message = {
  scope: one(1, () => scope),
  spans: many(2, () => span),
  schemaUrl: field(3, "string"),
};

/** The spans of one resource. */
export const resourceSpans: Message = {
  resource: one(1, () => resource),
  scopeSpans: many(2, () => scopeSpans),
  schemaUrl: field(3, "string"),
};

/** TracesData, and ExportTraceServiceRequest, which is the same on the wire. */
export const tracesData: Message = { resourceSpans: many(1, () => resourceSpans) };
