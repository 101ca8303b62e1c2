/** Where the values are that compare() compares. */
import { type SpanKind, spanKinds, type SpanStatus, spanStatuses } from "../model/trace.ts";
import type { Field, Value } from "../traceql/ast.ts";
import { comparedIntrinsics } from "../traceql/evaluate/metrics/compare.ts";
import { fieldText } from "../traceql/expression-text.ts";
import type { IntrinsicName } from "../traceql/intrinsics.ts";
import type { AllKeys } from "./all-keys.ts";
import {
  isEverExact,
  type KnownTable,
  mayBeExact,
  storedTypes,
  storedValues,
  type StoredScope,
  type StoredType,
} from "./attribute-sql.ts";
import { exactTagOf, keyValueOf } from "./exact-value.ts";
import { valueOf } from "./read-values.ts";
import { attributeMaps } from "./schema.ts";
import { type Sql, sql } from "./sql.ts";
import { type Condition, conditionSql, disjunction } from "./truth-sql.ts";

/** An attribute, and how its values are told. */
interface Compared {
  readonly label: string;
  /** What a value as text is. */
  readonly read: (text: string) => Value;
  /** Some of its values are in `exact`. */
  readonly isPart: boolean;
}

/** Values in a column; NULL for none. */
export interface ComparedColumn extends Compared {
  readonly value: Sql;
  /** A value as text; may be called with NULL. */
  readonly text: (value: Sql) => Sql;
  /** It is told of the trace's root, `roots.root`. */
  readonly needsRoot: boolean;
}

/** Values in a map, by key. */
export interface ComparedMap {
  readonly column: string;
  readonly attributes: ReadonlyMap<string, Compared>;
}

/** Values in `exact`, as hex. */
export interface ComparedEncoded {
  readonly where: Condition;
  readonly label: string;
  /** Undefined if it is no single value. */
  readonly read: (hex: string) => Value | undefined;
}

/** What is compared and has a column of its own. */
export function comparedColumns(keys: AllKeys["keys"], table: KnownTable): ComparedColumn[] {
  return [
    ...comparedIntrinsics.map(intrinsicColumn),
    ...keys.flatMap(({ scope, key }) => attributeColumns(scope, key, table)),
  ];
}

function intrinsicColumn(name: IntrinsicName): ComparedColumn {
  const read = (text: string): Value => ({ type: "string", value: text });
  const label = fieldText({ kind: "intrinsic", name, ofParent: false, from: 0, to: 0 });
  const text = { label, read, isPart: false, needsRoot: false, text: plainText };
  switch (name) {
    case "span:name":
      return { ...text, value: sql`toNullable(name)` };
    case "span:status":
      return { ...text, ...numbered(sql`status_code`, spanStatuses), read: statusOf };
    case "span:kind":
      return { ...text, ...numbered(sql`kind`, spanKinds), read: kindOf };
    case "trace:rootName":
      return { ...text, value: sql`toNullable(roots.root.1)`, needsRoot: true };
    case "trace:rootService":
      return { ...text, value: sql`toNullable(roots.root.2)`, needsRoot: true };
    case "span:statusMessage":
      return { ...text, value: sql`nullIf(status_message, '')` };
    case "instrumentation:name":
      return { ...text, value: sql`nullIf(scope_name, '')` };
    case "instrumentation:version":
      return { ...text, value: sql`nullIf(scope_version, '')` };
    default:
      throw new Error(`${name} is not compared`);
  }
}

function plainText(value: Sql): Sql {
  return sql`toString(${value})`;
}

/** Words that are stored as numbers are grouped by as numbers: that takes less. */
function numbered(column: Sql, words: readonly string[]): Pick<ComparedColumn, "value" | "text"> {
  const list: Sql = sql`${{ type: "Array(String)", value: words }}`;
  return {
    value: sql`toNullable(${column})`,
    text: (value) =>
      sql`if(isNull(${value}), NULL, arrayElement(${list}, assumeNotNull(${value}) + 1))`,
  };
}

function statusOf(word: string): Value {
  return { type: "status", value: word as SpanStatus };
}

function kindOf(word: string): Value {
  return { type: "kind", value: word as SpanKind };
}

function labelOf(scope: StoredScope, key: string): string {
  const field: Field = { kind: "attribute", scope, name: key, ofParent: false, from: 0, to: 0 };
  return fieldText(field);
}

function attributeColumns(scope: StoredScope, key: string, table: KnownTable): ComparedColumn[] {
  const label = labelOf(scope, key);
  const isPart = isEverExact(table, scope, key);
  const stored = storedValues(table, scope, key);
  const common = { label, isPart, needsRoot: false, text: plainText };
  const columns = stored
    .filter(({ map }) => map === undefined)
    .map(({ type, value }) => ({ ...common, value, read: readerOf(type) }));
  if (scope !== "resource" || key !== "service.name") return columns;
  // It is never absent, see trace-view.ts.
  const isThere = disjunction([
    ...stored.map(({ present }) => present),
    mayBeExact(table, scope, key),
  ]);
  const value = sql`if(${conditionSql(isThere)}, resource_service_name, toNullable('unknown_service'))`;
  const service = { ...common, value, read: readerOf("string") };
  return [service, ...columns.filter((_, i) => stored[i]!.type !== "string")];
}

function readerOf(type: StoredType): (text: string) => Value {
  return (text) => valueOf(type, text);
}

/** What is compared and is in maps. */
export function comparedMaps(keys: AllKeys["keys"], table: KnownTable): ComparedMap[] {
  return attributeMaps.flatMap(({ scope: owner, type, column }) => {
    const scope = owner === "scope" ? "instrumentation" : owner;
    const attributes = new Map<string, Compared>();
    for (const { scope: scopeOfKey, key } of keys) {
      if (scopeOfKey !== scope) continue;
      const places = storedValues(table, scope, key);
      const place = places.find(
        (one) => one.map !== undefined && one.type === storedTypes.get(type),
      );
      if (place === undefined) continue;
      const isPart = isEverExact(table, scope, key);
      attributes.set(key, { label: labelOf(scope, key), read: readerOf(place.type), isPart });
    }
    return attributes.size === 0 ? [] : [{ column, attributes }];
  });
}

/** What is compared and may be in `exact`. */
export function comparedEncoded(keys: AllKeys["keys"], table: KnownTable): ComparedEncoded[] {
  return keys.flatMap(({ scope, key }) => {
    const where = mayBeExact(table, scope, key);
    if (where === false) return [];
    const read = (hex: string): Value | undefined => {
      const value = keyValueOf(Buffer.from(hex, "hex"), exactTagOf[scope], key);
      return value?.type === "array" ? undefined : value;
    };
    return [{ where, label: labelOf(scope, key), read }];
  });
}
