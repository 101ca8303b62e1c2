/**
 * Five minutes of spans that sums have to take more trouble with: rows of some span are there more than once
 * (the same trace id, span id, kind and service), or some span stands for more than itself. The former is
 * what a sender leaves behind that tries again with other bytes, and hardly ever there; sums over spans
 * would pay for looking at ids. So each five minutes are looked at once, and again when they have got
 * more rows, or fewer.
 */
import { hash } from "node:crypto";
import { type CandidateReading, inBuckets, type Stretch } from "./candidates.ts";
import { serviceSql } from "./attribute-sql.ts";
import { ofTenants } from "./of-tenants.ts";
import { identifier, sql } from "./sql.ts";

/** What is odd about five minutes. */
interface Oddity {
  readonly hasDuplicates: boolean;
  readonly hasWeights: boolean;
}

interface Looked extends Oddity {
  readonly rows: number;
}

/** What is odd about a stretch of time. */
export interface OddBuckets {
  /** The beginnings of the five minutes in which rows are there more than once, in seconds since 1970. */
  withDuplicates(stretch: Stretch): readonly number[];
  /** Whether some spans stand for more than themselves: samplers have left others out. */
  isWeighted(stretch: Stretch): boolean;
}

/** Five minutes that are remembered: some years of one tenant, or of tenants asked about together. */
const MOST_BUCKETS = 500_000;
/** Ids that are compared with each other in one statement. */
const MOST_ROWS = 4_000_000;
const BUCKET_SECONDS = 300;
const SECOND = 1_000_000_000n;

/** What is known of all times that were asked about. */
export class OddTimes {
  readonly #looked = new Map<string, Looked>();

  /** Makes sure that all is known of a stretch. Throws what the store throws. */
  async look(reading: () => CandidateReading, stretch: Stretch): Promise<OddBuckets> {
    const counts = await readCounts(reading(), stretch);
    // Spans that some of the tenants share make times odd that are not for one of them.
    const whose = hash("sha256", reading().tenants.join("|"), "base64");
    const id = (bucket: number): string => `${bucket} ${whose}`;
    const news = counts.filter(([bucket, rows]) => this.#looked.get(id(bucket))?.rows !== rows);
    for (const some of inChunks(news)) {
      const found = await readOddities(
        reading(),
        some.map(([bucket]) => bucket),
      );
      if (this.#looked.size + some.length > MOST_BUCKETS) this.#looked.clear();
      for (const [bucket, rows] of some) {
        this.#looked.set(id(bucket), { rows, ...(found.get(bucket) ?? nothing) });
      }
    }
    const odd = counts.flatMap(([bucket]) => {
      const looked = this.#looked.get(id(bucket));
      return looked?.hasDuplicates || looked?.hasWeights ? [{ bucket, ...looked }] : [];
    });
    const within = ({ fromNano, toNano }: Stretch) =>
      odd.filter(({ bucket }) => {
        const start = BigInt(bucket) * SECOND;
        return start < toNano && start + BigInt(BUCKET_SECONDS) * SECOND > fromNano;
      });
    return {
      withDuplicates: (some) =>
        within(some).flatMap(({ bucket, hasDuplicates }) => (hasDuplicates ? [bucket] : [])),
      isWeighted: (some) => within(some).some(({ hasWeights }) => hasWeights),
    };
  }
}

const nothing: Oddity = { hasDuplicates: false, hasWeights: false };

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
  { client, database, tenants, settings, sending }: CandidateReading,
  stretch: Stretch,
): Promise<BucketRows[]> {
  const rows = await client.query<{ bucket: number; row_count: string }>(
    sql`SELECT toUnixTimestamp(time_bucket) AS bucket, count() AS row_count
      FROM ${identifier(database)}.spans
      WHERE ${ofTenants(tenants)} AND ${inBuckets(stretch)}
      GROUP BY time_bucket
      ORDER BY time_bucket`,
    settings,
    sending,
  );
  return rows.map(({ bucket, row_count: count }) => [bucket, Number(count)] as const);
}

/** What is odd about these five minutes, if anything is. */
async function readOddities(
  { client, database, tenants, settings, sending }: CandidateReading,
  buckets: readonly number[],
): Promise<ReadonlyMap<number, Oddity>> {
  const times = { type: "Array(UInt32)", value: buckets } as const;
  const rows = await client.query<{ bucket: number; repeated: string; weighted: string }>(
    sql`SELECT toUnixTimestamp(time_bucket) AS bucket,
        count() - uniqExact(cityHash64(trace_id, span_id, kind, ${serviceSql})) AS repeated,
        countIf(sampling_weight != 1) AS weighted
      FROM ${identifier(database)}.spans
      WHERE ${ofTenants(tenants)}
        AND time_bucket IN (SELECT toDateTime(arrayJoin(${times})))
      GROUP BY time_bucket
      HAVING repeated > 0 OR weighted > 0`,
    settings,
    sending,
  );
  return new Map(
    rows.map(({ bucket, repeated, weighted }) => [
      bucket,
      { hasDuplicates: repeated !== "0", hasWeights: weighted !== "0" },
    ]),
  );
}
