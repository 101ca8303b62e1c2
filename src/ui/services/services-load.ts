/** What the pages of services have to show. */
import type {
  ErrorsAnswer,
  GraphAnswer,
  ServicesAnswer,
  VersionsAnswer,
} from "../../api/contract.ts";
import { ask, timeParameters } from "../api.ts";
import { type Figures, loadFigures } from "../explore/explore-load.ts";
import { everything, type ExploreQuery } from "../explore/explore-route.ts";
import { SERVICE, withField } from "../explore/filters.ts";
import { after, type Load } from "../load.ts";
import { graphTime } from "../map/map-load.ts";
import type { TimeView } from "../time-choice.ts";
import type { ServiceQuery } from "./services-route.ts";

/** Asks for the services of a time. */
export async function loadServices(
  { time }: TimeView,
  before: Load<ServicesAnswer>,
  signal: AbortSignal,
): Promise<Load<ServicesAnswer>> {
  return after(before, await ask(`/services?${timeParameters(time)}&series=true`, signal));
}

/** What Explore is asked for a service: its operations. */
export function exploreOf({ name, time, utc, allSpans }: ServiceQuery): ExploreQuery {
  const q = withField("", SERVICE, { type: "string", value: name });
  return { ...everything, q, time, utc, allSpans, by: "operation" };
}

/** Asks for a service's figures and those of its operations. */
export function loadService(
  query: ServiceQuery,
  before: Load<Figures>,
  signal: AbortSignal,
): Promise<Load<Figures>> {
  return loadFigures(exploreOf(query), before, signal);
}

/** Asks who calls the service, and whom it calls. */
export async function loadNeighbours(
  { name, time }: ServiceQuery,
  before: Load<GraphAnswer>,
  signal: AbortSignal,
): Promise<Load<GraphAnswer>> {
  const params = graphTime(time);
  params.set("service", name);
  params.set("depth", "1");
  return after(before, await ask(`/graph?${params}`, signal));
}

/** Asks why spans of the service failed. */
export async function loadErrors(
  query: ServiceQuery,
  before: Load<ErrorsAnswer>,
  signal: AbortSignal,
): Promise<Load<ErrorsAnswer>> {
  return after(before, await ask(`/errors?${ofService(query)}`, signal));
}

/** Asks which versions of the service there were. */
export async function loadVersions(
  query: ServiceQuery,
  before: Load<VersionsAnswer>,
  signal: AbortSignal,
): Promise<Load<VersionsAnswer>> {
  return after(before, await ask(`/versions?${ofService(query)}`, signal));
}

function ofService({ name, time }: ServiceQuery): URLSearchParams {
  const params = timeParameters(time);
  params.set("service", name);
  return params;
}
