/**
 * Adds up spans by group and sample. A group is one row of the answer, with an array for each thing that
 * is added up and an item for each sample: so a row of the table costs a look-up of its group and an
 * addition, and no key is made of group and sample together. Where there are too many groups for that,
 * a row is a group at one sample.
 */
import { ClickHouseError } from "@clickhouse/client";
import type { RuntimeValue } from "../traceql/evaluate/values.ts";
import type { SpanSum } from "../traceql/evaluate/metrics/leaf.ts";
import { RANK_FACTOR } from "../traceql/evaluate/metrics/exemplars.ts";
import { serviceSql } from "./attribute-sql.ts";
import { type CandidateReading, inBuckets, type Stretch } from "./candidates.ts";
import type { OddBuckets } from "./odd-times.ts";
import type { GroupColumn, MeasurePart } from "./metric-fields.ts";
import type { SumPlan } from "./metric-plan.ts";
import { type Block, type Column, readBlocks } from "./native/block-reader.ts";
import { float64At, int64At, uint64At } from "./native/column-values.ts";
import { ofTenants } from "./of-tenants.ts";
import { identifier, joinSql, programText, type Sql, sql } from "./sql.ts";
import { type Condition, conditionSql, conjunction } from "./truth-sql.ts";

/** A stretch of samples: sample `i` of these is sample `first + i` of all, and is about the time from
 * `afterNano + i * stepNano`, which is not included, for a step. */
export interface Samples {
  readonly first: number;
  readonly count: number;
  readonly afterNano: bigint;
  readonly stepNano: bigint;
}

/** What is asked. */
export interface SumsQuery {
  readonly plan: SumPlan;
  readonly samples: Samples;
  readonly odd: OddBuckets;
  /** Say what the lowest rank is among the spans of a group and sample. */
  readonly isRanked: boolean;
}

/** What the spans of a group come to. */
export interface GroupSums {
  /** By field that is grouped by. */
  readonly values: readonly (RuntimeValue | undefined)[];
  readonly sums: readonly SpanSum[];
  /** Starts of the spans of lowest rank, each with its sample. */
  readonly lowest: readonly { readonly index: number; readonly startUnixNano: bigint }[];
}

/** The time that samples are about. */
export function stretchOfSamples({ afterNano, stepNano, count }: Samples): Stretch {
  return { fromNano: afterNano + 1n, toNano: afterNano + BigInt(count) * stepNano + 1n };
}

/** Buckets that a value may be in, rounded up to a power of two. */
const BUCKETS = 64;
/** Of groups with an array for each thing that is added up. */
const MOST_STATE_BYTES = 64 * 2 ** 20;
const ITEM_BYTES = 8;
const TOO_MANY_ROWS = "158";
/** Groups at samples that are taken in one answer. */
const MOST_LONG_ROWS = 5_000_000;

/** The sums of every group that has any, in any order; a group may come several times. */
export async function* readSums(
  reading: CandidateReading,
  query: SumsQuery,
): AsyncGenerator<GroupSums> {
  for (const part of query.plan.parts) {
    if (query.plan.kind === "buckets" && part.type === "float") continue;
    for (const source of sourcesOf(query)) {
      const one = { ...query, part, source };
      const wide = await readWide(reading, one);
      yield* wide ?? (await readLong(reading, one));
    }
  }
}

/** Where rows come from, and which of those. */
interface Source {
  readonly from: (spans: Sql, tenant: Sql) => Sql;
  readonly where: Condition;
  /** They stand for so many more as their group's column `weight` says. */
  readonly isWeighted: boolean;
}

interface PartQuery extends SumsQuery {
  readonly part: MeasurePart;
  readonly source: Source;
}

/** Spans that stand for themselves, and the others, which are added up by what they stand for. */
function sourcesOf(query: SumsQuery): Source[] {
  const all = rowSources(query);
  if (!query.odd.isWeighted(stretchOfSamples(query.samples))) return all;
  return [true, false].flatMap((isAlone) =>
    all.map((source) => ({
      ...source,
      where: conjunction([
        source.where,
        isAlone ? sql`sampling_weight = 1` : sql`sampling_weight != 1`,
      ]),
      isWeighted: !isAlone,
    })),
  );
}

/** Rows as they are, and those of times with duplicates, each once. */
function rowSources({ odd, samples }: SumsQuery): Source[] {
  const times = odd.withDuplicates(stretchOfSamples(samples));
  if (times.length === 0) return [{ from: (spans) => spans, where: true, isWeighted: false }];
  const listed = { type: "Array(UInt32)", value: times } as const;
  const isListed = sql`toUnixTimestamp(time_bucket) IN ${listed}`;
  return [
    { from: (spans) => spans, where: sql`NOT ${isListed}`, isWeighted: false },
    {
      from: (spans, tenant) =>
        sql`(SELECT * FROM ${spans} WHERE ${tenant} AND ${isListed}
          LIMIT 1 BY trace_id, span_id, kind, ${serviceSql})`,
      where: true,
      isWeighted: false,
    },
  ];
}

async function readWide(
  reading: CandidateReading,
  query: PartQuery,
): Promise<GroupSums[] | undefined> {
  const { plan, samples, isRanked } = query;
  const items = samples.count * (plan.kind === "buckets" ? BUCKETS : 1) + 2 * samples.count;
  const most = Math.floor(MOST_STATE_BYTES / (items * ITEM_BYTES));
  const isGrouped = plan.by.length > 0 || query.source.isWeighted;
  if (most < 1) return undefined;
  const limits = isGrouped
    ? ({ max_rows_to_group_by: String(most), group_by_overflow_mode: "throw" } as const)
    : {};
  try {
    const blocks = await read(reading, query, { key: sql``, limits });
    const width = plan.kind === "buckets" ? BUCKETS : 1;
    return groupsOf(blocks, query, (block, row) => {
      const sums: SpanSum[] = [];
      const lowest: { index: number; startUnixNano: bigint }[] = [];
      forEachCount(arrayAt(block, "counts", row), (at, weight) => {
        const index = Math.floor(at / width);
        const item = (name: string): readonly [Column, number] => itemAt(block, name, row, at);
        const measure = width === 1 ? measureOf(plan.kind, query.part, item) : at % width;
        sums.push({ index: samples.first + index, measure, weight });
        const last = lowest.at(-1);
        if (!isRanked || last?.index === samples.first + index) return;
        const [ranks, i] = itemAt(block, "ranks", row, index);
        lowest.push({ index: samples.first + index, startUnixNano: startOf(uint64At(ranks, i)) });
      });
      return { sums, lowest };
    });
  } catch (error) {
    const isTooMany = error instanceof ClickHouseError && error.code === TOO_MANY_ROWS;
    if (isGrouped && isTooMany) return undefined;
    throw error;
  }
}

async function readLong(reading: CandidateReading, query: PartQuery): Promise<GroupSums[]> {
  const { plan, samples, isRanked } = query;
  const limits = {
    max_result_rows: String(MOST_LONG_ROWS),
    result_overflow_mode: "throw",
  } as const;
  const blocks = await read(reading, query, { key: sql`at`, limits });
  const width = plan.kind === "buckets" ? BUCKETS : 1;
  return groupsOf(blocks, query, (block, row) => {
    const at = Number(uint64At(block.columns.get("at")!, row));
    const index = samples.first + Math.floor(at / width);
    const item = (name: string): readonly [Column, number] => [block.columns.get(name)!, row];
    const weight = Number(uint64At(...item("counts")));
    const measure = width === 1 ? measureOf(plan.kind, query.part, item) : at % width;
    const lowest = isRanked ? [{ index, startUnixNano: startOf(uint64At(...item("ranks"))) }] : [];
    return { sums: [{ index, measure, weight }], lowest };
  });
}

interface Form {
  /** What is grouped by besides; then nothing is an array. */
  readonly key: Sql;
  readonly limits: CandidateReading["settings"];
}

async function read(
  { client, database, tenants, settings, sending }: CandidateReading,
  query: PartQuery,
  { key, limits }: Form,
): Promise<Block[]> {
  const { plan, samples, part, source } = query;
  const isLong = key.text.join("") !== "";
  const columns = plan.by.flatMap(({ columns }) => columns);
  const keys = [
    ...columns.map((column, i) => sql`${column.value} AS ${groupName(i)}`),
    ...(source.isWeighted ? [sql`sampling_weight AS weight`] : []),
    ...(isLong ? [sql`toUInt64(${placeOf(query)}) AS at`] : []),
  ];
  const names = [
    ...columns.map((_, i) => groupName(i)),
    ...(source.isWeighted ? [sql`weight`] : []),
    ...(isLong ? [key] : []),
  ];
  const ofTenant = sql`${ofTenants(tenants)}`;
  const { fromNano, toNano } = stretchOfSamples(samples);
  const where = conjunction([
    source.where,
    sql`start_unix_nano >= ${{ type: "UInt64", value: fromNano }}`,
    sql`start_unix_nano < ${{ type: "UInt64", value: toNano }}`,
    plan.certain,
    part.where,
    plan.kind === "buckets" ? sql`${part.value} >= 2` : true,
    part.type === "float" ? sql`NOT isNaN(${part.value})` : true,
  ]);
  const bytes = await client.queryBytes(
    sql`SELECT ${joinSql([...keys, ...aggregates(query, isLong)], sql`, `)}
      FROM ${source.from(sql`${identifier(database)}.spans`, ofTenant)}
      WHERE ${ofTenant} AND ${inBuckets({ fromNano, toNano })} AND ${conditionSql(where)}
      ${names.length > 0 ? sql`GROUP BY ${joinSql(names, sql`, `)}` : sql``}`,
    "Native",
    { ...settings, ...limits },
    sending,
  );
  return readBlocks(bytes);
}

function groupName(i: number): Sql {
  return identifier(`group${i}`);
}

/** The sample of a row. */
export function sampleOf({ afterNano, stepNano }: Samples): Sql {
  const from = { type: "UInt64", value: afterNano + 1n } as const;
  const step = { type: "UInt64", value: stepNano } as const;
  return sql`intDiv(start_unix_nano - ${from}, ${step})`;
}

/** The item of a row: its sample, or its bucket at the sample. */
function placeOf(query: PartQuery): Sql {
  const sample = sampleOf(query.samples);
  if (query.plan.kind !== "buckets") return sample;
  // The exponent of the smallest power of two that is not less: see power-buckets.ts.
  const exponent = sql`(toUInt8(log2(roundToExp2(toUInt64(${query.part.value} - 1)))) + 1)`;
  return sql`(${sample} * ${programText(String(BUCKETS))} + ${exponent})`;
}

/** Sums of 64-bit integers are exact in two halves. */
const HALF = 2n ** 32n;

function aggregates(query: PartQuery, isLong: boolean): Sql[] {
  const { plan, samples, part, isRanked } = query;
  const place = placeOf(query);
  const aggregate = (name: string, argument: Sql | undefined, at: Sql, count: number): Sql => {
    if (isLong) return sql`${programText(name)}(${argument ?? sql``})`;
    const resample = programText(`${name}Resample(0, ${count}, 1)`);
    const index = sql`toUInt32(${at})`;
    return argument === undefined
      ? sql`${resample}(${index})`
      : sql`${resample}(${argument}, ${index})`;
  };
  const of = (name: string, argument?: Sql): Sql =>
    aggregate(name, argument, place, samples.count * (plan.kind === "buckets" ? BUCKETS : 1));
  const { value } = part;
  return [
    sql`${of("count")} AS counts`,
    ...(plan.kind === "sums" && part.type === "float"
      ? [sql`${of("sum", value)} AS float_sums`]
      : []),
    ...(plan.kind === "sums" && part.type === "int"
      ? [
          sql`${of("sum", sql`bitShiftRight(${value}, 32)`)} AS high_sums`,
          sql`${of("sum", sql`bitAnd(${value}, 4294967295)`)} AS low_sums`,
        ]
      : []),
    ...(plan.kind === "least" ? [sql`${of("min", value)} AS extremes`] : []),
    ...(plan.kind === "greatest" ? [sql`${of("max", value)} AS extremes`] : []),
    ...(isRanked
      ? [sql`${aggregate("min", rankSql, sampleOf(samples), samples.count)} AS ranks`]
      : []),
  ];
}

/** The rank of a row, as `rankOf` has it. */
export const rankSql = sql`(start_unix_nano * toUInt64(${programText(RANK_FACTOR.toString())}))`;

const BITS = 64;

/** Numbers are multiplied with what undoes the factor (Newton's iteration; each doubles the bits). */
const UNDO_FACTOR = ((): bigint => {
  let inverse = RANK_FACTOR;
  for (let bits = 3; bits < BITS; bits *= 2) {
    inverse = BigInt.asUintN(BITS, inverse * (2n - RANK_FACTOR * inverse));
  }
  return inverse;
})();

/** The start that has this rank. */
function startOf(rank: bigint): bigint {
  return BigInt.asUintN(BITS, rank * UNDO_FACTOR);
}

function measureOf(
  kind: SumPlan["kind"],
  { type }: MeasurePart,
  item: (name: string) => readonly [Column, number],
): number {
  switch (kind) {
    case "sums":
      if (type === "float") return float64At(...item("float_sums"));
      return Number(int64At(...item("high_sums")) * HALF + int64At(...item("low_sums")));
    case "least":
    case "greatest":
      return type === "float"
        ? float64At(...item("extremes"))
        : Number(int64At(...item("extremes")));
    default:
      return 1;
  }
}

function groupsOf(
  blocks: readonly Block[],
  { plan, source }: PartQuery,
  read: (block: Block, row: number) => Pick<GroupSums, "sums" | "lowest">,
): GroupSums[] {
  return blocks.flatMap((block) =>
    Array.from({ length: block.rows }, (_, row) => {
      const group = { values: valuesAt(block, row, plan), ...read(block, row) };
      if (!source.isWeighted) return group;
      const times = float64At(block.columns.get("weight")!, row);
      return { ...group, sums: group.sums.map((sum) => weighted(sum, times, plan)) };
    }),
  );
}

/** What it is if each of the spans stands for so many. */
function weighted(sum: SpanSum, times: number, { kind }: SumPlan): SpanSum {
  const measure = kind === "sums" ? sum.measure * times : sum.measure;
  return { ...sum, measure, weight: sum.weight * times };
}

function valuesAt({ columns }: Block, row: number, { by }: SumPlan): (RuntimeValue | undefined)[] {
  let n = 0;
  return by.map((field) => {
    const found = field.columns.map((column: GroupColumn) =>
      column.read(columns.get(`group${n++}`)!, row),
    );
    return found.find((value) => value !== undefined) ?? field.otherwise;
  });
}

/** The items of an array, as bytes of eight each. */
function arrayAt({ columns }: Block, name: string, row: number): Uint8Array {
  const column = columns.get(name)!;
  if (column.kind !== "array" || column.items.kind !== "fixed")
    throw new Error(`${name} is no array`);
  const from = row === 0 ? 0 : column.ends[row - 1]!;
  return column.items.bytes.subarray(from * ITEM_BYTES, column.ends[row]! * ITEM_BYTES);
}

function itemAt(
  { columns }: Block,
  name: string,
  row: number,
  at: number,
): readonly [Column, number] {
  const column = columns.get(name)!;
  if (column.kind !== "array") throw new Error(`${name} is no array`);
  return [column.items, (row === 0 ? 0 : column.ends[row - 1]!) + at];
}

const TWO_32 = 2 ** 32;

/** Calls `visit` with each count that is not 0, and its number. */
function forEachCount(bytes: Uint8Array, visit: (at: number, count: number) => void): void {
  const words = new Uint32Array(new Uint8Array(bytes).buffer); // a copy, and so aligned
  for (let i = 0; i < words.length; i += 2) {
    const count = words[i]! + words[i + 1]! * TWO_32;
    if (count > 0) visit(i / 2, count);
  }
}
