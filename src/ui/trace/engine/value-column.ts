/** The values that spans have for one attribute, by row of their table. */
import type { SpanTable } from "../../../analysis/span-table.ts";
import type { TraceFrame } from "../../../model/trace-frames.ts";
import { SpansById } from "../../../model/tree-order.ts";
import type { ScalarAttributeValue } from "../../../traceql/evaluate/trace-view.ts";

/** Who has which value. */
export interface ValueColumn {
  /** By row: the number of its value's text, or -1. */
  readonly numbers: Int32Array;
  /** Values as text behind a letter for their type, as the API has them. */
  readonly texts: readonly string[];
}

/** Puts values to the rows of the spans they belong to. */
export class ValueCollector {
  readonly #table: SpanTable;
  readonly #rows: SpansById;
  readonly #texts: string[] = [];
  readonly #numbers: Int32Array;

  constructor(table: SpanTable) {
    this.#table = table;
    this.#rows = new SpansById(
      table.spanId,
      Int32Array.from({ length: table.length }, (_, i) => i),
    );
    this.#numbers = new Int32Array(table.length).fill(-1);
  }

  take(frame: TraceFrame): void {
    if (frame.kind === "strings") for (const text of frame.texts) this.#texts.push(text);
    if (frame.kind !== "values") return;
    const { spans, spanId, value, kind } = frame.arrays;
    for (let i = 0; i < spans; i++) {
      let row = this.#rows.first(spanId[2 * i]!, spanId[2 * i + 1]!);
      for (; row !== -1; row = this.#rows.next(row)) {
        if (this.#table.kind[row] === kind[i]) this.#numbers[row] = value[i]!;
      }
    }
  }

  column(): ValueColumn {
    return { numbers: this.#numbers, texts: this.#texts };
  }
}

/** A value as the page shows it. */
export function plainValue(text: string): string {
  if (text.startsWith("b")) return text === "b1" ? "true" : "false";
  return text.slice(1);
}

/** A value as the query language has it. */
export function searchableText(text: string): ScalarAttributeValue {
  const rest = text.slice(1);
  switch (text[0]) {
    case "i":
      return { type: "int", value: BigInt(rest) };
    case "d":
      return { type: "float", value: Number(rest.replace(/^(-?)inf$/, "$1Infinity")) };
    case "b":
      return { type: "bool", value: rest === "1" };
    default:
      return { type: "string", value: rest };
  }
}
