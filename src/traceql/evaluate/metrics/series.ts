import type { Field } from "../../ast.ts";
import { fieldText } from "../../expression-text.ts";
import { type RuntimeValue, valueText } from "../values.ts";

/** A name and value of a series or exemplar, the value with its type. */
export interface Label {
  readonly name: string;
  readonly value: RuntimeValue;
}

/** A span that stands for those of a sample. */
export interface SeriesExemplar {
  readonly labels: readonly Label[];
  readonly value: number;
  /** Unix milliseconds of the span's start. */
  readonly timestampMs: number;
  /** The number of the sample that it is of. */
  readonly index: number;
}

/** Values over time. */
export interface Series {
  readonly labels: readonly Label[];
  /** By sample of the time grid; NaN where there is none. */
  readonly values: Float64Array;
  readonly exemplars: readonly SeriesExemplar[];
}

/** The label that only ungrouped functions have, with their name. */
export const NAME_LABEL = "__name__";

/** A label with a text. */
export function textLabel(name: string, value: string): Label {
  return { name, value: { type: "string", value } };
}

/** Labels as text: what they are sorted by, and equal if the labels are. */
export function labelsText(labels: readonly Label[]): string {
  return labels.map(({ name, value }) => `${name}=${valueText(value)}:${value.type}`).join(",");
}

/** The labels of a group; nil values are left out, but if all are nil the first one is said to be. */
export function groupLabels(
  by: readonly Field[],
  values: readonly (RuntimeValue | undefined)[],
): Label[] {
  const labels = by.flatMap((field, i): Label[] => {
    const value = values[i];
    return value === undefined ? [] : [{ name: fieldText(field), value }];
  });
  const [first] = by;
  return labels.length === 0 && first !== undefined ? [textLabel(fieldText(first), "nil")] : labels;
}

/** What is left to show: series with samples, in the order of their labels, and exemplars of samples
 * that are there. */
export function shownSeries(series: readonly Series[]): Series[] {
  return series
    .filter(({ values }) => values.some((value) => !Number.isNaN(value)))
    .map((one) => ({ one, text: labelsText(one.labels) }))
    .sort((a, b) => (a.text < b.text ? -1 : Number(a.text > b.text)))
    .map(({ one }) => ({
      ...one,
      exemplars: one.exemplars.filter(({ index }) => !Number.isNaN(one.values[index])),
    }));
}
