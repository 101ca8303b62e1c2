import type { StoreClient } from "../client.ts";
import { identifier, sql } from "../sql.ts";

interface RatesQuery {
  readonly tenant: string;
  readonly services: readonly string[];
  /** A minute's beginning. */
  readonly fromSeconds: number;
  readonly seconds: number;
}

/** Spans a second that came of the services' operations, by service and span name. What samplers left out
 * does not count. */
export async function readOperationRates(
  { client, database }: { readonly client: StoreClient; readonly database: string },
  { tenant, services, fromSeconds, seconds }: RatesQuery,
): Promise<Map<string, Map<string, number>>> {
  const rates = new Map<string, Map<string, number>>();
  if (services.length === 0) return rates;
  const rows = await client.query<{ of: string; operation: string; spans: string }>(
    sql`SELECT service AS of, name AS operation, sum(calls) AS spans
      FROM ${identifier(database)}.red_1m
      WHERE tenant = ${{ type: "String", value: tenant }}
        AND time >= toDateTime(${{ type: "UInt32", value: fromSeconds }}, 'UTC')
        AND time < toDateTime(${{ type: "UInt32", value: fromSeconds + seconds }}, 'UTC')
        AND service IN ${{ type: "Array(String)", value: services }}
      GROUP BY of, operation
      ORDER BY spans DESC`,
  );
  for (const { of, operation, spans } of rows) {
    const ofService = rates.get(of) ?? new Map<string, number>();
    ofService.set(operation, Number(spans) / seconds);
    rates.set(of, ofService);
  }
  return rates;
}
