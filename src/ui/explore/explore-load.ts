/** What Explore has to show, and how a new answer changes it. */
import type {
  QueryProblem,
  RedAnswer,
  RedHeatmapAnswer,
  ServicesAnswer,
} from "../../api/contract.ts";
import { type Answer, ask, timeParameters } from "../api.ts";
import type { ExploreQuery } from "./explore-route.ts";
import { type RollUpFilter, rollUpFilter, serviceOf } from "./filters.ts";

/** How far the page is with something it asked for. */
export type Load<T> =
  | { readonly kind: "loading" }
  | {
      readonly kind: "ready";
      readonly value: T;
      /** When it came, in milliseconds since 1970. */
      readonly atMs: number;
      /** Why it is not newer, if the last attempt failed; else "". */
      readonly problem: string;
    }
  | {
      readonly kind: "failed";
      readonly message: string;
      /** Of a query that cannot be asked: what is wrong with it, and where. */
      readonly problems: readonly QueryProblem[];
    };

/** Calls, errors and durations over time. */
export interface Figures {
  readonly red: RedAnswer;
  readonly heatmap: RedHeatmapAnswer;
  /** The names of all services in this time, sorted. */
  readonly services: readonly string[];
  /** By service or operation, if that was asked for. */
  readonly groups: RedAnswer | undefined;
  /** Of which spans they are: requests were asked for, and there may have been none. */
  readonly spans: "requests" | "all" | "noRequests" | "asAsked";
  /** The query has conditions that figures cannot tell apart: they are without these. */
  readonly isWider: boolean;
}

/** Gives the state after an answer. What is there already stays, with a word on why it is old. */
export function after<T>(before: Load<T>, answer: Answer<T>): Load<T> {
  switch (answer.kind) {
    case "ok":
      return { kind: "ready", value: answer.value, atMs: Date.now(), problem: "" };
    case "aborted":
      return before;
    case "failed":
      return before.kind === "ready"
        ? { ...before, problem: answer.message }
        : { kind: "failed", message: answer.message, problems: answer.problems ?? [] };
  }
}

/** Asks for the figures. */
export async function loadFigures(
  query: ExploreQuery,
  before: Load<Figures>,
  signal: AbortSignal,
): Promise<Load<Figures>> {
  return after(before, await askFigures(query, signal));
}

async function askFigures(query: ExploreQuery, signal: AbortSignal): Promise<Answer<Figures>> {
  const exact = rollUpFilter(query.q);
  const service = serviceOf(query.q);
  const filter = exact ?? (service === "" ? {} : { service });
  const isWider = exact === undefined;
  const wanted = filter.kinds !== undefined ? "asAsked" : query.allSpans ? "all" : "requests";
  const asked = await askOf(query, filter, wanted, signal);
  if (asked.kind !== "ok" || wanted !== "requests" || asked.value.red.series.length > 0) {
    return withSpans(asked, wanted, isWider);
  }
  const all = await askOf(query, filter, "all", signal);
  const found = all.kind === "ok" && all.value.red.series.length > 0;
  return withSpans(all, found ? "noRequests" : "requests", isWider);
}

type Asked = Answer<Omit<Figures, "spans" | "isWider">>;

function withSpans(asked: Asked, spans: Figures["spans"], isWider: boolean): Answer<Figures> {
  return asked.kind === "ok" ? { kind: "ok", value: { ...asked.value, spans, isWider } } : asked;
}

async function askOf(
  { time, by }: ExploreQuery,
  filter: RollUpFilter,
  spans: Figures["spans"],
  signal: AbortSignal,
): Promise<Asked> {
  const params = timeParameters(time);
  if (filter.service !== undefined) params.set("service", filter.service);
  if (filter.name !== undefined) params.set("name", filter.name);
  if (filter.status !== undefined) params.set("status", filter.status);
  if (filter.kinds !== undefined) params.set("kind", filter.kinds.join(","));
  else if (spans === "requests") params.set("kind", "server,consumer");
  const [services, red, heatmap, groups] = await Promise.all([
    ask<ServicesAnswer>(`/services?${timeParameters(time)}`, signal),
    ask<RedAnswer>(`/red?${params}`, signal),
    ask<RedHeatmapAnswer>(`/red/heatmap?${params}`, signal),
    by === "" ? undefined : ask<RedAnswer>(`/red?${params}&by=${by}&limit=${MOST_GROUPS}`, signal),
  ]);
  if (services.kind !== "ok") return services;
  if (red.kind !== "ok") return red;
  if (heatmap.kind !== "ok") return heatmap;
  if (groups !== undefined && groups.kind !== "ok") return groups;
  return {
    kind: "ok",
    value: {
      services: services.value.services.map(({ service }) => service),
      red: red.value,
      heatmap: heatmap.value,
      groups: groups?.value,
    },
  };
}

/** Groups that are listed at most: those with the most calls. */
export const MOST_GROUPS = 500;
