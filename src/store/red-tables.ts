/** The tables that roll-ups are kept in; `migrations/` makes them. */

/** A table of roll-ups. */
export interface RedTable {
  readonly name: "red_1m" | "red_1h";
  /** Its rows are about so many seconds each. */
  readonly seconds: number;
  readonly hasExemplars: boolean;
}

/** Finest first. A batch of spans goes into each. */
export const redTables: readonly [minutes: RedTable, hours: RedTable] = [
  { name: "red_1m", seconds: 60, hasExemplars: true },
  { name: "red_1h", seconds: 3600, hasExemplars: false },
];

const sum = (type: string): string => `SimpleAggregateFunction(sum, ${type})`;
const sumMap = (type: string): string => `SimpleAggregateFunction(sumMap, Map(Int16, ${type}))`;

/** The columns of both tables in the order of theirs, with their exact types. */
export const redColumns = {
  tenant: "LowCardinality(String)",
  time: "DateTime('UTC')",
  service: "LowCardinality(String)",
  name: "LowCardinality(String)",
  kind: "UInt8",
  status_code: "UInt8",
  dimensions: "LowCardinality(String)",
  calls: sum("UInt64"),
  unseen: sum("Float64"),
  duration_nano: sum("Float64"),
  unseen_duration_nano: sum("Float64"),
  bytes: sum("UInt64"),
  histogram: sumMap("UInt64"),
  unseen_histogram: sumMap("Float64"),
} as const;

/** The column that tables with exemplars have at the end. */
export const exemplarColumn = {
  name: "exemplars",
  type: "SimpleAggregateFunction(maxMap, Map(Int16, FixedString(24)))",
} as const;
