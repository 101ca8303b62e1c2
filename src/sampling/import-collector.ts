/**
 * Policies from a configuration of the OpenTelemetry Collector's tail_sampling processor. There a trace
 * is kept if any policy keeps it, and dropped if any drops it. Here the first whose filter it answers
 * decides, so they are put into the order that comes to the same: what drops, what always keeps, what
 * keeps a share (the larger first), what has a limit, and what is for all traces at the end.
 */
import * as yaml from "yaml";
import { z } from "zod";
import { Fault, unreachable } from "../base/fault.ts";
import { readQuery } from "../traceql/check.ts";
import { allOf, type Filter, noneOf, translateFilter } from "./collector-filters.ts";
import { type Keep, keepText } from "./policy.ts";

/** What has become of a configuration. */
export interface Imported {
  /** A policy file; what could not be translated is in its comments. */
  readonly text: string;
  /** What could not be translated, or is not quite the same, a sentence each. */
  readonly notes: readonly string[];
  readonly isComplete: boolean;
}

interface Rule extends Filter {
  readonly name: string;
  /** The collector's type, for a comment. */
  readonly type: string;
  readonly keep: Keep;
}

interface Untranslated {
  readonly name: string;
  readonly type: string;
  readonly why: string;
}

type Translated = Rule | Untranslated;

const HOUR = 3600;
const MAX_DEPTH = 10;
const PROCESSOR = /^tail_sampling(\/|$)/;

/** The policies of the collector's configuration; `processor` names the one to take if there are
 * several. Throws Fault "invalid" if there is none, or it is none. */
export function importCollector(text: string, file: string, processor?: string): Imported {
  const [name, config] = findProcessor(text, file, processor);
  const parsed = z.object({ policies: z.array(policySchema).min(1) }).safeParse(config);
  if (!parsed.success) {
    const where = [name, ...(parsed.error.issues[0]?.path ?? [])].join(".");
    throw new Fault("invalid", `${file}: ${where}: ${parsed.error.issues[0]?.message}`);
  }
  const all = parsed.data.policies.flatMap((policy) => translate(policy));
  return write(all.map(checked), `${file}, processor ${name}`);
}

function findProcessor(text: string, file: string, processor?: string): [string, unknown] {
  let config: unknown;
  try {
    config = yaml.parse(text);
  } catch (error) {
    throw new Fault("invalid", `${file}: ${(error as Error).message}`, { cause: error });
  }
  const { processors = {} } =
    z.object({ processors: z.record(z.string(), z.unknown()) }).safeParse(config).data ?? {};
  const names = Object.keys(processors).filter((name) => PROCESSOR.test(name));
  const wanted = processor ?? names[0];
  if (wanted === undefined || !names.includes(wanted)) {
    throw new Fault("invalid", `${file}: there is no processor ${processor ?? "tail_sampling"}`);
  }
  if (processor === undefined && names.length > 1) {
    throw new Fault("invalid", `${file}: there are ${names.join(", ")}; --processor names one`);
  }
  return [wanted, processors[wanted]];
}

const policySchema = z.looseObject({ name: z.string().min(1), type: z.string() });
type CollectorPolicy = z.infer<typeof policySchema>;
const policyList = z.array(policySchema).min(1);

const probabilistic = z.object({ sampling_percentage: z.number().min(0).max(100) });
const spanRate = z.object({ spans_per_second: z.number().gt(0) });
const byteRate = z.object({ bytes_per_second: z.number().gt(0) });
const composite = z.object({
  max_total_spans_per_second: z.number().gt(0),
  policy_order: z.array(z.string()).default([]),
  composite_sub_policy: policyList,
  rate_allocation: z
    .array(z.object({ policy: z.string(), percent: z.number().min(0).max(100) }))
    .default([]),
});

function translate(policy: CollectorPolicy): Translated[] {
  const { name, type } = policy;
  try {
    if (type === "composite") return translateComposite(policy);
    if (type !== "drop") return [rule(policy, 0)];
    const all = both(policy, policyList.parse(record(policy["drop"])["drop_sub_policy"]), 0);
    if ("why" in all) return [all];
    if (all.keep.kind === "always") return [{ ...all, keep: { kind: "never" } }];
    return [
      { name, type, why: "what a share or a rate does not drop cannot go on to other policies" },
    ];
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    const [issue] = error.issues;
    const why = `${[type, ...(issue?.path ?? [])].join(".")}: ${issue?.message}`;
    return [{ name, type, why }];
  }
}

function record(value: unknown): Record<string, unknown> {
  return z.record(z.string(), z.unknown()).parse(value);
}

/** A policy that is one rule here, too. */
function rule(policy: CollectorPolicy, depth: number): Translated {
  const { name, type } = policy;
  const config = policy[type];
  const everything = { name, type, match: "{ }", notes: [] };
  if (depth > MAX_DEPTH) return { name, type, why: "it is nested too deeply" };
  switch (type) {
    case "probabilistic": {
      const { sampling_percentage } = probabilistic.parse(config);
      const keep = { kind: "probability", probability: sampling_percentage / 100 } as const;
      const notes = ["which traces these are follows from their ids, not from hash_salt"];
      return { ...everything, keep, notes };
    }
    case "rate_limiting": {
      const spans = Math.round(spanRate.parse(config).spans_per_second * HOUR);
      return { ...everything, keep: { kind: "spansPerHour", spans }, notes: [perHour] };
    }
    case "bytes_limiting": {
      const bytes = Math.round(byteRate.parse(config).bytes_per_second * HOUR);
      const notes = [perHour, "bytes are those on disk, not those sent"];
      return { ...everything, keep: { kind: "bytesPerHour", bytes }, notes };
    }
    case "and":
      return both(policy, policyList.parse(record(config)["and_sub_policy"]), depth);
    case "not": {
      const inner = rule(policySchema.parse(record(config)["not_sub_policy"]), depth + 1);
      if ("why" in inner) return { name, type, why: inner.why };
      if (inner.keep.kind === "always") return { ...inner, ...noneOf(inner), name, type };
      return { name, type, why: "there is no opposite of a share or a rate" };
    }
    default: {
      const found = translateFilter(type, config);
      if (found === undefined) return { name, type, why: `Clew knows no policies of type ${type}` };
      return "why" in found
        ? { name, type, why: found.why }
        : { ...everything, ...found, keep: { kind: "always" } };
    }
  }
}

const perHour = "the rate is a budget for each hour here";

/** A policy whose sub-policies must all agree; one of them may be a share or a limit. */
function both(
  policy: CollectorPolicy,
  parts: readonly CollectorPolicy[],
  depth: number,
): Translated {
  const { name, type } = policy;
  const inner = parts.map((part) => rule(part, depth + 1));
  const rules: Rule[] = [];
  for (const part of inner) {
    if ("why" in part) return { name, type, why: `${part.name}: ${part.why}` };
    rules.push(part);
  }
  const limits = rules.filter(({ keep }) => keep.kind !== "always");
  if (limits.length > 1) return { name, type, why: "it has more than one share or rate" };
  return { name, type, keep: limits[0]?.keep ?? { kind: "always" }, ...allOf(rules) };
}

function translateComposite(policy: CollectorPolicy): Translated[] {
  const given = composite.parse(policy["composite"]);
  const { policy_order: order, rate_allocation: shares } = given;
  const placeOf = ({ name }: CollectorPolicy): number => (order.indexOf(name) + 1 || Infinity) - 1;
  const parts = given.composite_sub_policy.toSorted((a, b) => placeOf(a) - placeOf(b));
  return parts.map((part): Translated => {
    const inner = rule(part, 1);
    const name = `${policy.name}/${part.name}`;
    const type = `composite of ${part.type}`;
    if ("why" in inner) return { name, type, why: inner.why };
    const share = shares.find((one) => one.policy === part.name)?.percent ?? 100;
    const own = inner.keep.kind === "always" ? undefined : `${keepText(inner.keep)} within that`;
    if (own !== undefined)
      return { name, type, why: `there is one limit for a policy, not ${own}` };
    const spans = Math.round((given.max_total_spans_per_second * HOUR * share) / 100);
    return {
      ...inner,
      name,
      type,
      keep: { kind: "spansPerHour", spans },
      notes: [...inner.notes, perHour],
    };
  });
}

/** What Clew itself does not read is not translated, either: a pattern that is not valid, say. */
function checked(translated: Translated): Translated {
  if ("why" in translated) return translated;
  const [problem] = readQuery(translated.match).problems;
  if (problem === undefined) return translated;
  const { name, type, match } = translated;
  return { name, type, why: `${problem.message}: ${match}` };
}

function rank({ match, keep }: Rule): number {
  const isForAll = match === "{ }" && keep.kind !== "never" ? 10 : 0;
  switch (keep.kind) {
    case "never":
      return 0;
    case "always":
      return isForAll + 1;
    case "probability":
      return isForAll + 3 - keep.probability;
    case "tracesPerSecond":
    case "spansPerHour":
    case "bytesPerHour":
      return isForAll + 4;
    default:
      return unreachable(keep);
  }
}

function write(all: readonly Translated[], source: string): Imported {
  const rules = all
    .filter((each): each is Rule => !("why" in each))
    .toSorted((a, b) => rank(a) - rank(b));
  const forAll = rules.findIndex((each) => each.match === "{ }");
  const unreachableRules = forAll === -1 ? [] : rules.slice(forAll + 1);
  const untranslated: Untranslated[] = [
    ...all.filter((each): each is Untranslated => "why" in each),
    ...unreachableRules.map(({ name, type }) => {
      return { name, type, why: `${rules[forAll]!.name} decides about all traces already` };
    }),
  ];
  const decisive = forAll === -1 ? rules : rules.slice(0, forAll);
  const last: Keep = forAll === -1 ? { kind: "never" } : rules[forAll]!.keep;
  const lines = [
    `# From ${source}, by "clew sampling import".`,
    "# There any policy could keep a trace; here the first whose filter it answers decides.",
    ...untranslated.map(({ name, type, why }) =>
      comment(`Not translated: ${name} (${type}): ${why}`),
    ),
    decisive.length === 0 ? "policies: []" : "policies:",
    ...decisive.flatMap(ruleLines),
    ...(forAll === -1 ? [] : [comment(`${rules[forAll]!.name} (${rules[forAll]!.type})`)]),
    `default: ${keepText(last)}`,
    "",
  ];
  return {
    text: lines.join("\n"),
    notes: [
      ...untranslated.map(({ name, why }) => `${name} is not translated: ${why}`),
      ...rules.flatMap(({ name, notes }) => notes.map((note) => `${name}: ${note}`)),
    ],
    isComplete: untranslated.length === 0,
  };
}

function ruleLines({ name, type, match, keep }: Rule): string[] {
  // The word is taken: it is what decides at the end.
  const own = name === "default" ? "default of the collector" : name;
  return [
    comment(type, "  "),
    `  - name: ${JSON.stringify(own)}`,
    `    match: '${match.replaceAll("'", "''")}'`,
    `    keep: ${keepText(keep)}`,
  ];
}

function comment(text: string, indent = ""): string {
  return `${indent}# ${text.replaceAll(/\s+/g, " ")}`;
}
