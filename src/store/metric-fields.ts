/** What metrics group and measure by, as SQL over the spans table: as far as SQL can tell it of a row. */
import { spanKinds, spanStatuses } from "../model/trace.ts";
import type { Attribute, Field, Value } from "../traceql/ast.ts";
import type { IntrinsicName } from "../traceql/intrinsics.ts";
import {
  anyPresent,
  type KnownTable,
  mayBeExact,
  storedValues,
  type StoredScope,
  type StoredType,
  type StoredValue,
} from "./attribute-sql.ts";
import type { Column } from "./native/block-reader.ts";
import { byteAt, float64At, int64At, isNullAt, textAt, valuesOf } from "./native/column-values.ts";
import { type Sql, sql } from "./sql.ts";
import { type Condition, conditionSql, conjunction, disjunction, negate } from "./truth-sql.ts";

/** A column to group by, and the value that an answer's item stands for; undefined for none. */
export interface GroupColumn {
  readonly value: Sql;
  readonly read: (column: Column, i: number) => Value | undefined;
}

/** A field to group by: the value is that of the first of the columns that has one. */
export interface GroupField {
  readonly columns: readonly GroupColumn[];
  /** Where no column has one. */
  readonly otherwise: Value | undefined;
  /** Rows whose value the columns may not have. */
  readonly uncertain: Condition;
}

/** The field as columns; undefined if SQL cannot tell it. */
export function groupField(field: Field, table: KnownTable): GroupField | undefined {
  if (field.ofParent) return undefined;
  if (field.kind === "intrinsic") return intrinsicGroup(field.name);
  const places = placesOf(field, table);
  if (places === undefined) return undefined;
  const isService = field.name === "service.name" && field.scope !== "span";
  return {
    columns: places.stored.map(({ type, value, where, isNullable }) => ({
      value: where === true && isNullable ? value : sql`if(${conditionSql(where)}, ${value}, NULL)`,
      read: readers[type],
    })),
    otherwise:
      isService && field.scope !== "instrumentation"
        ? { type: "string", value: "unknown_service" }
        : undefined,
    uncertain: places.uncertain,
  };
}

/** One place where numbers of a field may be: rows that meet `where` have this one. */
export interface MeasurePart {
  readonly where: Condition;
  readonly value: Sql;
  readonly type: "int" | "float";
}

/** Where the numbers of a field are. */
export interface MeasureField {
  readonly parts: readonly MeasurePart[];
  /** Rows whose number may be elsewhere. */
  readonly uncertain: Condition;
}

/** The field's numbers; undefined if SQL cannot tell them. */
export function measureField(field: Field, table: KnownTable): MeasureField | undefined {
  if (field.ofParent) return undefined;
  if (field.kind === "intrinsic") {
    const value = numbers[field.name];
    if (value !== undefined) {
      return { parts: [{ where: true, value, type: "int" }], uncertain: false };
    }
    // Names are no numbers.
    return intrinsicGroup(field.name) && { parts: [], uncertain: false };
  }
  const places = placesOf(field, table);
  if (places === undefined) return undefined;
  const parts = places.stored.flatMap(({ type, value, present, where }): MeasurePart[] => {
    if (type !== "int" && type !== "float") return [];
    return [{ where: conjunction([where, present]), value: sql`assumeNotNull(${value})`, type }];
  });
  return { parts, uncertain: places.uncertain };
}

const numbers: Readonly<Partial<Record<IntrinsicName, Sql>>> = {
  "span:duration": sql`duration_nano`,
  "span:start": sql`toInt64(start_unix_nano)`,
  "span:end": sql`(toInt64(start_unix_nano) + duration_nano)`,
};

interface Place extends StoredValue {
  /** Rows in which the value counts, if it is there. */
  readonly where: Condition;
  readonly isNullable: boolean;
}

interface Places {
  readonly stored: readonly Place[];
  readonly uncertain: Condition;
}

function placesOf({ scope, name }: Attribute, table: KnownTable): Places | undefined {
  switch (scope) {
    case "event":
    case "link":
      return undefined;
    case "any": {
      // The span's value hides the resource's.
      const own = ownerPlaces("span", name, table);
      const others = ownerPlaces("resource", name, table);
      const isHidden: Condition = own.stored.length > 0 && anyPresent(own.stored);
      const visible = others.stored.map((place) => ({
        ...place,
        where: conjunction([place.where, negate(isHidden)]),
      }));
      return {
        stored: [...own.stored, ...visible],
        uncertain: disjunction([own.uncertain, others.uncertain]),
      };
    }
    default:
      return ownerPlaces(scope, name, table);
  }
}

function ownerPlaces(scope: StoredScope, key: string, table: KnownTable): Places {
  return {
    stored: storedValues(table, scope, key).map((stored) => ({
      ...stored,
      where: stored.map !== undefined ? stored.present : true,
      isNullable: stored.map === undefined,
    })),
    uncertain: mayBeExact(table, scope, key),
  };
}

type Read = GroupColumn["read"];

const orNull =
  (read: (column: Column, i: number) => Value): Read =>
  (column, i) =>
    isNullAt(column, i) ? undefined : read(valuesOf(column), i);

const readers: Readonly<Record<StoredType, Read>> = {
  string: orNull((column, i) => ({ type: "string", value: textAt(column, i) })),
  int: orNull((column, i) => ({ type: "int", value: int64At(column, i) })),
  float: orNull((column, i) => ({ type: "float", value: float64At(column, i) })),
  bool: orNull((column, i) => ({ type: "bool", value: byteAt(column, i) !== 0 })),
};

const text: Read = (column, i) => ({ type: "string", value: textAt(column, i) });
const int: Read = (column, i) => ({ type: "int", value: int64At(column, i) });
const duration: Read = (column, i) => ({ type: "duration", value: int64At(column, i) });
const status: Read = (column, i) => ({ type: "status", value: spanStatuses[byteAt(column, i)]! });
const kind: Read = (column, i) => ({ type: "kind", value: spanKinds[byteAt(column, i)]! });

const groups: Readonly<Partial<Record<IntrinsicName, readonly [value: Sql, read: Read]>>> = {
  "span:name": [sql`name`, text],
  "span:status": [sql`status_code`, status],
  "span:kind": [sql`kind`, kind],
  "span:statusMessage": [sql`status_message`, text],
  "span:id": [sql`lower(hex(span_id))`, text],
  "span:parentID": [sql`lower(hex(parent_span_id))`, text],
  "span:duration": [sql`duration_nano`, duration],
  "span:start": [sql`toInt64(start_unix_nano)`, int],
  "span:end": [sql`(toInt64(start_unix_nano) + duration_nano)`, int],
  "trace:id": [sql`trim(LEADING '0' FROM lower(hex(trace_id)))`, text],
  "instrumentation:name": [sql`scope_name`, text],
  "instrumentation:version": [sql`scope_version`, text],
};

function intrinsicGroup(name: IntrinsicName): GroupField | undefined {
  const group = groups[name];
  if (group === undefined) return undefined;
  const [value, read] = group;
  return { columns: [{ value, read }], otherwise: undefined, uncertain: false };
}
