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
    throw asFault(error);
  }
}

/** The same for an answer that comes in pieces. */
export async function* askedAll<T>(pieces: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* pieces;
  } catch (error) {
    throw asFault(error);
  }
}

function asFault(error: unknown): unknown {
  if (isOverlongForm(error)) {
    const message = "the query has more conditions, or a longer one, than ClickHouse takes";
    return new Fault("invalid", message, { cause: error });
  }
  if (!(error instanceof ClickHouseError)) return error;
  if (error.code === TIMEOUT_EXCEEDED) {
    return new Fault("timeout", "the query took longer than query.maxSeconds", { cause: error });
  }
  if (error.code === MEMORY_LIMIT_EXCEEDED) {
    const message = "the query needs more memory than the store may use";
    return new Fault("unavailable", message, { cause: error });
  }
  if (error.code === TOO_MANY_BYTES || error.code === TOO_MANY_ROWS) {
    const message = "the query has to read more than query.maxReadBytes: ask for less time";
    return new Fault("tooLarge", message, { cause: error });
  }
  return error;
}

/** Statements and their parameters come to ClickHouse as an HTML form, which has limits of its own. */
function isOverlongForm(error: unknown): boolean {
  return (
    error instanceof Error && /HTML Form Exception: (Too many|Field value)/.test(error.message)
  );
}
