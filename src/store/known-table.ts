import type { Field } from "../traceql/ast.ts";
import type { KnownTable } from "./attribute-sql.ts";
import type { CandidateReading, Stretch } from "./candidates.ts";
import { readKeyTypes } from "./key-types.ts";
import type { SpansTable } from "./schema.ts";

/** What is asked about. */
export interface KnownTableQuery {
  readonly table: SpansTable;
  /** The fields whose types matter. */
  readonly fields: readonly Field[];
  /** The spans that matter are filed within it. */
  readonly stretch: Stretch;
}

/**
 * The table with what is recorded of the fields' attributes in this time: of which types their values
 * are. Most have one type, so that three quarters of the places where values may be need not be read, and
 * only few are ever in `exact`.
 */
export async function readKnownTable(
  reading: CandidateReading,
  { table, fields, stretch }: KnownTableQuery,
): Promise<KnownTable> {
  const keys = new Set(fields.flatMap((field) => (field.kind === "attribute" ? [field.name] : [])));
  if (keys.size === 0) return table;
  const types = await readKeyTypes(reading, [...keys], stretch);
  return {
    ...table,
    typesOf: (scope, key) => (keys.has(key) ? types.of(scope, key) : undefined),
  };
}
