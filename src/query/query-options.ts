import type { Settings, StoreClient } from "../store/client.ts";
import type { AttributeScope } from "../store/promoted.ts";
import type { SpansTable } from "../store/schema.ts";

/** What a question may cost. */
export interface QueryLimits {
  readonly seconds: number;
  /** Spans of one trace that are read; a larger trace is cut. */
  readonly traceSpans: number;
  /** Spans of one trace that are read where they are but numbers, for the page. */
  readonly framedSpans: number;
  /** Traces that a search may look at whole. */
  readonly candidateTraces: number;
  /** Bytes that one statement may read in ClickHouse, uncompressed; no limit if absent. */
  readonly readBytes: number | undefined;
  /** Memory that one statement may use in ClickHouse. */
  readonly memoryBytes: number;
}

/** Whose spans are asked for, and where they are. Those of several tenants count as if they were of one. */
export interface QueryOptions {
  readonly client: StoreClient;
  readonly database: string;
  /** The spans table as it is now. */
  readonly table: () => SpansTable;
  /** One at least. */
  readonly tenants: readonly string[];
  readonly limits: QueryLimits;
  readonly nowSeconds: () => number;
  /** To be told of attributes that questions are about. */
  readonly noteQueried?: (scope: AttributeScope, key: string) => void;
}

/** The settings of a statement that may cost so much. */
export function statementSettings({ seconds, readBytes, memoryBytes }: QueryLimits): Settings {
  return {
    max_execution_time: seconds,
    max_memory_usage: String(memoryBytes),
    // Groups go to disk before they need more than that.
    max_bytes_before_external_group_by: String(Math.floor(memoryBytes / 2)),
    ...(readBytes !== undefined && { max_bytes_to_read: String(readBytes) }),
    output_format_json_named_tuples_as_objects: 0,
  };
}
