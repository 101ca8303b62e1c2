import { ClickHouseError } from "@clickhouse/client";
import { Fault } from "../base/fault.ts";

// Source: ClickHouse src/Common/ErrorCodes.cpp.
const TIMEOUT_EXCEEDED = "159";
const MEMORY_LIMIT_EXCEEDED = "241";
const TOO_MANY_ROWS = "158";
const TOO_MANY_BYTES = "307";

/** Asks the store; limits that a query has run into become Faults "timeout" and "unavailable". */
export async function asked<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ClickHouseError)) throw error;
    if (error.code === TIMEOUT_EXCEEDED) {
      throw new Fault("timeout", "the query took longer than query.maxSeconds", { cause: error });
    }
    if (error.code === MEMORY_LIMIT_EXCEEDED) {
      const message = "the query needs more memory than the store may use";
      throw new Fault("unavailable", message, { cause: error });
    }
    if (error.code === TOO_MANY_BYTES || error.code === TOO_MANY_ROWS) {
      const message = "the query has to read more than query.maxReadBytes: ask for less time";
      throw new Fault("tooLarge", message, { cause: error });
    }
    throw error;
  }
}
