/**
 * The columns of the `spans` table, in order, with their exact types: what the Native writer puts
 * into its header, what reads ask for. The table itself is made by `migrations/`; a test compares.
 * Traffic adds columns for attributes that are used much, so the table is data, not a constant.
 */
import { type AttributeType, attributeTypes } from "../model/attribute-columns.ts";
import { builtInAttributes, type PromotedAttribute } from "./promoted.ts";

/** Attributes without a column of their own, by the owner and the type of the value. */
export const attributeMaps = (["span", "resource", "scope"] as const).flatMap((scope) =>
  (
    [
      ["string", "String"],
      ["int", "Int64"],
      ["float", "Float64"],
      ["bool", "Bool"],
    ] as const
  ).map(([name, valueType]) => ({
    scope,
    valueType,
    type: attributeTypes[name === "float" ? "double" : name] as AttributeType,
    column: `${scope}_attributes_${name}`,
    columnType: `Map(LowCardinality(String), ${valueType})`,
  })),
);

const nestedAttributes = "Array(Map(LowCardinality(String), String))";

/** Name and type of a column. */
type NamedColumn = readonly [name: string, type: string];

/** The `spans` table as it is at some moment. */
export interface SpansTable {
  /** Every column that is inserted, in order. */
  readonly columns: readonly NamedColumn[];
  /** Attributes with a column of their own, in the order of their columns. */
  readonly promoted: readonly PromotedAttribute[];
}

const columnsBefore: readonly NamedColumn[] = [
  ["tenant", "LowCardinality(String)"],
  ["time_bucket", "DateTime('UTC')"],
  ["trace_id", "FixedString(16)"],
  ["span_id", "FixedString(8)"],
  ["parent_span_id", "FixedString(8)"],
  ["start_unix_nano", "UInt64"],
  ["duration_nano", "Int64"],
  ["name", "LowCardinality(String)"],
  ["kind", "UInt8"],
  ["status_code", "UInt8"],
  ["status_message", "String"],
  ["trace_state", "String"],
  ["flags", "UInt32"],
  ["marks", "UInt8"],
  ["dropped_attributes_count", "UInt32"],
  ["dropped_events_count", "UInt32"],
  ["dropped_links_count", "UInt32"],
  ["resource_schema_url", "LowCardinality(String)"],
  ["resource_dropped_attributes_count", "UInt32"],
  ["scope_name", "LowCardinality(String)"],
  ["scope_version", "LowCardinality(String)"],
  ["scope_schema_url", "LowCardinality(String)"],
  ["scope_dropped_attributes_count", "UInt32"],
]; // attributes with a column of their own follow

const columnsAfter: readonly NamedColumn[] = [
  ...attributeMaps.map(({ column, columnType }) => [column, columnType] as const),
  ["exact", "String"],
  ["event_time_unix_nano", "Array(UInt64)"],
  ["event_name", "Array(LowCardinality(String))"],
  ["event_dropped_attributes_count", "Array(UInt32)"],
  ["event_attributes", nestedAttributes],
  ["event_exact", "Array(String)"],
  ["link_trace_id", "Array(FixedString(16))"],
  ["link_span_id", "Array(FixedString(8))"],
  ["link_trace_state", "Array(String)"],
  ["link_flags", "Array(UInt32)"],
  ["link_dropped_attributes_count", "Array(UInt32)"],
  ["link_attributes", nestedAttributes],
  ["link_exact", "Array(String)"],
];

/** The table with columns for these attributes, too, beside those built in. */
export function spansTable(byTraffic: readonly PromotedAttribute[]): SpansTable {
  const all = [...builtInAttributes, ...byTraffic];
  const promoted = (["span", "resource"] as const).flatMap((scope) =>
    all.filter((attribute) => attribute.scope === scope),
  );
  const columns = promoted.map(({ column, columnType }) => [column, columnType] as const);
  return { promoted, columns: [...columnsBefore, ...columns, ...columnsAfter] };
}

/** The table as the migrations make it. */
export const builtInTable = spansTable([]);

/**
 * Tags within `exact`, which holds what no typed column can: a small protobuf message of KeyValues
 * (bytes, arrays, lists, empty values) by owner, and the resource's entity_refs. `event_exact` and
 * `link_exact` hold, by event or link, the KeyValues that are not strings, under `attributes`.
 */
export const exactTags = {
  attributes: 0x0a,
  resourceAttributes: 0x12,
  scopeAttributes: 0x1a,
  entityRefs: 0x22,
} as const;
