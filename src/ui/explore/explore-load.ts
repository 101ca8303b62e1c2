/** What Explore has to show. */
import type { RedAnswer, RedHeatmapAnswer, ServicesAnswer } from "../../api/contract.ts";
import { type Answer, ask, timeParameters } from "../api.ts";
import { after, type Load } from "../load.ts";
import { type GroupsAnswer, isByField } from "./attribute-groups.ts";
import type { ExploreQuery } from "./explore-route.ts";
import { type RollUpFilter, rollUpFilter, serviceOf } from "./filters.ts";

/** Calls, errors and durations over time. */
export interface Figures {
  readonly red: RedAnswer;
  readonly heatmap: RedHeatmapAnswer;
  /** The names of all services in this time, sorted. */
  readonly services: readonly string[];
  /** By service or operation, if that was asked for. */
  readonly groups: GroupsAnswer | undefined;
  /** Of which spans they are: requests were asked for, and there may have been none. */
  readonly spans: "requests" | "all" | "noRequests" | "asAsked";
  /** The query has conditions that figures cannot tell apart: they are without these. */
  readonly isWider: boolean;
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
    by === "" || isByField(by)
      ? undefined
      : ask<RedAnswer>(`/red?${params}&by=${by}&limit=${MOST_GROUPS}`, signal),
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
