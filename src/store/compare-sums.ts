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
import { type Side, type Tally, tallyOf } from "./compare-tally.ts";
import { ofTenants } from "./of-tenants.ts";
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
  readonly side: Side;
  readonly label: string;
  readonly value: Value | undefined;
  readonly counts: readonly SpanSum[];
}

/** Columns that are grouped by in one pass. */
const TOGETHER = 20;
/** Statements that run at the same time. */
const AT_ONCE = 2;
/** Values where some may be in another place, too, so that it is not known which come up most. */
const MOST_OF_PART = 10_000;

/** Counts of all attributes. */
export async function* readCompared(
  reading: () => CandidateReading,
  query: CompareQuery,
): AsyncGenerator<ValueCounts> {
  const columns = comparedColumns(query.keys, query.table);
  const plain = columns.filter(({ needsRoot }) => !needsRoot);
  const lots = [columns.filter(({ needsRoot }) => needsRoot)];
  for (let at = 0; at < plain.length; at += TOGETHER) lots.push(plain.slice(at, at + TOGETHER));
  const statements = [
    ...lots.map((lot) => () => readColumns(reading(), query, lot)),
    ...comparedMaps(query.keys, query.table).map((map) => () => readMap(reading(), query, map)),
    ...comparedEncoded(query.keys, query.table).map(
      (encoded) => () => readEncoded(reading(), query, encoded),
    ),
  ];
  // The end of each is the work of one core.
  for (let at = 0; at < statements.length; at += AT_ONCE) {
    const found = await Promise.all(statements.slice(at, at + AT_ONCE).map((read) => read()));
    yield* found.flat();
  }
}

/** What one statement found of a place, that is of a column or key. */
interface Row {
  readonly place: string;
  /** How many spans have any value. */
  readonly totals: unknown;
  readonly baseline: readonly Found[];
  readonly selection: readonly Found[];
}

/** A value, with a colon behind it, and how many spans of both sides have it. */
type Found = readonly [negativeTotal: number, text: string, counts: unknown];

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

/** Of each place how many spans have a value, and the values that come up most on each side. */
function mostOf(tally: Tally, rows: Sql, limit: number): Sql {
  const most = (side: Side): Sql =>
    sql`groupArraySortedIf(${number(limit)})(
      (-toFloat64(${identifier(side)}), text, counts), ${identifier(side)} > 0)`;
  return sql`SELECT place, ${tally.totals} AS totals, ${most("baseline")} AS baseline,
      ${most("selection")} AS selection
    FROM (
      SELECT place, concat(text, ':') AS text, counts, ${tally.ofSide("baseline")} AS baseline,
        ${tally.ofSide("selection")} AS selection
      FROM (${rows})
    )
    GROUP BY place`;
}

/** What a row counts of an attribute. */
function* countsOf(
  { totals, baseline, selection }: Row,
  query: CompareQuery,
  { label, read }: { readonly label: string; readonly read: (text: string) => Value | undefined },
): Generator<ValueCounts> {
  const tally = tallyOf(query);
  yield* sidesOf(tally.read(totals), query, { label, value: undefined });
  for (const [side, all] of [
    ["baseline", baseline],
    ["selection", selection],
  ] as const) {
    for (const [, text, counts] of all) {
      const value = read(text.slice(0, -1));
      const found = sidesOf(tally.read(counts), query, { label, value });
      yield* found.filter((one) => one.side === side);
    }
  }
}

function sidesOf(
  counts: readonly (readonly [at: number, count: number])[],
  { samples }: CompareQuery,
  { label, value }: Pick<ValueCounts, "label" | "value">,
): ValueCounts[] {
  const sides = { baseline: [] as SpanSum[], selection: [] as SpanSum[] };
  for (const [at, weight] of counts) {
    const side = at < samples.count ? "baseline" : "selection";
    sides[side].push({ index: samples.first + (at % samples.count), measure: 1, weight });
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

async function readColumns(
  reading: CandidateReading,
  query: CompareQuery,
  columns: readonly ComparedColumn[],
): Promise<ValueCounts[]> {
  const names = columns.map((_, i) => identifier(`c${i}`));
  const values = columns.map(({ value }, i) => sql`${value} AS ${names[i]!}`);
  const needsRoot = columns.some((column) => column.needsRoot);
  const tally = tallyOf(query);
  // Of the columns that a group is not by, there is a bit.
  const found = tally.grouped({
    columns: sql`grouping(${joinSql(names, sql`, `)}) AS bits, ${joinSql(names, sql`, `)}`,
    keys: names,
    from: sql`SELECT ${placeOf(query)} AS at, ${weightOf(query)}, ${joinSql(values, sql`, `)}
      ${fromRows(reading, query, needsRoot ? joinRoots(reading, query) : sql``)}`,
  });
  // All columns but one are NULL.
  const all = 2 ** columns.length - 1;
  const texts = columns.map(({ text }, i) => text(names[i]!));
  const rows = sql`SELECT toString(${number(columns.length - 1)} - log2(${number(all)} - bits)) AS place,
      assumeNotNull(value) AS text, counts
    FROM (SELECT bits, coalesce(${joinSql(texts, sql`, `)}) AS value, counts FROM (${found}))
    WHERE isNotNull(value)`;
  const isPart = columns.some((column) => column.isPart);
  const most = await readRows(reading, mostOf(tally, rows, limitOf(query, isPart)));
  return most.flatMap((row) => [...countsOf(row, query, columns[Number(row.place)]!)]);
}

async function readMap(
  reading: CandidateReading,
  query: CompareQuery,
  { column, attributes }: ComparedMap,
): Promise<ValueCounts[]> {
  const map = identifier(column);
  const tally = tallyOf(query);
  const pairs = sql`ARRAY JOIN mapKeys(${map}) AS key, mapValues(${map}) AS item`;
  // By the hash of key and value, which takes half the time; that two of a million pairs have the same
  // hash would be one query in 40 million.
  const found = tally.grouped({
    columns: sql`any(key) AS place, any(item) AS value`,
    keys: [sql`hash`],
    from: sql`SELECT ${placeOf(query)} AS at, ${weightOf(query)}, key, item,
        cityHash64(key, item) AS hash
      ${fromRows(reading, query, pairs)}`,
  });
  const rows = sql`SELECT toString(place) AS place, toString(value) AS text, counts FROM (${found})`;
  const isPart = [...attributes.values()].some((attribute) => attribute.isPart);
  const most = await readRows(reading, mostOf(tally, rows, limitOf(query, isPart)));
  return most.flatMap((row) => {
    const attribute = attributes.get(row.place);
    return attribute === undefined ? [] : [...countsOf(row, query, attribute)];
  });
}

async function readEncoded(
  reading: CandidateReading,
  query: CompareQuery,
  { where, label, read }: ComparedEncoded,
): Promise<ValueCounts[]> {
  const tally = tallyOf(query);
  const found = tally.grouped({
    columns: sql`item`,
    keys: [sql`item`],
    from: sql`SELECT ${placeOf(query)} AS at, ${weightOf(query)}, hex(exact) AS item
      ${fromRows(reading, query, sql``)} AND ${conditionSql(where)}`,
  });
  const rows = sql`SELECT '' AS place, item AS text, counts FROM (${found})`;
  const most = await readRows(reading, mostOf(tally, rows, MOST_OF_PART));
  return most
    .flatMap((row) => [...countsOf(row, query, { label, read })])
    .flatMap((counts) =>
      counts.value === undefined ? [] : [counts, { ...counts, value: undefined }],
    );
}

function limitOf({ top }: CompareQuery, isPart: boolean): number {
  return isPart ? MOST_OF_PART : Math.min(top, MOST_OF_PART);
}

function number(value: number): Sql {
  return programText(String(value));
}

/** The rows that are compared, joined with something. */
function fromRows({ database, tenants }: CandidateReading, query: CompareQuery, joined: Sql): Sql {
  const stretch = stretchOfSamples(query.samples);
  const { fromNano, toNano } = stretch;
  const spans = sql`${identifier(database)}.spans`;
  const within = sql`${ofTenants(tenants)} AND ${inBuckets(stretch)}`;
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
  return sql`FROM ${from} ${joined} WHERE ${within} AND ${conditionSql(where)}`;
}

/** Beside each row what the root of its trace is called: the earliest span without a parent. */
function joinRoots({ database, tenants }: CandidateReading, query: CompareQuery): Sql {
  const stretch = widened(stretchOfSamples(query.samples), query.reachNano);
  return sql`ANY LEFT JOIN (
      SELECT trace_id, argMin((toString(name), ${serviceSql}), (start_unix_nano, span_id)) AS root
      FROM ${identifier(database)}.spans
      WHERE ${ofTenants(tenants)} AND ${inBuckets(stretch)}
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
  { client, database, tenants, settings, sending }: CandidateReading,
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
        WHERE ${ofTenants(tenants)} AND ${inBuckets(stretch)}
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
