import { compareValues } from "../arithmetic.ts";
import type { Aggregate, NumberValue } from "../ast.ts";
import { compileValue } from "./conditions.ts";
import type { Getter } from "./fields.ts";
import type { Rows } from "./rows.ts";
import type { Columns, Run } from "./run.ts";
import { isNumeric } from "./values.ts";

/** One number for a set of spans; undefined if none of them has a number. */
export type SetNumber = (run: Run, rows: Rows) => NumberValue | undefined;

/** An aggregate as a function of a set of spans. Spans without a number are left out. */
export function compileAggregate({ fn, argument }: Aggregate, columns: Columns): SetNumber {
  if (argument === undefined) return (_, rows) => ({ type: "int", value: BigInt(rows.length) });
  const value = compileValue(argument, columns);
  switch (fn) {
    case "count":
      throw new Error("count() has no argument");
    case "min":
      return (run, rows) => extreme(numbersOf(run, rows, value), "<");
    case "max":
      return (run, rows) => extreme(numbersOf(run, rows, value), ">");
    case "sum":
      return (run, rows) => sum(numbersOf(run, rows, value));
    case "avg":
      return (run, rows) => average(numbersOf(run, rows, value));
  }
}

function numbersOf(run: Run, rows: Rows, value: Getter): NumberValue[] {
  return rows.map((row) => value(run, row)).filter((number) => isNumeric(number));
}

/** The smallest or largest as it is, the first of equals; NaN only if there is nothing else. */
function extreme(numbers: readonly NumberValue[], op: "<" | ">"): NumberValue | undefined {
  let best: NumberValue | undefined;
  for (const number of numbers) {
    if (best === undefined || Number.isNaN(best.value) || compareValues(op, number, best)) {
      best = number;
    }
  }
  return best;
}

/** Of one type if all are, else a float; as is a sum of ints that 64 bits cannot hold. */
function sum(numbers: readonly NumberValue[]): NumberValue | undefined {
  const [first] = numbers;
  if (first === undefined) return undefined;
  const exact = exactSum(numbers);
  if (exact !== undefined && BigInt.asIntN(64, exact.value) === exact.value) return exact;
  return { type: "float", value: numbers.reduce((total, { value }) => total + Number(value), 0) };
}

/** A duration of whole nanoseconds if all are durations, else a float. */
function average(numbers: readonly NumberValue[]): NumberValue | undefined {
  if (numbers.length === 0) return undefined;
  const exact = exactSum(numbers);
  if (exact?.type === "duration") {
    return { type: "duration", value: exact.value / BigInt(numbers.length) };
  }
  const total =
    exact === undefined
      ? numbers.reduce((sum, { value }) => sum + Number(value), 0)
      : Number(exact.value);
  return { type: "float", value: total / numbers.length };
}

type WholeNumber = Exclude<NumberValue, { type: "float" }>;

/** The sum without rounding, if all are ints or all are durations. */
function exactSum(numbers: readonly NumberValue[]): WholeNumber | undefined {
  let total = 0n;
  const { type } = numbers[0]!;
  if (type === "float") return undefined;
  for (const number of numbers) {
    if (number.type === "float" || number.type !== type) return undefined;
    total += number.value;
  }
  return { type, value: total };
}
