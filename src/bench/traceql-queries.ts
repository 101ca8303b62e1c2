/**
 * Questions in TraceQL, by Tempo's API, so that any server that speaks it can be measured. What they ask
 * for is read out of traces that the server has.
 */
import { Fault } from "../base/fault.ts";
import type { KnownTrace } from "./protocol.ts";
import type { Question } from "./queries.ts";
import type { Random } from "./random.ts";

const HOUR_SECONDS = 3600;
const DAY_SECONDS = 24 * HOUR_SECONDS;

/** A value that a span has. */
interface Known {
  readonly value: string;
  /** The trace that it is of; without leading zeros, as searches tell it. */
  readonly traceId: string;
}

/** What some traces have in them. */
export interface Facts {
  /** Unix seconds after which no span starts, give or take some. */
  readonly endSeconds: number;
  /** Different in every trace; a column of its own. */
  readonly users: readonly Known[];
  /** Different in every span; no column of its own. */
  readonly messages: readonly Known[];
  readonly failedServices: readonly Known[];
  readonly entryServices: readonly Known[];
  readonly tables: readonly Known[];
  /** Conditions that one span in some ten thousand satisfies. */
  readonly rareConditions: readonly Known[];
}

/** A kind of question. */
export interface TraceqlKind {
  readonly about: string;
  readonly question: (random: Random, facts: Facts) => Question;
}

/** All kinds, by the names they have in reports. */
export const traceqlKinds: Readonly<Record<string, TraceqlKind>> = {
  "search rare, promoted": {
    about: 'limit 20, like { span.user.id = "u-1f" }',
    question: (random, facts) => {
      const { value, traceId } = random.pick(facts.users);
      return search(facts, `{ span.user.id = ${JSON.stringify(value)} }`, traceId);
    },
  },
  "search rare, unpromoted": {
    about: 'limit 20, like { span.messaging.message.id = "m-1f" }',
    question: (random, facts) => {
      const { value, traceId } = random.pick(facts.messages);
      return search(facts, `{ span.messaging.message.id = ${JSON.stringify(value)} }`, traceId);
    },
  },
  "search errors": {
    about: "limit 20, { resource.service.name = … && status = error }",
    question: (random, facts) => {
      const { value } = random.pick(facts.failedServices);
      const service = `resource.service.name = ${JSON.stringify(value)}`;
      return search(facts, `{ ${service} && status = error }`);
    },
  },
  "search regex": {
    about: "limit 20, { span.db.query.text =~ … }",
    question: (random, facts) => {
      const pattern = `.*${random.pick(facts.tables).value}.*`;
      return search(facts, `{ span.db.query.text =~ ${JSON.stringify(pattern)} }`);
    },
  },
  "search structure": {
    about: "limit 20, { resource.service.name = … } >> { … }, the latter rare",
    question: (random, facts) => {
      const { value, traceId } = random.pick(facts.rareConditions);
      const service = facts.entryServices.find((entry) => entry.traceId === traceId)!.value;
      const above = `{ resource.service.name = ${JSON.stringify(service)} }`;
      return search(facts, `${above} >> { ${value} }`);
    },
  },
  rate: {
    about: "{} | rate() by (resource.service.name), 5 min steps",
    question: (_, facts) => range(facts, "{} | rate() by (resource.service.name)", DAY_SECONDS),
  },
  quantiles: {
    about: "quantile_over_time(duration, .5, .95, .99) by service, 5 min steps",
    question: (_, facts) => {
      const fn = "quantile_over_time(duration, .5, .95, .99) by (resource.service.name)";
      return range(facts, `{} | ${fn}`, DAY_SECONDS);
    },
  },
  compare: {
    about: "{} | compare({ status = error }), of one hour, in one sample",
    question: (_, facts) => {
      const query = "{} | compare({ status = error })";
      const asked = `q=${encodeURIComponent(query)}&${times(facts, HOUR_SECONDS)}`;
      return listed(`/api/metrics/query?${asked}`, "series", query);
    },
  },
  "tag names": {
    about: "all attributes by scope",
    question: (_, facts) => tags(facts, "/api/v2/search/tags?limit=5000", "scopes"),
  },
  "tag values": {
    about: "resource.service.name",
    question: (_, facts) => {
      const path = "/api/v2/search/tag/resource.service.name/values?limit=5000";
      return tags(facts, path, "tagValues");
    },
  },
};

/** The kinds, for who asks what there is. */
export function traceqlHelp(): string {
  const entries = Object.entries(traceqlKinds);
  const width = Math.max(...entries.map(([name]) => name.length));
  const lines = entries.map(([name, { about }]) => `  ${name.padEnd(width)}  ${about}`);
  return ["Kinds of questions in TraceQL:", "", ...lines].join("\n");
}

/** So much later than the last span that was looked at there may be others. */
const AFTER_SECONDS = 600;
const ACCEPT = "application/json";

function times({ endSeconds }: Facts, seconds: number): string {
  return `start=${endSeconds - seconds}&end=${endSeconds}`;
}

function search(facts: Facts, query: string, traceId?: string): Question {
  // What is asked for may be in the first trace of the day.
  const asked = times(facts, DAY_SECONDS + AFTER_SECONDS);
  const path = `/api/search?q=${encodeURIComponent(query)}&limit=20&${asked}`;
  return {
    path,
    accept: ACCEPT,
    problem(body) {
      const { traces = [] } = JSON.parse(body.toString()) as { traces?: { traceID: string }[] };
      if (traces.length === 0) return `${query} found nothing`;
      const isThere = traceId === undefined || traces.some(({ traceID }) => traceID === traceId);
      return isThere ? undefined : `${query} did not find trace ${traceId}`;
    },
  };
}

function range(facts: Facts, query: string, seconds: number): Question {
  const asked = `q=${encodeURIComponent(query)}&step=300&${times(facts, seconds)}`;
  return listed(`/api/metrics/query_range?${asked}`, "series", query);
}

function tags(facts: Facts, path: string, member: string): Question {
  return listed(`${path}&${times(facts, DAY_SECONDS)}`, member, path);
}

function listed(path: string, member: string, what: string): Question {
  return {
    path,
    accept: ACCEPT,
    problem(body) {
      const answer = JSON.parse(body.toString()) as Record<string, unknown[] | undefined>;
      return (answer[member]?.length ?? 0) > 0 ? undefined : `${what} came to nothing`;
    },
  };
}

const SAMPLED_TRACES = 100;

interface Reader {
  read(question: Pick<Question, "path" | "accept">): Promise<Uint8Array | undefined>;
}

/** Looks into some of the traces. Throws Fault "unavailable" if they have not what is to be asked for. */
export async function learnFacts(
  reader: Reader,
  known: readonly KnownTrace[],
  random: Random,
): Promise<Facts> {
  const collected = new Collected();
  for (let n = Math.min(SAMPLED_TRACES, known.length); n > 0; n--) {
    const { traceId } = random.pick(known);
    const body = await reader.read({ path: `/api/v2/traces/${traceId}`, accept: ACCEPT });
    if (body !== undefined) collected.add(traceId, JSON.parse(body.toString()) as TraceJson);
  }
  return collected.facts();
}

interface TraceJson {
  readonly trace?: {
    readonly resourceSpans?: readonly {
      readonly resource?: { readonly attributes?: readonly AttributeJson[] };
      readonly scopeSpans?: readonly { readonly spans?: readonly SpanJson[] }[];
    }[];
  };
}

interface AttributeJson {
  readonly key: string;
  readonly value?: { readonly stringValue?: string };
}

interface SpanJson {
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly attributes?: readonly AttributeJson[];
  readonly status?: { readonly code?: string };
}

type FactList = Exclude<keyof Facts, "endSeconds" | "rareConditions">;

class Collected {
  readonly #lists: Record<FactList, Known[]> = {
    users: [],
    messages: [],
    failedServices: [],
    entryServices: [],
    tables: [],
  };
  /** Words of the application, by key. */
  readonly #words = new Map<string, Known[]>();
  #lastSeconds = 0;

  add(traceId: string, { trace }: TraceJson): void {
    const id = traceId.replace(/^0+/, "");
    for (const { resource, scopeSpans = [] } of trace?.resourceSpans ?? []) {
      const service = textOf(resource?.attributes, "service.name");
      for (const { spans = [] } of scopeSpans) {
        for (const span of spans) this.#addSpan(id, service, span);
      }
    }
  }

  #addSpan(traceId: string, service: string | undefined, span: SpanJson): void {
    const { attributes = [], parentSpanId, status, startTimeUnixNano } = span;
    this.#lastSeconds = Math.max(this.#lastSeconds, Number(startTimeUnixNano) / 1e9);
    const note = (list: FactList, value: string | undefined): void => {
      if (value !== undefined) this.#lists[list].push({ value, traceId });
    };
    note("users", textOf(attributes, "user.id"));
    note("messages", textOf(attributes, "messaging.message.id"));
    note("tables", textOf(attributes, "db.collection.name"));
    if (status?.code === "STATUS_CODE_ERROR") note("failedServices", service);
    if (parentSpanId === undefined) note("entryServices", service);
    for (const { key, value } of parentSpanId === undefined ? [] : attributes) {
      const text = value?.stringValue;
      if (!key.startsWith("app.") || text === undefined || !/^[a-z]+-\d+$/.test(text)) continue;
      const condition = `span.${key} = ${JSON.stringify(text)}`;
      this.#words.set(key, [...(this.#words.get(key) ?? []), { value: condition, traceId }]);
    }
  }

  facts(): Facts {
    const words = [...this.#words.values()].sort((a, b) => a.length - b.length);
    const rareConditions = words.slice(0, Math.ceil(words.length / 4)).flat();
    const now = Math.floor(Date.now() / 1000);
    const endSeconds = Math.min(now, Math.ceil(this.#lastSeconds) + AFTER_SECONDS);
    const facts = { ...this.#lists, rareConditions, endSeconds };
    for (const [name, list] of Object.entries(facts)) {
      if (Array.isArray(list) && list.length === 0) {
        throw new Fault("unavailable", `the traces that were looked at have no ${name}`);
      }
    }
    return facts;
  }
}

function textOf(attributes: readonly AttributeJson[] = [], key: string): string | undefined {
  return attributes.find((attribute) => attribute.key === key)?.value?.stringValue;
}
