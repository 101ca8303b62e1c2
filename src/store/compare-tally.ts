/** Counts of rows by side (baseline, selection) and sample, as compare() adds them up in SQL. */
import { type Samples, stretchOfSamples } from "./metric-sums.ts";
import type { OddBuckets } from "./odd-times.ts";
import { joinSql, programText, type Sql, sql } from "./sql.ts";

/** Which samples there are, and whether rows have weights. */
interface Counted {
  readonly samples: Samples;
  readonly odd: OddBuckets;
}

/** Items of an array, with which a group of its own for each side and sample is not needed. */
const MOST_ITEMS = 16;

/** How a group's counts by side and sample are held: places of the baseline's samples come first. */
export interface Tally {
  /** Groups of rows that have `at` and `weight`, as rows with `counts`. */
  grouped(parts: Grouping): Sql;
  /** The sum of `counts` on a side. */
  ofSide(side: Side): Sql;
  /** The sums over many `counts`. */
  readonly totals: Sql;
  /** A count that is not 0 for each place. */
  read(counts: unknown): (readonly [at: number, count: number])[];
}

/** The two sides that are compared. */
export type Side = "baseline" | "selection";

interface Grouping {
  /** Of each group; aggregates may be among them. */
  readonly columns: Sql;
  /** Everything is grouped by each of these by itself. */
  readonly keys: readonly Sql[];
  readonly from: Sql;
}

function sets(keys: readonly Sql[], more: Sql): Sql {
  const all = keys.map((key) => sql`(${key}${more})`);
  return sql`GROUP BY GROUPING SETS (${joinSql(all, sql`, `)})`;
}

/** An array where there are few samples, else only what is not 0. */
export function tallyOf(query: Counted): Tally {
  return 2 * query.samples.count <= MOST_ITEMS ? denseTally(query) : sparseTally(query);
}

/** An array with an item for each side and sample. */
function denseTally({ samples, odd }: Counted): Tally {
  const most = number(2 * samples.count);
  const counts = odd.isWeighted(stretchOfSamples(samples))
    ? sql`sumResample(0, ${most}, 1)(weight, at)`
    : sql`countResample(0, ${most}, 1)(at)`;
  const first = { baseline: 1, selection: samples.count + 1 };
  return {
    grouped: ({ columns, keys, from }) =>
      sql`SELECT ${columns}, ${counts} AS counts FROM (${from}) ${sets(keys, sql``)}`,
    ofSide: (side) =>
      sql`arraySum(arraySlice(counts, ${number(first[side])}, ${number(samples.count)}))`,
    totals: sql`sumForEach(counts)`,
    read: (found) =>
      (found as (number | string)[]).flatMap((count, at) => {
        return Number(count) > 0 ? [[at, Number(count)] as const] : [];
      }),
  };
}

/** A map from places that are not 0, made of groups of a key and place. */
function sparseTally({ samples }: Counted): Tally {
  const isBaseline = sql`x < ${number(samples.count)}`;
  return {
    grouped: ({ columns, keys, from }) =>
      sql`SELECT * EXCEPT (at, spans), (groupArray(at), groupArray(spans)) AS counts
        FROM (SELECT ${columns}, at, sum(weight) AS spans FROM (${from}) ${sets(keys, sql`, at`)})
        GROUP BY ALL`,
    ofSide: (side) => {
      const isOfSide = side === "baseline" ? isBaseline : sql`NOT ${isBaseline}`;
      return sql`arraySum((x, y) -> if(${isOfSide}, y, 0), counts.1, counts.2)`;
    },
    totals: sql`sumMap(counts.1, counts.2)`,
    read: (found) => {
      const [at, counts] = found as [number[], (number | string)[]];
      return at.map((place, i) => [place, Number(counts[i])] as const);
    },
  };
}

function number(value: number): Sql {
  return programText(String(value));
}
