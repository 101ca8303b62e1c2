/**
 * What compare() counts, wholly in SQL: for each attribute how many of the selected spans and of the others
 * have each value, sample by sample, and of the values only those that come up most. Many columns are
 * grouped by in one pass, each by itself (GROUPING SETS), and a group has an array, an item a side and
 * sample; attributes in maps are grouped by key and value, a map at a time.
 */
import type { Value } from "../traceql/ast.ts";
import type { SpanSum } from "../traceql/evaluate/metrics/leaf.ts";
import type { AllKeys } from "./all-keys.ts";
import { type KnownTable, serviceSql } from "./attribute-sql.ts";
import { type Candidate, type CandidateReading, inBuckets, widened } from "./candidates.ts";
import {
  type ComparedColumn,
  comparedColumns,
  type ComparedEncoded,
  comparedEncoded,
  type ComparedMap,
  comparedMaps,
} from "./compared-places.ts";
import type { OddBuckets } from "./odd-times.ts";
import { rankSql, sampleOf, type Samples, stretchOfSamples } from "./metric-sums.ts";
import { identifier, joinSql, programText, type Sql, sql } from "./sql.ts";
import { type Condition, conditionSql, conjunction } from "./truth-sql.ts";

/** What is asked. */
export interface CompareQuery {
  readonly table: KnownTable;
  readonly keys: AllKeys["keys"];
  /** Of rows: those that are compared, and of these the selected ones. SQL tells both exactly. */
  readonly where: Condition;
  readonly isSelected: Condition;
  readonly samples: Samples;
  readonly odd: OddBuckets;
  /** Values of an attribute and side. */
  readonly top: number;
  /** Rows that far from the samples say what a trace's root is. */
  readonly reachNano: bigint;
}

/** How many spans of a side have a value of an attribute; without a value, any. */
export interface ValueCounts {
  readonly side: "baseline" | "selection";
  readonly label: string;
  readonly value: Value | undefined;
  readonly counts: readonly SpanSum[];
}

/** Columns that are grouped by in one pass. */
const TOGETHER = 20;
/** Values where some may be in another place, too, so that it is not known which come up most. */
const MOST_OF_PART = 10_000;
/** Items of an array, with which a group of its own for each side and sample is not needed. */
const MOST_ITEMS = 16;

/** Counts of all attributes. */
export async function* readCompared(
  reading: () => CandidateReading,
  query: CompareQuery,
): AsyncGenerator<ValueCounts> {
  const columns = comparedColumns(query.keys, query.table);
  const plain = columns.filter(({ needsRoot }) => !needsRoot);
  const lots = [columns.filter(({ needsRoot }) => needsRoot)];
  for (let at = 0; at < plain.length; at += TOGETHER) lots.push(plain.slice(at, at + TOGETHER));
  for (const lot of lots) yield* await readColumns(reading(), query, lot);
  for (const map of comparedMaps(query.keys, query.table)) {
    yield* await readMap(reading(), query, map);
  }
  for (const encoded of comparedEncoded(query.keys, query.table)) {
    yield* await readEncoded(reading(), query, encoded);
  }
}

/** A value and how many spans have it: by side and sample, or those that are not 0 with their numbers. */
interface Row {
  readonly place: string;
  readonly is_total: 0 | 1;
  readonly text: string;
  readonly items: readonly (readonly [at: string, count: string])[];
}

async function readRows(
  { client, settings, sending }: CandidateReading,
  statement: Sql,
): Promise<Row[]> {
  return client.query<Row>(
    statement,
    {
      ...settings,
      output_format_json_named_tuples_as_objects: 0,
      // There is one statement of a kind; compiling it takes longer than it runs.
      compile_expressions: 0,
      compile_aggregate_expressions: 0,
    },
    sending,
  );
}

/** What a row counts, on either side. */
function countsOf(
  { items }: Row,
  { samples }: CompareQuery,
  { label, value }: Pick<ValueCounts, "label" | "value">,
): ValueCounts[] {
  const sides = { baseline: [] as SpanSum[], selection: [] as SpanSum[] };
  for (const [at, count] of items) {
    const [place, weight] = [Number(at), Number(count)];
    const side = place < samples.count ? "baseline" : "selection";
    sides[side].push({ index: samples.first + (place % samples.count), measure: 1, weight });
  }
  return (["baseline", "selection"] as const).flatMap((side) =>
    sides[side].length > 0 ? [{ side, label, value, counts: sides[side] }] : [],
  );
}

/** The number of a row's side and sample: those of the baseline first. */
function placeOf({ isSelected, samples }: CompareQuery): Sql {
  const side = sql`toUInt8(${conditionSql(isSelected)})`;
  return sql`toUInt32(${side} * ${number(samples.count)} + ${sampleOf(samples)})`;
}

/** For how many spans a row stands. */
function weightOf({ odd, samples }: CompareQuery): Sql {
  return odd.isWeighted(stretchOfSamples(samples))
    ? sql`sampling_weight AS weight`
    : sql`toUInt8(1) AS weight`;
}

/**
 * The groups of rows that have a `place` beside what `keys` groups by, as rows with items: in one go where
 * the items are few, else by way of groups of a key and place.
 */
function grouped(
  query: CompareQuery,
  parts: { readonly columns: Sql; readonly keys: readonly Sql[]; readonly from: Sql },
): Sql {
  const { columns, keys, from } = parts;
  const count = 2 * query.samples.count;
  const sets = (more: Sql): Sql =>
    joinSql(
      keys.map((key) => sql`(${key}${more})`),
      sql`, `,
    );
  if (count <= MOST_ITEMS) {
    const most = number(count);
    const counts = query.odd.isWeighted(stretchOfSamples(query.samples))
      ? sql`sumResample(0, ${most}, 1)(weight, at)`
      : sql`countResample(0, ${most}, 1)(at)`;
    return sql`SELECT *, arrayFilter(x -> x.2 > 0, arrayZip(range(${most}), counts)) AS items
      FROM (SELECT ${columns}, ${counts} AS counts FROM (${from})
        GROUP BY GROUPING SETS (${sets(sql``)}))`;
  }
  return sql`SELECT * EXCEPT (at, spans), groupArray((at, spans)) AS items
    FROM (SELECT ${columns}, at, sum(weight) AS spans FROM (${from})
      GROUP BY GROUPING SETS (${sets(sql`, at`)}))
    GROUP BY ALL`;
}

/** Of each place and side the values that come up most; totals all. */
function mostOf(query: CompareQuery, rows: Sql, limit: number): Sql {
  const count = number(query.samples.count);
  return sql`SELECT place, is_total, text, ofSide AS items
    FROM (
      SELECT *, arrayJoin([0, 1]) AS side,
        arrayFilter(x -> (x.1 >= ${count}) = side, items) AS ofSide,
        arraySum(x -> x.2, ofSide) AS total
      FROM (${rows})
    )
    WHERE total > 0
    ORDER BY total DESC, concat(text, ':')
    LIMIT ${number(limit)} BY place, is_total, side`;
}

async function readColumns(
  reading: CandidateReading,
  query: CompareQuery,
  columns: readonly ComparedColumn[],
): Promise<ValueCounts[]> {
  const names = columns.map((_, i) => identifier(`c${i}`));
  const values = columns.map(({ value }, i) => sql`${value} AS ${names[i]!}`);
  const isPart = columns.some((column) => column.isPart);
  const from = sql`SELECT ${placeOf(query)} AS at, ${weightOf(query)}, ${joinSql(values, sql`, `)}
    ${fromRows(
      reading,
      query,
      columns.some(({ needsRoot }) => needsRoot),
    )}`;
  // Of the columns that a group is not by, there is a bit.
  const bits = sql`grouping(${joinSql(names, sql`, `)})`;
  const all = 2 ** columns.length - 1;
  const cases = names.flatMap((name, i) => [
    sql`bits = ${number(all - 2 ** (columns.length - 1 - i))}`,
    sql`(${number(i)}, CAST(toString(${name}), 'Nullable(String)'))`,
  ]);
  const none = sql`(0, CAST(NULL, 'Nullable(String)'))`;
  const found = grouped(query, {
    columns: sql`${bits} AS bits, ${joinSql(names, sql`, `)}`,
    keys: names,
    from,
  });
  const rows = sql`SELECT toString(found.1) AS place, 0 AS is_total, found.2 AS text, items
    FROM (SELECT multiIf(${joinSql([...cases, none], sql`, `)}) AS found, items FROM (${found}))
    WHERE isNotNull(found.2)`;
  const limit = isPart ? MOST_OF_PART : Math.min(query.top, MOST_OF_PART);
  const counts = await readRows(reading, mostOf(query, rows, limit));
  const totals = await readRows(reading, totalsOf(columns, from));
  return [
    ...counts.flatMap((row) => {
      const { label, read } = columns[Number(row.place)]!;
      return countsOf(row, query, { label, value: read(row.text) });
    }),
    ...totals.flatMap((row) => {
      const { label } = columns[Number(row.place)]!;
      return countsOf(row, query, { label, value: undefined });
    }),
  ];
}

/** How many rows have any value. */
function totalsOf(columns: readonly ComparedColumn[], from: Sql): Sql {
  const sums = columns.map((_, i) => sql`sumIf(weight, isNotNull(${identifier(`c${i}`)}))`);
  return sql`SELECT toString(place) AS place, 1 AS is_total, '' AS text,
      groupArray((at, spans)) AS items
    FROM (
      SELECT at, counts[place + 1] AS spans, place
      FROM (SELECT at, [${joinSql(sums, sql`, `)}] AS counts FROM (${from}) GROUP BY at)
      ARRAY JOIN range(${number(columns.length)}) AS place
    )
    WHERE spans > 0
    GROUP BY place`;
}

async function readMap(
  reading: CandidateReading,
  query: CompareQuery,
  { column, attributes }: ComparedMap,
): Promise<ValueCounts[]> {
  const map = identifier(column);
  const from = sql`SELECT ${placeOf(query)} AS at, ${weightOf(query)},
      arrayJoin(arrayZip(mapKeys(${map}), mapValues(${map}))) AS pair, pair.1 AS key, pair.2 AS item
    ${fromRows(reading, query, false)} AND notEmpty(mapKeys(${map}))`;
  const found = grouped(query, {
    columns: sql`toUInt8(grouping(item)) AS is_total, key, item`,
    keys: [sql`key, item`, sql`key`],
    from,
  });
  const rows = sql`SELECT toString(key) AS place, is_total, if(is_total = 1, '', toString(item)) AS text,
    items FROM (${found})`;
  const isPart = [...attributes.values()].some((attribute) => attribute.isPart);
  const limit = isPart ? MOST_OF_PART : Math.min(query.top, MOST_OF_PART);
  const counts = await readRows(reading, mostOf(query, rows, limit));
  return counts.flatMap((row) => {
    const attribute = attributes.get(row.place);
    if (attribute === undefined) return [];
    const value = row.is_total === 1 ? undefined : attribute.read(row.text);
    return countsOf(row, query, { label: attribute.label, value });
  });
}

async function readEncoded(
  reading: CandidateReading,
  query: CompareQuery,
  { where, label, read }: ComparedEncoded,
): Promise<ValueCounts[]> {
  const from = sql`SELECT ${placeOf(query)} AS at, ${weightOf(query)}, hex(exact) AS item
    ${fromRows(reading, query, false)} AND ${conditionSql(where)}`;
  const found = grouped(query, { columns: sql`item`, keys: [sql`item`], from });
  const rows = sql`SELECT '' AS place, 0 AS is_total, item AS text, items FROM (${found})`;
  const counts = await readRows(reading, mostOf(query, rows, MOST_OF_PART));
  return counts.flatMap((row) => {
    const value = read(row.text);
    if (value === undefined) return [];
    const total = countsOf(row, query, { label, value: undefined });
    return [...countsOf(row, query, { label, value }), ...total];
  });
}

function number(value: number): Sql {
  return programText(String(value));
}

function fromRows(reading: CandidateReading, query: CompareQuery, needsRoot: boolean): Sql {
  const { database, tenant } = reading;
  const stretch = stretchOfSamples(query.samples);
  const { fromNano, toNano } = stretch;
  const spans = sql`${identifier(database)}.spans`;
  const within = sql`tenant = ${{ type: "String", value: tenant }} AND ${inBuckets(stretch)}`;
  const isOnce = query.odd.withDuplicates(stretch).length === 0;
  const from = isOnce
    ? spans
    : sql`(SELECT * FROM ${spans} WHERE ${within}
        LIMIT 1 BY trace_id, span_id, kind, ${serviceSql}) AS spans`;
  const where = conjunction([
    sql`start_unix_nano >= ${{ type: "UInt64", value: fromNano }}`,
    sql`start_unix_nano < ${{ type: "UInt64", value: toNano }}`,
    query.where,
  ]);
  const roots = needsRoot ? joinRoots(reading, query) : sql``;
  return sql`FROM ${from} ${roots} WHERE ${within} AND ${conditionSql(where)}`;
}

/** Beside each row what the root of its trace is called: the earliest span without a parent. */
function joinRoots({ database, tenant }: CandidateReading, query: CompareQuery): Sql {
  const stretch = widened(stretchOfSamples(query.samples), query.reachNano);
  return sql`ANY LEFT JOIN (
      SELECT trace_id, argMin((toString(name), ${serviceSql}), (start_unix_nano, span_id)) AS root
      FROM ${identifier(database)}.spans
      WHERE tenant = ${{ type: "String", value: tenant }} AND ${inBuckets(stretch)}
        AND parent_span_id = toFixedString('', 8)
      GROUP BY trace_id
    ) AS roots USING (trace_id)`;
}

/** Which spans may become exemplars. */
export interface ExemplarQuery extends Pick<CompareQuery, "where" | "isSelected" | "samples"> {
  /** Of each side and so many stretches of samples the span of the lowest rank. */
  readonly stretches: number;
  readonly limit: number;
}

/** The traces of the spans of the lowest ranks; of spans that start together, that of the first trace. */
export async function readExemplarTraces(
  { client, database, tenant, settings, sending }: CandidateReading,
  { where, isSelected, samples, stretches, limit }: ExemplarQuery,
): Promise<Candidate[]> {
  const stretch = stretchOfSamples(samples);
  const within = conjunction([
    sql`start_unix_nano >= ${{ type: "UInt64", value: stretch.fromNano }}`,
    sql`start_unix_nano < ${{ type: "UInt64", value: stretch.toNano }}`,
    where,
  ]);
  const rows = await client.query<{ id: string; start: string }>(
    sql`SELECT lower(hex(lowest.2)) AS id, toString(lowest.3) AS start
      FROM (
        SELECT min((${rankSql}, trace_id, start_unix_nano)) AS lowest
        FROM ${identifier(database)}.spans
        WHERE tenant = ${{ type: "String", value: tenant }} AND ${inBuckets(stretch)}
          AND ${conditionSql(within)}
        GROUP BY toUInt8(${conditionSql(isSelected)}),
          intDiv(${sampleOf(samples)} * ${number(stretches)}, ${number(samples.count)})
      )
      ORDER BY lowest LIMIT ${{ type: "UInt64", value: limit }}`,
    settings,
    sending,
  );
  return rows.map(({ id, start }) => {
    const nano = BigInt(start);
    return { traceId: id, key: nano, firstNano: nano, lastNano: nano };
  });
}
