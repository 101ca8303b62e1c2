/** Whether roll-ups say what the spans say, asked of ClickHouse itself. */
import { redTables } from "../../src/store/red-tables.ts";
import type { StoreClient } from "../../src/store/client.ts";
import { identifier, sql } from "../../src/store/sql.ts";

/** Where a table of roll-ups and the rows of spans disagree: operation, time, and by how many spans. */
export async function rollUpDifferences(client: StoreClient): Promise<object[]> {
  const differences = await Promise.all(
    redTables.map(({ name, seconds }) => {
      const step = { type: "UInt64", value: seconds } as const;
      const nano = { type: "UInt64", value: seconds * 1_000_000_000 } as const;
      return client.query<object>(
        sql`SELECT ${{ type: "String", value: name }} AS table_name, tenant, at, service, name, kind,
            status_code, sum(spans) AS too_few, sum(cells) AS too_few_in_cells
          FROM (
            SELECT tenant,
              if(bitAnd(marks, 6) = 0, intDiv(start_unix_nano, ${nano}) * ${step},
                intDiv(toUnixTimestamp(time_bucket), ${step}) * ${step}) AS at,
              ifNull(nullIf(toString(resource_service_name), ''), 'unknown_service') AS service,
              toString(name) AS name, kind, status_code,
              toInt64(count()) AS spans, toInt64(count()) AS cells
            FROM clew.spans GROUP BY ALL
            UNION ALL
            SELECT tenant, toUInt64(toUnixTimestamp(time)) AS at, toString(service) AS service,
              toString(name) AS name, kind, status_code,
              -toInt64(sum(calls)) AS spans, -toInt64(sum(arraySum(mapValues(histogram)))) AS cells
            FROM clew.${identifier(name)} GROUP BY ALL
          )
          GROUP BY tenant, at, service, name, kind, status_code
          HAVING too_few != 0 OR too_few_in_cells != 0`,
      );
    }),
  );
  return differences.flat();
}
