/** The policies of traces about which SQL cannot say which decides: the evaluator judges the traces, a
 * few thousand spans at a time, with no more of them than the policies' filters read. */
import { inSlices } from "../../base/slices.ts";
import { compileJudge, UNDECIDED } from "../../sampling/judge.ts";
import type { Policies } from "../../sampling/policy.ts";
import { neededFields, type NeededFields } from "../../traceql/evaluate/needed-fields.ts";
import type { TraceView } from "../../traceql/evaluate/trace-view.ts";
import { readSkeletons, skeletonPlan, type SkeletonPlan } from "../skeletons.ts";
import { identifier, type Sql, sql } from "../sql.ts";
import { type Judging, UNKNOWN } from "./facts.ts";

/** What is read at once: little, since requests are answered in this process, too. */
const PAGE_TRACES = 2000;
const PAGE_SPANS = 20_000;
const SLICE_MS = 5;
const SECOND = 1_000_000_000n;
const BUCKET_SECONDS = 300;

interface UnknownTrace {
  readonly tenant: string;
  readonly traceId: string;
  readonly spans: number;
  readonly firstBucket: number;
  readonly lastBucket: number;
}

/** Judges all facts whose policy is unknown. A trace of more spans than `maxTraceSpans` is not judged but
 * kept. Gives back how many traces were looked at. */
export async function judgeUnknown(
  judging: Judging,
  policies: Policies,
  maxTraceSpans: number,
): Promise<number> {
  const judge = compileJudge(policies);
  const plan = skeletonPlan(neededBy(policies), judging.table);
  let count = 0;
  for (let after: UnknownTrace | undefined; ;) {
    const page = await readPage(judging, after);
    if (page.length === 0) return count;
    const judged = await judgePage(judging, page, { plan, judge, maxTraceSpans });
    await insert(judging, page, judged);
    count += page.length;
    after = page.at(-1);
  }
}

function neededBy(policies: Policies): NeededFields {
  const all = policies.flatMap(({ match }) => (match ? [neededFields(match.query)] : []));
  return {
    fields: all.flatMap(({ fields }) => fields),
    usesTree: all.some((one) => one.usesTree),
    isPerSpan: all.every((one) => one.isPerSpan),
    usesEvents: all.some((one) => one.usesEvents),
    usesLinks: all.some((one) => one.usesLinks),
    usesAllAttributes: all.some((one) => one.usesAllAttributes),
  };
}

/** The next traces of one tenant, in the order of their first spans, that have not too many together. */
async function readPage(
  { client, database, facts, settings }: Judging,
  after: UnknownTrace | undefined,
): Promise<UnknownTrace[]> {
  const rows = await client.query<UnknownTrace & { spans: string }>(
    sql`SELECT tenant, lower(hex(trace_id)) AS traceId, spans, first_bucket AS firstBucket,
        last_bucket AS lastBucket
      FROM ${identifier(database)}.${identifier(facts)}
      WHERE policy = ${{ type: "Int16", value: UNKNOWN }} ${afterSql(after)}
      ORDER BY tenant, first_bucket, trace_id
      LIMIT ${{ type: "UInt64", value: PAGE_TRACES }}`,
    settings,
  );
  const page: UnknownTrace[] = [];
  let spans = 0;
  for (const row of rows) {
    spans += Number(row.spans);
    const isFull = page.length > 0 && (spans > PAGE_SPANS || row.tenant !== page[0]!.tenant);
    if (isFull) break;
    page.push({ ...row, spans: Number(row.spans) });
  }
  return page;
}

function afterSql(after: UnknownTrace | undefined): Sql {
  if (after === undefined) return sql``;
  return sql`AND (tenant, first_bucket, trace_id) > (${{ type: "String", value: after.tenant }},
    ${{ type: "UInt32", value: after.firstBucket }},
    toFixedString(unhex(${{ type: "String", value: after.traceId }}), 16))`;
}

interface PageJudge {
  readonly plan: SkeletonPlan;
  readonly judge: (trace: TraceView) => number;
  readonly maxTraceSpans: number;
}

/** The policies of the traces, in their order. */
async function judgePage(
  { client, database, settings }: Judging,
  page: readonly UnknownTrace[],
  { plan, judge, maxTraceSpans }: PageJudge,
): Promise<number[]> {
  const reading = { client, database, tenants: [page[0]!.tenant], settings, sending: {} };
  const candidates = page
    .filter(({ spans }) => spans <= maxTraceSpans)
    .map(({ traceId, firstBucket, lastBucket }) => {
      const end = BigInt(lastBucket + BUCKET_SECONDS) * SECOND;
      return { traceId, key: 0n, firstNano: BigInt(firstBucket) * SECOND, lastNano: end };
    });
  const query = { plan, candidates, reachNano: 0n, maxSpans: maxTraceSpans };
  const judged = new Map<string, number>();
  for await (const traces of readSkeletons(() => reading, query)) {
    await inSlices(judgeEach(traces, judge, judged), SLICE_MS);
  }
  return page.map(({ traceId }) => judged.get(traceId) ?? UNDECIDED);
}

function* judgeEach(
  traces: readonly TraceView[],
  judge: PageJudge["judge"],
  judged: Map<string, number>,
): Generator<undefined, void> {
  for (const trace of traces) {
    judged.set(trace.traceId, judge(trace));
    yield;
  }
}

/** Adds to the facts which policies decide. Rows in ClickHouse's RowBinary format. */
async function insert(
  { client, database, facts }: Judging,
  page: readonly UnknownTrace[],
  judged: readonly number[],
): Promise<void> {
  const rows = page.map(({ tenant, traceId, firstBucket }, i) => {
    const text = Buffer.from(tenant);
    const numbers = Buffer.alloc(6);
    numbers.writeUInt32LE(firstBucket, 0);
    numbers.writeInt16LE(judged[i]!, 4);
    return [varint(text.length), text, Buffer.from(traceId, "hex"), numbers];
  });
  await client.insertBytes(
    sql`INSERT INTO ${identifier(database)}.${identifier(facts)}
      (tenant, trace_id, first_bucket, policy) FORMAT RowBinary`,
    [Buffer.concat(rows.flat())],
  );
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value > 0x7f; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return Buffer.from([...bytes, value]);
}
