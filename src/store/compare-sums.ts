/**
 * What compare() counts, wholly in SQL: for each attribute how many of the selected spans and of the others
 * have each value, sample by sample, and of the values only those that come up most. An attribute is read
 * by itself, so that a span costs what the columns of its attributes do, and no row is made of all.
 */
import { fieldText } from "../traceql/expression-text.ts";
import { spanKinds, spanStatuses } from "../model/trace.ts";
import type { Field, Value } from "../traceql/ast.ts";
import type { SpanSum } from "../traceql/evaluate/metrics/leaf.ts";
import { comparedIntrinsics } from "../traceql/evaluate/metrics/compare.ts";
import type { IntrinsicName } from "../traceql/intrinsics.ts";
import type { AllKeys } from "./all-keys.ts";
import {
  isEverExact,
  type KnownTable,
  mayBeExact,
  serviceSql,
  storedValues,
  type StoredScope,
} from "./attribute-sql.ts";
import { type Candidate, type CandidateReading, inBuckets, widened } from "./candidates.ts";
import type { DuplicateBuckets } from "./duplicates.ts";
import { exactTagOf, keyValueOf } from "./exact-value.ts";
import { rankSql, sampleOf, type Samples, stretchOfSamples } from "./metric-sums.ts";
import { valueOf } from "./read-values.ts";
import { identifier, joinSql, programText, type Sql, sql } from "./sql.ts";
import { type Condition, conditionSql, conjunction, disjunction, negate } from "./truth-sql.ts";

/** What is asked. */
export interface CompareQuery {
  readonly table: KnownTable;
  readonly keys: AllKeys["keys"];
  /** Of rows: those that are compared, and of these the selected ones. SQL tells both exactly. */
  readonly where: Condition;
  readonly isSelected: Condition;
  readonly samples: Samples;
  readonly duplicates: DuplicateBuckets;
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

/** Values in one place: of an attribute and a type. */
interface Place {
  readonly label: string;
  readonly value: Sql;
  readonly where: Condition;
  /** Undefined if it is no single value. */
  readonly read: (text: string) => Value | undefined;
  readonly type: string;
  /** Some values are in `exact`, too, so it is not known here which come up most. */
  readonly isPart: boolean;
  readonly needsRoot?: true;
}

/** Attributes that are read by one statement. */
const TOGETHER = 8;
/** Values where it is not known which come up most. */
const MOST_OF_PART = 10_000;

/** Counts of all attributes. */
export async function* readCompared(
  reading: () => CandidateReading,
  query: CompareQuery,
): AsyncGenerator<ValueCounts> {
  const places = [
    ...comparedIntrinsics.map(intrinsicPlace),
    ...query.keys.flatMap(({ scope, key }) => attributePlaces(scope, key, query.table)),
  ];
  const plain = places.filter(({ needsRoot }) => needsRoot !== true);
  const ofRoot = places.filter(({ needsRoot }) => needsRoot === true);
  const lots = [ofRoot];
  for (let at = 0; at < plain.length; at += TOGETHER) lots.push(plain.slice(at, at + TOGETHER));
  for (const lot of lots) yield* await readPlaces(reading(), query, lot);
}

interface Row {
  readonly place: number;
  readonly side: 0 | 1;
  readonly is_total: 0 | 1;
  readonly text: string;
  readonly cells: readonly (readonly [index: string, count: string])[];
}

async function readPlaces(
  reading: CandidateReading,
  query: CompareQuery,
  places: readonly Place[],
): Promise<ValueCounts[]> {
  const parts = places.flatMap((place, i) => [
    valuesSql(reading, query, { place, i }),
    totalsSql(reading, query, { place, i }),
  ]);
  const rows = await reading.client.query<Row>(
    joinSql(parts, sql` UNION ALL `),
    { ...reading.settings, output_format_json_named_tuples_as_objects: 0 },
    reading.sending,
  );
  return rows.flatMap(({ place: i, side, is_total: isTotal, text, cells }) => {
    const { label, read, isPart } = places[i]!;
    const value = read(text);
    if (isTotal === 0 && value === undefined) return [];
    const counts = cells.map(([index, count]) => ({
      index: query.samples.first + Number(index),
      measure: 1,
      weight: Number(count),
    }));
    const one = { side: side === 1 ? "selection" : "baseline", label, value, counts } as const;
    if (isTotal === 1) return [{ ...one, value: undefined }];
    // What is encoded has no total of its own, since it may be no single value.
    return isPart && places[i]!.type === "encoded" ? [one, { ...one, value: undefined }] : [one];
  });
}

interface OnePlace {
  readonly place: Place;
  readonly i: number;
}

function valuesSql(reading: CandidateReading, query: CompareQuery, { place, i }: OnePlace): Sql {
  const limit = place.isPart ? MOST_OF_PART : Math.min(query.top, MOST_OF_PART);
  return sql`SELECT * FROM (
    SELECT ${number(i)} AS place, side, 0 AS is_total, toString(item) AS text,
      groupArray((at, spans)) AS cells
    FROM (
      SELECT ${sideOf(query)} AS side, ${place.value} AS item, ${sampleOf(query.samples)} AS at,
        sum(sampling_weight) AS spans
      ${fromRows(reading, query, place)}
      GROUP BY side, item, at
    )
    GROUP BY side, item
    ORDER BY sum(spans) DESC, concat(text, ${{ type: "String", value: `:${place.type}` }})
    LIMIT ${{ type: "UInt64", value: limit }} BY side
  )`;
}

function totalsSql(reading: CandidateReading, query: CompareQuery, { place, i }: OnePlace): Sql {
  const from = { ...place, where: place.type === "encoded" ? false : place.where };
  return sql`SELECT * FROM (
    SELECT ${number(i)} AS place, side, 1 AS is_total, '' AS text,
      groupArray((at, spans)) AS cells
    FROM (
      SELECT ${sideOf(query)} AS side, ${sampleOf(query.samples)} AS at, sum(sampling_weight) AS spans
      ${fromRows(reading, query, from)}
      GROUP BY side, at
    )
    GROUP BY side
  )`;
}

function number(value: number): Sql {
  return programText(String(value));
}

function sideOf({ isSelected }: CompareQuery): Sql {
  return sql`toUInt8(${conditionSql(isSelected)})`;
}

function fromRows(reading: CandidateReading, query: CompareQuery, place: Place): Sql {
  const { database, tenant } = reading;
  const stretch = stretchOfSamples(query.samples);
  const { fromNano, toNano } = stretch;
  const spans = sql`${identifier(database)}.spans`;
  const within = sql`tenant = ${{ type: "String", value: tenant }} AND ${inBuckets(stretch)}`;
  const isOnce = query.duplicates.within(stretch).length === 0;
  const from = isOnce
    ? spans
    : sql`(SELECT * FROM ${spans} WHERE ${within}
        LIMIT 1 BY trace_id, span_id, kind, ${serviceSql}) AS spans`;
  const where = conjunction([
    sql`start_unix_nano >= ${{ type: "UInt64", value: fromNano }}`,
    sql`start_unix_nano < ${{ type: "UInt64", value: toNano }}`,
    query.where,
    place.where,
  ]);
  const roots = place.needsRoot === true ? joinRoots(reading, query) : sql``;
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

function labelOf(name: IntrinsicName): string {
  return fieldText({ kind: "intrinsic", name, ofParent: false, from: 0, to: 0 });
}

function intrinsicPlace(name: IntrinsicName): Place {
  const read = (text: string): Value => ({ type: "string", value: text });
  const place = { label: labelOf(name), where: true, read, type: "string", isPart: false } as const;
  const filled = (value: Sql): Place => ({ ...place, value, where: sql`notEmpty(${value})` });
  switch (name) {
    case "span:name":
      return { ...place, value: sql`name` };
    case "span:status":
      return {
        ...place,
        value: wordOf(sql`status_code`, spanStatuses),
        type: "status",
        read: (text) => ({ type: "status", value: text as (typeof spanStatuses)[number] }),
      };
    case "span:kind":
      return {
        ...place,
        value: wordOf(sql`kind`, spanKinds),
        type: "kind",
        read: (text) => ({ type: "kind", value: text as (typeof spanKinds)[number] }),
      };
    case "trace:rootName":
      return { ...place, value: sql`roots.root.1`, needsRoot: true };
    case "trace:rootService":
      return { ...place, value: sql`roots.root.2`, needsRoot: true };
    case "span:statusMessage":
      return filled(sql`status_message`);
    case "instrumentation:name":
      return filled(sql`scope_name`);
    case "instrumentation:version":
      return filled(sql`scope_version`);
    default:
      throw new Error(`${name} is not compared`);
  }
}

function wordOf(number: Sql, words: readonly string[]): Sql {
  return sql`arrayElement(${{ type: "Array(String)", value: words }}, ${number} + 1)`;
}

function attributePlaces(scope: StoredScope, key: string, table: KnownTable): Place[] {
  const field: Field = { kind: "attribute", scope, name: key, ofParent: false, from: 0, to: 0 };
  const label = fieldText(field);
  const isPart = isEverExact(table, scope, key);
  const stored = storedValues(table, scope, key);
  const places = stored.map(({ type, value, present }): Place => {
    const read = (text: string): Value => valueOf(type, text);
    return { label, value: sql`assumeNotNull(${value})`, where: present, read, type, isPart };
  });
  if (scope === "resource" && key === "service.name") {
    // It is never absent, see trace-view.ts.
    const isElsewhere = disjunction([
      ...stored.map(({ present }) => present),
      mayBeExact(table, scope, key),
    ]);
    const read = (text: string): Value => ({ type: "string", value: text });
    const value = sql`'unknown_service'`;
    places.push({ label, value, where: negate(isElsewhere), read, type: "string", isPart });
  }
  if (!isPart) return places;
  const encoded: Place = {
    label,
    value: sql`hex(exact)`,
    where: mayBeExact(table, scope, key),
    read(hex) {
      const value = keyValueOf(Buffer.from(hex, "hex"), exactTagOf[scope], key);
      return value?.type === "array" ? undefined : value;
    },
    type: "encoded",
    isPart,
  };
  return [...places, encoded];
}

/** Which spans may become exemplars. */
export interface ExemplarQuery extends Pick<CompareQuery, "where" | "isSelected" | "samples"> {
  /** Of each side and so many stretches of samples the span of the lowest rank. */
  readonly stretches: number;
  readonly limit: number;
}

/** The traces of the spans of the lowest ranks. */
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
    sql`SELECT lower(hex(found.1)) AS id, toString(found.2) AS start
      FROM (
        SELECT argMin((trace_id, start_unix_nano), ${rankSql}) AS found, min(${rankSql}) AS lowest
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
