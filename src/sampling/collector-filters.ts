/**
 * Single conditions of the OpenTelemetry Collector's tail_sampling processor as TraceQL. "Any span"
 * means the same in both: a trace answers if one of its spans does. Semantics: the processor's README
 * and `internal/sampling`, as of v0.160.
 */
import { z } from "zod";
import { fieldText } from "../traceql/expression-text.ts";
import { quoteString } from "../traceql/strings.ts";
import { anyPlace, ottlCondition } from "./collector-ottl.ts";

/** A spanset expression of TraceQL, and what is not quite as it was. */
export interface Filter {
  readonly match: string;
  readonly notes: readonly string[];
}

/** A filter, or why there is none. */
export type FilterResult = Filter | { readonly why: string };

const number = z.number();
const wholeNumber = z.int();
const key = z.string().min(1);
const invert = z.boolean().default(false);

const latency = z.object({
  threshold_ms: number.default(0),
  upper_threshold_ms: number.default(0),
});
const numeric = z.object({
  key,
  min_value: wholeNumber.default(0),
  max_value: wholeNumber.default(0),
  invert_match: invert,
});
const statusCode = z.object({
  status_codes: z.array(z.enum(["OK", "ERROR", "UNSET"])).min(1),
});
const string = z.object({
  key,
  values: z.array(z.string()).min(1),
  enabled_regex_matching: z.boolean().default(false),
  invert_match: invert,
});
const boolean = z.object({ key, value: z.boolean().default(false), invert_match: invert });
const spanCount = z.object({
  min_spans: wholeNumber.default(0),
  max_spans: wholeNumber.default(0),
});
const ottl = z.object({
  span: z.array(z.string()).default([]),
  spanevent: z.array(z.string()).default([]),
});

function filter(match: string, ...notes: string[]): Filter {
  return { match, notes };
}

/** Those without state, by their type. Each throws ZodError if it is not what the type has. */
const translations: Readonly<Record<string, (config: unknown) => FilterResult>> = {
  always_sample: () => filter("{ }"),
  latency: (config) => {
    const { threshold_ms: from, upper_threshold_ms: upTo } = latency.parse(config);
    const upper = upTo === 0 ? "" : ` && trace:duration <= ${milliseconds(upTo)}`;
    return filter(`{ trace:duration > ${milliseconds(from)}${upper} }`);
  },
  numeric_attribute: (config) => {
    const { key: name, min_value: min, max_value: max, invert_match } = numeric.parse(config);
    const bounds = (field: string): string =>
      [min === 0 ? "" : `${field} >= ${min}`, max === 0 ? "" : `${field} <= ${max}`]
        .filter((bound) => bound !== "")
        .join(" && ") || `${field} != nil`;
    const match = `{ ${anywhere(name, (field) => `(${bounds(field)})`)} }`;
    return inverted(filter(match, "floating-point values count here, too"), invert_match);
  },
  status_code: (config) => {
    const { status_codes: codes } = statusCode.parse(config);
    return filter(`{ ${codes.map((code) => `status = ${code.toLowerCase()}`).join(" || ")} }`);
  },
  string_attribute: (config) => {
    const { key: name, values, enabled_regex_matching, invert_match } = string.parse(config);
    const one = enabled_regex_matching
      ? (field: string) => `${field} =~ ${quoteString(values.map(anyPlace).join("|"))}`
      : (field: string) => values.map((value) => `${field} = ${quoteString(value)}`).join(" || ");
    return inverted(filter(`{ ${anywhere(name, one)} }`), invert_match);
  },
  boolean_attribute: (config) => {
    const { key: name, value, invert_match } = boolean.parse(config);
    const match = `{ ${anywhere(name, (field) => `${field} = ${value}`)} }`;
    return inverted(filter(match), invert_match);
  },
  span_count: (config) => {
    const { min_spans: min, max_spans: max } = spanCount.parse(config);
    return filter(`{ } | count() >= ${min}${max === 0 ? "" : ` | count() <= ${max}`}`);
  },
  ottl_condition: (config) => {
    const { span, spanevent } = ottl.parse(config);
    const conditions: string[] = [];
    for (const [context, texts] of [
      ["span", span],
      ["event", spanevent],
    ] as const) {
      for (const text of texts) {
        const condition = ottlCondition(text, context);
        if (typeof condition !== "string") {
          return { why: `Clew does not read this OTTL: ${condition.unknown}` };
        }
        conditions.push(`{ ${condition} }`);
      }
    }
    return filter(conditions.join(" || "));
  },
  trace_state: () => ({ why: "TraceQL has no word for tracestate" }),
  trace_flags: () => ({ why: "TraceQL has no word for the trace's flags" }),
};

/** The filter of a policy of this type, or undefined if the type is none of a filter. */
export function translateFilter(type: string, config: unknown): FilterResult | undefined {
  return Object.hasOwn(translations, type) ? translations[type]!(config ?? {}) : undefined;
}

/** What all of them have in common: traces that answer each. */
export function allOf(filters: readonly Filter[]): Filter {
  const telling = filters.filter(({ match }) => match !== "{ }");
  const notes = filters.flatMap((each) => each.notes);
  if (telling.length === 0) return { match: "{ }", notes };
  if (telling.length === 1) return { match: telling[0]!.match, notes };
  return { match: telling.map(({ match }) => `(${match})`).join(" && "), notes };
}

/** Traces that do not answer it. */
export function noneOf({ match, notes }: Filter): Filter {
  return { match: `({ }) unless (${match})`, notes };
}

function inverted(given: Filter, invert_match: boolean): Filter {
  return invert_match ? noneOf(given) : given;
}

/** The collector looks at the span's attributes and at the resource's. */
function anywhere(name: string, condition: (field: string) => string): string {
  const place = { from: 0, to: 0, ofParent: false };
  return (["span", "resource"] as const)
    .map((scope) => condition(fieldText({ kind: "attribute", scope, name, ...place })))
    .join(" || ");
}

function milliseconds(ms: number): string {
  return Number.isInteger(ms) ? `${ms}ms` : `${Math.round(ms * 1e6)}ns`;
}
