/**
 * compare(): how often each value of each attribute comes up among the selected spans and among the
 * others.
 *
 *     __meta_type      resource.service.name
 *     selection        "checkout"               how many selected spans have it, sample by sample
 *     baseline         "checkout"               how many of the others
 *     selection_total  "nil"                    how many selected spans have any value
 *     baseline_total   "nil"
 *
 * Attributes are those of spans, resources and scopes, and name, status, kind and the like; arrays
 * are left out, as are durations and ids, which are different for every span anyway.
 */
import type { CompareSpans, Field } from "../../ast.ts";
import { fieldText } from "../../expression-text.ts";
import type { IntrinsicName } from "../../intrinsics.ts";
import { compileCondition } from "../conditions.ts";
import { fieldGetter, type Getter, type Predicate, traceIdText } from "../fields.ts";
import { hexId, type Run } from "../run.ts";
import type { OwnerScope, TraceView } from "../trace-view.ts";
import { type GroupKey, groupKey, type RuntimeValue, valueText } from "../values.ts";
import { CountCells } from "./cells.ts";
import {
  chosenCandidates,
  exemplarOf,
  type ExemplarPlan,
  Exemplars,
  planExemplars,
  rankOf,
} from "./exemplars.ts";
import type { LeafAccumulator, MetricsOptions, SpanSource, SpanSum, Weights } from "./leaf.ts";
import { type Label, type Series, textLabel } from "./series.ts";

/** Different values of all attributes of a side; what comes beyond only counts for the totals. */
const MAX_VALUES = 200_000;

/** Intrinsics that are compared; the last ones only where there is a text. */
export const comparedIntrinsics: readonly IntrinsicName[] = [
  "span:name",
  "span:status",
  "span:kind",
  "trace:rootName",
  "trace:rootService",
  "span:statusMessage",
  "instrumentation:name",
  "instrumentation:version",
];
const emptyMeansNone: ReadonlySet<IntrinsicName> = new Set<IntrinsicName>([
  "span:statusMessage",
  "instrumentation:name",
  "instrumentation:version",
]);

interface Counted {
  readonly value: RuntimeValue;
  readonly cells: CountCells;
}

/** What is known of one attribute on one side. */
interface AttributeCounts {
  readonly total: CountCells;
  readonly values: Map<GroupKey, Counted>;
}

/** One side: the selected spans, or the others. */
class Side {
  readonly exemplars: Exemplars;
  /** By the attribute's label. */
  readonly attributes = new Map<string, AttributeCounts>();
  readonly #samples: number;
  #valueCount = 0;

  constructor(samples: number, plan: ExemplarPlan) {
    this.#samples = samples;
    this.exemplars = new Exemplars(plan);
  }

  /** The attribute's total, and the value's counts unless there are too many values. */
  find(label: string, value: RuntimeValue): [CountCells, CountCells | undefined] {
    const { total, values } = this.attribute(label);
    const key = groupKey(value);
    const known = values.get(key);
    if (known !== undefined) return [total, known.cells];
    if (this.#valueCount >= MAX_VALUES) return [total, undefined];
    const cells = new CountCells(this.#samples);
    values.set(key, { value, cells });
    this.#valueCount++;
    return [total, cells];
  }

  attribute(label: string): AttributeCounts {
    let counts = this.attributes.get(label);
    if (counts === undefined) {
      counts = { total: new CountCells(this.#samples), values: new Map() };
      this.attributes.set(label, counts);
    }
    return counts;
  }

  merge(other: Side): void {
    this.exemplars.merge(other.exemplars);
    for (const [label, { total, values }] of other.attributes) {
      this.attribute(label).total.merge(total);
      for (const { value, cells } of values.values()) this.find(label, value)[1]?.merge(cells);
    }
  }
}

/** The function as an accumulator. */
export class CompareAccumulator implements LeafAccumulator {
  readonly #fn: CompareSpans;
  readonly #source: SpanSource;
  readonly #isSelected: Predicate;
  readonly #intrinsics: readonly LabelledGetter[];
  readonly #plan: ExemplarPlan;
  readonly #sides: Readonly<Record<"baseline" | "selection", Side>>;

  constructor(fn: CompareSpans, source: SpanSource, { grid, exemplars }: MetricsOptions) {
    this.#fn = fn;
    this.#source = source;
    this.#isSelected = compileCondition(fn.selection.condition, source.columns);
    this.#intrinsics = comparedIntrinsics.map((name) => intrinsicGetter(name, source));
    this.#plan = planExemplars(exemplars, grid);
    this.#sides = {
      baseline: new Side(grid.count, this.#plan),
      selection: new Side(grid.count, this.#plan),
    };
  }

  add(trace: TraceView, weights: Weights): void {
    let readers: readonly LabelledGetter[] | undefined;
    this.#source.forEach(trace, (run, row, index) => {
      readers ??= [...this.#intrinsics, ...attributesOf(trace)];
      const side = this.#sideOf(run, row);
      const weight = weights === undefined ? 1 : weights[row]!;
      for (const { label, value } of readers) {
        const found = value(run, row);
        if (found === undefined || found.type === "array") continue;
        const [total, cells] = side.find(label, found);
        total.add(index, 1, weight);
        cells?.add(index, 1, weight);
      }
      this.#offer(side, readers, { run, row, index });
    });
  }

  offer(trace: TraceView): void {
    let readers: readonly LabelledGetter[] | undefined;
    this.#source.forEach(trace, (run, row, index) => {
      readers ??= [...this.#intrinsics, ...attributesOf(trace)];
      this.#offer(this.#sideOf(run, row), readers, { run, row, index });
    });
  }

  /** Takes in how many spans of a side have a value of an attribute, or, of undefined, any value. */
  take(
    side: "baseline" | "selection",
    label: string,
    value: RuntimeValue | undefined,
    counts: Iterable<SpanSum>,
  ): void {
    const cells =
      value === undefined
        ? this.#sides[side].attribute(label).total
        : this.#sides[side].find(label, value)[1];
    for (const { index, measure, weight } of counts) cells?.take(index, measure, weight);
  }

  #sideOf(run: Run, row: number): Side {
    return this.#sides[this.#selects(run, row) ? "selection" : "baseline"];
  }

  #offer(
    { exemplars }: Side,
    readers: readonly LabelledGetter[],
    { run, row, index }: { readonly run: Run; readonly row: number; readonly index: number },
  ): void {
    if (this.#plan.limit === 0) return;
    const { view } = run;
    const rank = rankOf(view.startUnixNano[row]!);
    if (!exemplars.wants(index, rank)) return;
    exemplars.offer({
      traceId: view.traceId,
      spanId: hexId(view.spanId, row),
      rank,
      index,
      measure: 1,
      labels: [...labelsOf(readers, run, row), textLabel("trace:id", traceIdText(view))],
      value: undefined,
      timestampMs: Number(view.startUnixNano[row]! / 1_000_000n),
    });
  }

  #selects(run: Run, row: number): boolean {
    const { window } = this.#fn;
    if (window !== undefined) {
      const start = run.view.startUnixNano[row]!;
      if (start < window.start || start >= window.end) return false;
    }
    return this.#isSelected(run, row);
  }

  merge(other: LeafAccumulator): void {
    if (!(other instanceof CompareAccumulator)) throw new Error("these are different functions");
    this.#sides.baseline.merge(other.#sides.baseline);
    this.#sides.selection.merge(other.#sides.selection);
  }

  series(): Series[] {
    const candidates = Object.values(this.#sides).flatMap(({ exemplars }) =>
      exemplars.candidates(),
    );
    const chosen = chosenCandidates(candidates, this.#plan);
    return (["baseline", "selection"] as const).flatMap((name) => {
      const { attributes, exemplars } = this.#sides[name];
      const shown = exemplars.candidates().filter((candidate) => chosen.has(candidate));
      return [...attributes].flatMap(([label, { total, values }]): Series[] => [
        ...topValues([...values.values()], this.#fn.top).map(({ value, cells }) => ({
          labels: [textLabel("__meta_type", name), { name: label, value }],
          values: cells.counts,
          exemplars: [],
        })),
        {
          labels: [textLabel("__meta_type", `${name}_total`), textLabel(label, "nil")],
          values: total.counts,
          exemplars: shown
            .filter(({ labels }) => labels.some((one) => one.name === label))
            .map((candidate) => exemplarOf(candidate, total.counts)),
        },
      ]);
    });
  }
}

/** The values that come up most; of equals those whose text comes first. */
function topValues(values: readonly Counted[], count: number): Counted[] {
  if (values.length <= count) return [...values];
  const ranked = values.map((counted) => ({
    counted,
    sum: counted.cells.counts.reduce((sum, one) => sum + one, 0),
    text: `${valueText(counted.value)}:${counted.value.type}`,
  }));
  ranked.sort((a, b) => b.sum - a.sum || (a.text < b.text ? -1 : Number(a.text > b.text)));
  return ranked.slice(0, count).map(({ counted }) => counted);
}

interface LabelledGetter {
  readonly label: string;
  readonly value: Getter;
}

function intrinsicGetter(name: IntrinsicName, { columns }: SpanSource): LabelledGetter {
  const field: Field = { kind: "intrinsic", name, ofParent: false, from: 0, to: 0 };
  const value = fieldGetter(field, columns);
  if (!emptyMeansNone.has(name)) return { label: fieldText(field), value };
  return {
    label: fieldText(field),
    value(run, row) {
      const found = value(run, row);
      return found?.type === "string" && found.value === "" ? undefined : found;
    },
  };
}

const scopes: readonly OwnerScope[] = ["span", "resource", "instrumentation"];

/** Every attribute that some span of the trace has, by label; all have a service. */
function attributesOf(trace: TraceView): LabelledGetter[] {
  const keysOf = (scope: OwnerScope): Iterable<string> =>
    scope === "resource"
      ? new Set([...trace.attributeKeys(scope), "service.name"])
      : trace.attributeKeys(scope);
  const all = scopes.flatMap((scope) =>
    Array.from(keysOf(scope), (name) => {
      const column = trace.attribute(scope, name);
      const field = { kind: "attribute", scope, name, ofParent: false, from: 0, to: 0 } as const;
      return { label: fieldText(field), value: (_: Run, row: number) => column[row] };
    }),
  );
  return all.sort((a, b) => (a.label < b.label ? -1 : 1));
}

function labelsOf(readers: readonly LabelledGetter[], run: Run, row: number): Label[] {
  return readers.flatMap(({ label, value }): Label[] => {
    const found = value(run, row);
    return found === undefined ? [] : [{ name: label, value: found }];
  });
}
