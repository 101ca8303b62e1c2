/** The different values that a field has among some spans. */
import { type AttributeType, attributeTypes } from "../model/attribute-columns.ts";
import type { Field, Value } from "../traceql/ast.ts";
import type { IntrinsicName } from "../traceql/intrinsics.ts";
import {
  mayBeExact,
  serviceSql,
  storedValues,
  type StoredScope,
  type StoredType,
  type StoredValue,
} from "./attribute-sql.ts";
import { type CandidateReading, inBuckets, type Stretch } from "./candidates.ts";
import type { KeyTypes } from "./key-types.ts";
import { exactTags, type SpansTable } from "./schema.ts";
import { exactTagOf, keyValueOf } from "./exact-value.ts";
import { ofTenants } from "./of-tenants.ts";
import { identifier, type Sql, sql } from "./sql.ts";
import { type Condition, conditionSql } from "./truth-sql.ts";

/** Values asked for. */
export interface ValuesQuery {
  readonly field: Field;
  readonly table: SpansTable;
  /** Of the spans, as filter-sql.ts makes it. */
  readonly where: Condition;
  readonly stretch: Stretch;
  readonly types: KeyTypes;
  /** Values of each type, the first ones as text. */
  readonly limit: number;
}

/** A list of values: a statement's rows are `value` as text, of this type, or to be decoded. */
interface Source {
  readonly value: Sql;
  /** Besides the query's own. */
  readonly where: Sql;
  /** There is one value at most. */
  readonly isOne?: true;
  readonly values: (text: string) => readonly Value[];
}

/** Values as bytes can be many. */
const MOST_RESULT_BYTES = 16 * 2 ** 20;

/** Different values, in no order; there may be more if there are as many as the limit. */
export async function readValues(reading: CandidateReading, query: ValuesQuery): Promise<Value[]> {
  const found = new Map<string, Value>();
  for (const source of sourcesOf(query)) {
    for (const text of await readTexts(reading, query, source)) {
      for (const value of source.values(text)) found.set(`${value.type} ${value.value}`, value);
    }
  }
  return [...found.values()];
}

async function readTexts(
  { client, database, tenants, settings, sending }: CandidateReading,
  { where, stretch, limit }: ValuesQuery,
  source: Source,
): Promise<string[]> {
  const rows = await client.query<{ text: string }>(
    sql`SELECT toString(item) AS text
      FROM (
        SELECT ${source.value} AS item FROM ${identifier(database)}.spans
        WHERE ${ofTenants(tenants)} AND ${inBuckets(stretch)}
          AND ${source.where} AND ${conditionSql(where)}
        ${source.isOne === true ? sql`LIMIT 1` : sql``}
      )
      GROUP BY item ORDER BY item LIMIT ${{ type: "UInt64", value: limit }}`,
    {
      ...settings,
      max_result_bytes: String(MOST_RESULT_BYTES),
      result_overflow_mode: "break",
    },
    sending,
  );
  return rows.map(({ text }) => text);
}

const everywhere = sql`1`;

const typeNumbers: Readonly<Record<StoredType, AttributeType>> = {
  string: attributeTypes.string,
  int: attributeTypes.int,
  float: attributeTypes.double,
  bool: attributeTypes.bool,
};

/** What a value as text is. */
export function valueOf(type: StoredType, text: string): Value {
  switch (type) {
    case "string":
      return { type, value: text };
    case "int":
      return { type, value: BigInt(text) };
    case "float":
      return {
        type,
        value: text.endsWith("inf") ? Infinity * (text === "inf" ? 1 : -1) : Number(text),
      };
    case "bool":
      return { type, value: text === "true" };
  }
}

function sourcesOf({ field, table, types }: ValuesQuery): Source[] {
  if (field.kind === "intrinsic") return intrinsicSources(field.name);
  const { scope, name } = field;
  switch (scope) {
    case "any":
      return (["span", "resource"] as const).flatMap((owner) =>
        ownerSources(owner, name, { table, types }),
      );
    case "event":
    case "link":
      return itemSources(scope, name, types);
    default:
      return ownerSources(scope, name, { table, types });
  }
}

function ownerSources(
  scope: StoredScope,
  key: string,
  { table, types }: Pick<ValuesQuery, "table" | "types">,
): Source[] {
  const known = types.of(scope, key);
  const isService = scope === "resource" && key === "service.name";
  const sources = storedValues(table, scope, key)
    .filter(({ type }) => known.has(typeNumbers[type]) && !(isService && type === "string"))
    .flatMap(storedSources);
  if (known.has(attributeTypes.encoded)) {
    const values = (text: string): readonly Value[] => encodedValues(text, exactTagOf[scope], key);
    const where = conditionSql(mayBeExact(table, scope, key));
    sources.push({ value: sql`hex(exact)`, where, values });
  }
  if (isService) sources.push(serviceNames);
  return sources;
}

/**
 * The values of one type. To look which keys the maps have takes four times as long as to read what they
 * have under one: whether a zero is a value, too, is asked by itself, and the blooms over values mostly
 * say that there is none.
 */
function storedSources({ type, value, present, map }: StoredValue): Source[] {
  const values = (text: string): readonly Value[] => [valueOf(type, text)];
  if (map === undefined) return [{ value, where: present, values }];
  const zero = zeros[type];
  const isZero = sql`has(mapValues(${map}), ${zero}) AND ${present} AND ${value} = ${zero}`;
  return [
    { value, where: sql`${value} != ${zero}`, values },
    { value, where: isZero, values, isOne: true },
  ];
}

/** What maps have for a missing key. */
const zeros: Readonly<Record<StoredType, Sql>> = {
  string: sql`''`,
  int: sql`0`,
  float: sql`0`,
  bool: sql`false`,
};

/** Spans whose sender left the service out have one all the same; see trace-view.ts. */
const serviceNames: Source = {
  value: sql`ifNull(resource_service_name, 'unknown_service')`,
  where: everywhere,
  values: (text) => [valueOf("string", text)],
};

/** What the encoded attributes have under a key: of an array each item. */
function encodedValues(hex: string, tag: number, key: string): readonly Value[] {
  const value = keyValueOf(Buffer.from(hex, "hex"), tag, key);
  if (value === undefined) return [];
  return value.type === "array" ? value.values : [value];
}

function itemSources(scope: "event" | "link", key: string, types: KeyTypes): Source[] {
  const text = sql`${{ type: "String", value: key }}`;
  const maps = identifier(`${scope}_attributes`);
  const exacts = identifier(`${scope}_exact`);
  const known = types.of(scope, key);
  const sources: Source[] = [];
  if (known.has(attributeTypes.string)) {
    sources.push({
      value: sql`arrayJoin(arrayMap(x -> x[${text}], arrayFilter(x -> mapContains(x, ${text}), ${maps})))`,
      where: sql`notEmpty(${maps})`,
      values: (found) => [valueOf("string", found)],
    });
  }
  if ([...known].some((type) => type !== attributeTypes.string)) {
    sources.push({
      value: sql`hex(arrayJoin(arrayFilter(x -> position(x, ${text}) > 0, ${exacts})))`,
      where: sql`notEmpty(${exacts})`,
      values: (found) => encodedValues(found, exactTags.attributes, key),
    });
  }
  return sources;
}

const ofRoots = sql`parent_span_id = toFixedString('', 8)`;

/** Of those with few values, that is of names; ids and times are different for every span. */
function intrinsicSources(name: IntrinsicName): Source[] {
  const texts = (value: Sql, where = everywhere): Source[] => [
    { value, where, values: (text) => [valueOf("string", text)] },
  ];
  switch (name) {
    case "span:name":
      return texts(sql`name`);
    case "span:statusMessage":
      return texts(sql`status_message`);
    case "trace:rootName":
      return texts(sql`name`, ofRoots);
    case "trace:rootService":
      return texts(serviceSql, ofRoots);
    case "instrumentation:name":
      return texts(sql`scope_name`);
    case "instrumentation:version":
      return texts(sql`scope_version`);
    case "event:name":
      return texts(sql`arrayJoin(event_name)`, sql`notEmpty(event_name)`);
    case "event:timeSinceStart":
      return [
        {
          value: sql`arrayJoin(arrayMap(x -> toInt64(x) - toInt64(start_unix_nano), event_time_unix_nano))`,
          where: sql`notEmpty(event_time_unix_nano)`,
          values: (text) => [valueOf("int", text)],
        },
      ];
    default:
      return [];
  }
}
