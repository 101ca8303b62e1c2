/**
 * Columns that traffic brings: one for an attribute that many spans have. `ALTER TABLE` adds it with
 * a default that reads the map, so nothing is rewritten: older rows, and blocks made without the
 * column, show through it what their map holds. A row in `promoted_attributes` says that the column
 * is there; it is written last, and both can be done again if that fails half-way.
 */
import assert from "node:assert/strict";
import { type AttributeType, attributeTypes } from "../model/attribute-columns.ts";
import type { StoreClient } from "./client.ts";
import type { PromotedAttribute } from "./promoted.ts";
import { attributeMaps, type SpansTable, spansTable } from "./schema.ts";
import { identifier, joinSql, programText, type Sql, sql } from "./sql.ts";

/** An attribute that is to have a column, and why, for the record. */
export interface Promotion {
  readonly attribute: PromotedAttribute;
  readonly reason: string;
}

interface LedgerRow extends Omit<PromotedAttribute, "type"> {
  readonly type: keyof typeof attributeTypes;
  readonly settled: 0 | 1;
}

/** The table as it is to be read, and as it is to be written. */
export interface SpansTables {
  /** With every column. */
  readonly read: SpansTable;
  /** Without the newest columns: of those, others that read may not know yet. */
  readonly write: SpansTable;
  /** How many columns traffic has brought. */
  readonly byTraffic: number;
}

/**
 * The table as it is now. Every process looks for itself, at least every `settleSeconds`: a column is
 * read from the first look on and written once it is twice that old, when all have seen it.
 */
export async function readTables(
  client: StoreClient,
  { database, settleSeconds }: { readonly database: string; readonly settleSeconds: number },
): Promise<SpansTables> {
  const rows = await client.query<LedgerRow>(
    sql`SELECT scope, key, type, column, column_type AS columnType,
        promoted_at < now64(3) - ${{ type: "UInt32", value: 2 * settleSeconds }} AS settled
      FROM ${identifier(database)}.promoted_attributes
      ORDER BY promoted_at, column LIMIT 1 BY column`,
  );
  const attributes = rows.map(({ settled, type, ...row }) => ({
    settled: settled === 1,
    attribute: { ...row, type: attributeTypes[type] },
  }));
  return {
    read: spansTable(attributes.map(({ attribute }) => attribute)),
    write: spansTable(attributes.flatMap(({ settled, attribute }) => (settled ? [attribute] : []))),
    byTraffic: attributes.length,
  };
}

/** Adds the columns and records them. Throws what the client throws. */
export async function promote(
  client: StoreClient,
  { database, cluster }: { readonly database: string; readonly cluster?: string | undefined },
  promotions: readonly Promotion[],
): Promise<void> {
  const onCluster = cluster === undefined ? sql`` : sql`ON CLUSTER ${identifier(cluster)}`;
  const columns = promotions.flatMap(({ attribute }) => [
    addColumn(attribute),
    ...(attribute.columnType === "Nullable(String)" ? [addIndex(attribute)] : []),
  ]);
  await client.command(
    sql`ALTER TABLE ${identifier(database)}.spans ${onCluster} ${joinSql(columns, sql`, `)}`,
  );
  await client.command(
    sql`INSERT INTO ${identifier(database)}.promoted_attributes
      (scope, key, type, column, column_type, reason)
      ${joinSql(promotions.map(ledgerRow), sql` UNION ALL `)}`,
  );
}

function addColumn({ scope, key, type, column, columnType }: PromotedAttribute): Sql {
  const from = attributeMaps.find((map) => map.scope === scope && map.type === type);
  assert(from !== undefined, `no map holds ${scope}.${key}`);
  const map = identifier(from.column);
  const text = { type: "String", value: key } as const;
  return sql`ADD COLUMN IF NOT EXISTS ${identifier(column)} ${programText(columnType)}
    DEFAULT if(mapContains(${map}, ${text}), ${map}[${text}], NULL) CODEC(ZSTD(1))`;
}

/** In the map the value had an index, too. */
function addIndex({ column }: PromotedAttribute): Sql {
  return sql`ADD INDEX IF NOT EXISTS ${identifier(`${column}_bloom`)} ${identifier(column)}
    TYPE bloom_filter(0.01) GRANULARITY 1`;
}

function ledgerRow({ attribute, reason }: Promotion): Sql {
  const { scope, key, type, column, columnType } = attribute;
  const texts = [scope, key, typeName(type), column, columnType, reason];
  return sql`SELECT ${joinSql(
    texts.map((value) => sql`${{ type: "String", value }}`),
    sql`, `,
  )}`;
}

function typeName(type: AttributeType): string {
  return Object.entries(attributeTypes).find(([, number]) => number === type)![0];
}
