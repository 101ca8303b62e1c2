/**
 * Rows of spans that are there more than once: the same trace id, span id, kind and service. A sender that
 * tries again leaves them behind if it does not send the same bytes; there are hardly ever any, and sums
 * over spans would pay for looking at ids. So each five minutes are looked at once, and again when they
 * have got more rows.
 */
import { type CandidateReading, inBuckets, type Stretch } from "./candidates.ts";
import { serviceSql } from "./attribute-sql.ts";
import { identifier, sql } from "./sql.ts";

interface Looked {
  readonly rows: number;
  readonly hasDuplicates: boolean;
}

/** Times with duplicates. */
export interface DuplicateBuckets {
  /** The beginnings of those of a stretch, in seconds since 1970. */
  within(stretch: Stretch): readonly number[];
}

/** Five minutes that are remembered: some years of one tenant. */
const MOST_BUCKETS = 500_000;
/** Ids that are compared with each other in one statement. */
const MOST_ROWS = 4_000_000;
const BUCKET_SECONDS = 300;
const SECOND = 1_000_000_000n;

/** What is known of duplicates. */
export class Duplicates {
  readonly #looked = new Map<string, Looked>();

  /** Makes sure that all is known of a stretch. Throws what the store throws. */
  async look(reading: () => CandidateReading, stretch: Stretch): Promise<DuplicateBuckets> {
    const counts = await readCounts(reading(), stretch);
    const { tenant } = reading();
    const id = (bucket: number): string => `${bucket} ${tenant}`;
    const news = counts.filter(([bucket, rows]) => this.#looked.get(id(bucket))?.rows !== rows);
    for (const some of inChunks(news)) {
      const found = await readDuplicates(
        reading(),
        some.map(([bucket]) => bucket),
      );
      if (this.#looked.size + some.length > MOST_BUCKETS) this.#looked.clear();
      for (const [bucket, rows] of some) {
        this.#looked.set(id(bucket), { rows, hasDuplicates: found.has(bucket) });
      }
    }
    const buckets = counts
      .map(([bucket]) => bucket)
      .filter((bucket) => this.#looked.get(id(bucket))?.hasDuplicates === true);
    return {
      within: ({ fromNano, toNano }) =>
        buckets.filter((bucket) => {
          const start = BigInt(bucket) * SECOND;
          return start < toNano && start + BigInt(BUCKET_SECONDS) * SECOND > fromNano;
        }),
    };
  }
}

type BucketRows = readonly [bucket: number, rows: number];

function* inChunks(buckets: readonly BucketRows[]): Generator<BucketRows[]> {
  let chunk: BucketRows[] = [];
  let rows = 0;
  for (const bucket of buckets) {
    if (chunk.length > 0 && rows + bucket[1] > MOST_ROWS) {
      yield chunk;
      [chunk, rows] = [[], 0];
    }
    chunk.push(bucket);
    rows += bucket[1];
  }
  if (chunk.length > 0) yield chunk;
}

/** How many rows there are, by five minutes. */
async function readCounts(
  { client, database, tenant, settings, sending }: CandidateReading,
  stretch: Stretch,
): Promise<BucketRows[]> {
  const rows = await client.query<{ bucket: number; row_count: string }>(
    sql`SELECT toUnixTimestamp(time_bucket) AS bucket, count() AS row_count
      FROM ${identifier(database)}.spans
      WHERE tenant = ${{ type: "String", value: tenant }} AND ${inBuckets(stretch)}
      GROUP BY time_bucket
      ORDER BY time_bucket`,
    settings,
    sending,
  );
  return rows.map(({ bucket, row_count: count }) => [bucket, Number(count)] as const);
}

/** Which of the five minutes have duplicates. */
async function readDuplicates(
  { client, database, tenant, settings, sending }: CandidateReading,
  buckets: readonly number[],
): Promise<ReadonlySet<number>> {
  const times = { type: "Array(UInt32)", value: buckets } as const;
  const rows = await client.query<{ bucket: number }>(
    sql`SELECT toUnixTimestamp(time_bucket) AS bucket
      FROM ${identifier(database)}.spans
      WHERE tenant = ${{ type: "String", value: tenant }}
        AND time_bucket IN (SELECT toDateTime(arrayJoin(${times})))
      GROUP BY time_bucket
      HAVING count() > uniqExact(cityHash64(trace_id, span_id, kind, ${serviceSql}))`,
    settings,
    sending,
  );
  return new Set(rows.map(({ bucket }) => bucket));
}
