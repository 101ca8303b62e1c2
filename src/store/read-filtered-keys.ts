/** The keys of attributes that some spans have, read from the spans themselves. */
import { ProtoReader } from "../base/protobuf.ts";
import { keyValueTags } from "../model/any-value.ts";
import type { KeyScope } from "../model/attribute-key.ts";
import { type CandidateReading, inBuckets, type Stretch } from "./candidates.ts";
import { attributeMaps, exactTags, type SpansTable } from "./schema.ts";
import { ofTenants } from "./of-tenants.ts";
import { identifier, joinSql, programText, type Sql, sql } from "./sql.ts";
import { type Condition, conditionSql } from "./truth-sql.ts";

/** Which spans' keys. */
export interface FilteredKeysQuery {
  readonly table: SpansTable;
  readonly scopes: readonly KeyScope[];
  /** Of the spans, as filter-sql.ts makes it. */
  readonly where: Condition;
  readonly stretch: Stretch;
  /** Keys of one kind at most. */
  readonly limit: number;
}

/** Keys by scope. */
export type KeySets = ReadonlyMap<KeyScope, Set<string>>;

/** Of encoded attributes so many different ones are looked at: an odd kind of attribute, and mostly
 * of few values. */
const MOST_ENCODED = 10_000;

/** Something to look for: an aggregate, and what it says of keys. */
interface Look {
  readonly scope: KeyScope;
  readonly aggregate: Sql;
  readonly keys: (found: readonly string[]) => Iterable<string>;
}

/** Adds the keys that the spans have to those known, which are not looked for again. */
export async function addFilteredKeys(
  { client, database, tenants, settings, sending }: CandidateReading,
  query: FilteredKeysQuery,
  known: KeySets,
): Promise<void> {
  const looks = looksOf(query, known);
  if (looks.length === 0) return;
  const aggregates = looks.map(
    ({ aggregate }, i) => sql`${aggregate} AS ${identifier(`look${i}`)}`,
  );
  const [row] = await client.query<Record<string, string[]>>(
    sql`SELECT ${joinSql(aggregates, sql`, `)}
      FROM ${identifier(database)}.spans
      WHERE ${ofTenants(tenants)} AND ${inBuckets(query.stretch)}
        AND ${conditionSql(query.where)}`,
    // So many aggregates take longer to compile than to calculate.
    { ...settings, compile_aggregate_expressions: 0, compile_expressions: 0 },
    sending,
  );
  looks.forEach(({ scope, keys }, i) => {
    for (const key of keys(row?.[`look${i}`] ?? [])) known.get(scope)!.add(key);
  });
}

function looksOf({ table, scopes, limit }: FilteredKeysQuery, known: KeySets): Look[] {
  const wanted = new Set(scopes);
  return [
    ...promotedLooks(table, known),
    ...mapLooks(limit),
    ...encodedLooks(),
    ...itemLooks(limit),
  ].filter(({ scope }) => wanted.has(scope));
}

function promotedLooks({ promoted }: SpansTable, known: KeySets): Look[] {
  return promoted
    .filter(({ scope, key }) => known.get(scope)?.has(key) !== true)
    .map(({ scope, key, column }) => ({
      scope,
      aggregate: sql`if(countIf(isNotNull(${identifier(column)})) > 0, [''], [])`,
      keys: (found) => found.map(() => key),
    }));
}

function mapLooks(limit: number): Look[] {
  return attributeMaps.map(({ scope, column }) => ({
    scope: scope === "scope" ? "instrumentation" : scope,
    aggregate: uniqueItems(sql`mapKeys(${identifier(column)})`, limit),
    keys: (found) => found,
  }));
}

function uniqueItems(arrays: Sql, limit: number): Sql {
  return sql`groupUniqArrayArray(${programText(String(limit))})(${arrays})`;
}

function encodedLooks(): Look[] {
  const owners = [
    ["span", exactTags.attributes],
    ["resource", exactTags.resourceAttributes],
    ["instrumentation", exactTags.scopeAttributes],
  ] as const;
  const most = programText(String(MOST_ENCODED));
  const aggregate = sql`groupUniqArrayIf(${most})(hex(exact), length(exact) > 0)`;
  return owners.map(([scope, tag]) => ({
    scope,
    aggregate,
    keys: (found) => found.flatMap((hex) => encodedKeys(hex, tag)),
  }));
}

function itemLooks(limit: number): Look[] {
  return (["event", "link"] as const).flatMap((scope): Look[] => [
    {
      scope,
      aggregate: uniqueItems(
        sql`arrayFlatten(arrayMap(x -> mapKeys(x), ${identifier(`${scope}_attributes`)}))`,
        limit,
      ),
      keys: (found) => found,
    },
    {
      scope,
      aggregate: uniqueItems(
        sql`arrayMap(x -> hex(x), arrayFilter(x -> notEmpty(x), ${identifier(`${scope}_exact`)}))`,
        MOST_ENCODED,
      ),
      keys: (found) => found.flatMap((hex) => encodedKeys(hex, exactTags.attributes)),
    },
  ]);
}

/** The keys of the encoded KeyValues under a tag. */
function encodedKeys(hex: string, wanted: number): string[] {
  const keys: string[] = [];
  const reader = new ProtoReader(Buffer.from(hex, "hex"));
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    const bytes = reader.slice();
    if (tag !== wanted) continue;
    const pair = new ProtoReader(bytes);
    for (let part = pair.tag(); part !== 0; part = pair.tag()) {
      const slice = pair.slice();
      if (part === keyValueTags.key) keys.push(Buffer.from(slice).toString());
    }
  }
  return keys;
}
