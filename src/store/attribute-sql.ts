/**
 * Where the spans table keeps what TraceQL calls a field, as SQL: the one place that knows it.
 *
 *     span.http.route    promoted         span_http_route           NULL where absent
 *     span.app.tier      in a map         span_attributes_string    keys "app.tier" …
 *     either, an array   in `exact`       as encoded KeyValues: no SQL reads these, the evaluator does
 *
 * A key may have values of several types, each type in a place of its own.
 */
import { type AttributeType, attributeTypes } from "../model/attribute-columns.ts";
import type { KeyScope } from "../model/attribute-key.ts";
import { attributeMaps, type SpansTable } from "./schema.ts";
import { identifier, type Param, type Sql, sql } from "./sql.ts";
import { type Condition, conditionSql, disjunction } from "./truth-sql.ts";

/** The spans table as a question about some of its spans sees it. */
export interface KnownTable extends SpansTable {
  /** The types that values of an attribute have among these spans; undefined if that is not known. */
  readonly typesOf?: (scope: KeyScope, key: string) => ReadonlySet<AttributeType> | undefined;
}

/** Types that typed columns hold. */
export type StoredType = "string" | "int" | "float" | "bool";

/** Whose attributes a span has. */
export type StoredScope = "span" | "resource" | "instrumentation";

/** Where the values of one type are. */
export interface StoredValue {
  readonly type: StoredType;
  /** The value; NULL or the type's zero where there is none. */
  readonly value: Sql;
  /** Whether there is one; never NULL. */
  readonly present: Sql;
  /** The map it is in; absent values read as zero rather than NULL. Undefined for a column of its own. */
  readonly map: Sql | undefined;
}

/** The types of values by that of an attribute. */
export const storedTypes: ReadonlyMap<number, StoredType> = new Map([
  [attributeTypes.string, "string"],
  [attributeTypes.int, "int"],
  [attributeTypes.double, "float"],
  [attributeTypes.bool, "bool"],
]);

/** Where the values of an attribute may be, one for each type that they have. */
export function storedValues(table: KnownTable, scope: StoredScope, key: string): StoredValue[] {
  const keyParam: Param = { type: "String", value: key };
  const owner = scope === "instrumentation" ? "scope" : scope;
  const types = table.typesOf?.(scope, key);
  return attributeMaps
    .filter((map) => map.scope === owner && types?.has(map.type) !== false)
    .map((map): StoredValue => {
      const type = storedTypes.get(map.type)!;
      const promoted = table.promoted.find(
        (attribute) =>
          attribute.scope === owner && attribute.key === key && attribute.type === map.type,
      );
      if (promoted !== undefined) {
        const value = identifier(promoted.column);
        return { type, value, present: sql`isNotNull(${value})`, map: undefined };
      }
      const column = identifier(map.column);
      return {
        type,
        value: sql`${column}[${keyParam}]`,
        present: sql`mapContains(${column}, ${keyParam})`,
        map: column,
      };
    });
}

/** Whether some of the spans may have a value that no typed column of the attribute holds. */
export function isEverExact({ typesOf }: KnownTable, scope: KeyScope, key: string): boolean {
  return typesOf?.(scope, key)?.has(attributeTypes.encoded) !== false;
}

/** Whether the span may have a value under the key that no typed column holds. The index on the length
 * passes over what has none at all. */
export function mayBeExact(table: KnownTable, scope: StoredScope, key: string): Condition {
  if (!isEverExact(table, scope, key)) return false;
  return sql`(length(exact) > 0 AND position(exact, ${{ type: "String", value: key }}) > 0)`;
}

/** Whether there is a value of one of these types. */
export function anyPresent(stored: readonly StoredValue[]): Sql {
  return conditionSql(disjunction(stored.map(({ present }) => present)));
}

/** The service of a span, as answers call it. */
export const serviceSql: Sql = sql`ifNull(nullIf(resource_service_name, ''), 'unknown_service')`;

/** Where a span is filed in time, in unix nanoseconds: its start, or about its arrival if the start is
 * out of all bounds (`markBits` farFuture and farPast). */
export const filedSql: Sql = sql`if(bitAnd(marks, 6) = 0, start_unix_nano,
  toUnixTimestamp(time_bucket) * toUInt64(1000000000))`;
