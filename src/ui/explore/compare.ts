/** What some spans share that the others do not: the question as TraceQL, and what its series say. */
import type { MetricsSeriesAnswer } from "../../api/contract.ts";
import type { AnyValue } from "../../model/trace.ts";
import { formatQuery } from "../../traceql/format.ts";
import { parseQuery } from "../../traceql/parse.ts";
import type { ExploreQuery } from "./explore-route.ts";
import {
  conditionText,
  durationCondition,
  IS_REQUEST,
  rollUpFilter,
  understand,
} from "./filters.ts";

/** Values of an attribute that are told apart. */
const VALUES = 10;

/** What is compared with what, in words and as a query for series. */
export interface Comparing {
  readonly q: string;
  readonly selected: string;
  readonly others: string;
}

/** The comparison that the page stands for: the box with the other spans of the query, or the query's spans
 * with all others. Undefined where there is nothing to compare with. */
export function comparingOf({ q, box, allSpans }: ExploreQuery): Comparing | undefined {
  const understood = understand(q);
  if (understood.kind === "wrong" || understood.kind === "metrics") return undefined;
  const saysKind = rollUpFilter(q)?.kinds !== undefined;
  const requests = allSpans || saysKind ? "{ }" : `{ ${IS_REQUEST} }`;
  if (box !== undefined) {
    const among = understood.kind === "more" ? withoutOrder(q) : q === "" ? "" : q;
    const nanos = (seconds: number): string => `${BigInt(seconds) * 1_000_000_000n}`;
    const times = `${nanos(box.fromSeconds)}, ${nanos(box.toSeconds)}`;
    const inside = `compare({ ${durationCondition(box)} }, ${VALUES}, ${times})`;
    return {
      q: [among, requests === "{ }" && among !== "" ? "" : requests, inside]
        .filter(Boolean)
        .join(" | "),
      selected: "in the box",
      others: q === "" ? "all others" : "the others of the query",
    };
  }
  if (understood.kind !== "conditions" || understood.conditions.length === 0) return undefined;
  const conditions = understood.conditions.map(({ text }) => `(${text})`).join(" && ");
  return {
    q: `${requests} | compare({ ${conditions} }, ${VALUES})`,
    selected: "of the query",
    others: "all others",
  };
}

function withoutOrder(q: string): string {
  const { query } = parseQuery(q);
  if (query?.kind !== "search") return q;
  const { kind, pipeline, hints, from, to } = query;
  return formatQuery({ kind, pipeline, hints, from, to });
}

/** A value of an attribute on both sides. */
export interface ComparedValue {
  readonly text: string;
  /** The condition that a span has it; undefined if it cannot be written. */
  readonly condition: string | undefined;
  /** The parts of the spans of each side that have it. */
  readonly selectedShare: number;
  readonly otherShare: number;
}

/** An attribute on both sides. */
export interface ComparedAttribute {
  /** As TraceQL has it. */
  readonly field: string;
  /** From 0, the same on both sides, to 1: half of all by which the shares of values differ. */
  readonly difference: number;
  /** Those whose shares differ most first. */
  readonly values: readonly ComparedValue[];
}

/** Both sides. */
export interface Comparison {
  readonly selected: number;
  readonly others: number;
  /** Those that differ most first. */
  readonly attributes: readonly ComparedAttribute[];
}

interface Counts {
  selected: number;
  others: number;
}

interface Gathered {
  readonly totals: Counts;
  readonly values: Map<string, Counts & { readonly value: AnyValue }>;
}

/** What the series of a `compare()` over one stretch of time say. */
export function readComparison(series: readonly MetricsSeriesAnswer[]): Comparison {
  const fields = new Map<string, Gathered>();
  for (const { labels, values } of series) {
    const meta = labels.find(({ key }) => key === "__meta_type")?.value;
    const label = labels.find(({ key }) => key !== "__meta_type");
    const type = meta !== undefined && "stringValue" in meta ? meta.stringValue : "";
    const side = type.startsWith("selection") ? "selected" : "others";
    if (label === undefined || type === "") continue;
    const count = values.reduce<number>((sum, value) => sum + Number(value ?? 0), 0);
    let gathered = fields.get(label.key);
    if (gathered === undefined) {
      gathered = { totals: { selected: 0, others: 0 }, values: new Map() };
      fields.set(label.key, gathered);
    }
    if (type.endsWith("_total")) {
      gathered.totals[side] += count;
      continue;
    }
    const key = JSON.stringify(label.value);
    const known = gathered.values.get(key) ?? { value: label.value, selected: 0, others: 0 };
    known[side] += count;
    gathered.values.set(key, known);
  }
  // Every span has a kind.
  const all = fields.get("kind")?.totals ?? { selected: 0, others: 0 };
  const attributes = [...fields].map(([field, gathered]) => attributeOf(field, gathered, all));
  attributes.sort((a, b) => b.difference - a.difference || (a.field < b.field ? -1 : 1));
  return { selected: all.selected, others: all.others, attributes };
}

function attributeOf(field: string, { totals, values }: Gathered, all: Counts): ComparedAttribute {
  const share = (count: number, of: number): number => (of > 0 ? Math.min(count / of, 1) : 0);
  const shares = [...values.values()].map(({ value, selected, others }): ComparedValue => {
    const text = textOf(value);
    return {
      text,
      condition: conditionText(field, "=", text, "stringValue" in value && !isWord(field)),
      selectedShare: share(selected, all.selected),
      otherShare: share(others, all.others),
    };
  });
  const absent: ComparedValue = {
    text: "absent",
    condition: conditionText(field, "is absent", ""),
    selectedShare: 1 - share(totals.selected, all.selected),
    otherShare: 1 - share(totals.others, all.others),
  };
  const every = absent.selectedShare > 0 || absent.otherShare > 0 ? [...shares, absent] : shares;
  const gap = ({ selectedShare, otherShare }: ComparedValue): number =>
    Math.abs(selectedShare - otherShare);
  return {
    field,
    difference: every.reduce((sum, value) => sum + gap(value), 0) / 2,
    values: every.sort((a, b) => gap(b) - gap(a) || b.selectedShare - a.selectedShare),
  };
}

function isWord(field: string): boolean {
  return field === "kind" || field === "status";
}

function textOf(value: AnyValue): string {
  if ("stringValue" in value) return value.stringValue;
  if ("intValue" in value) return value.intValue;
  if ("doubleValue" in value) return String(value.doubleValue);
  if ("boolValue" in value) return String(value.boolValue);
  return JSON.stringify(value);
}
