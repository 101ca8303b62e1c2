import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { ErrorsAnswer, GraphAnswer } from "../../api/contract.ts";
import { assignColours } from "../colours.ts";
import type { Figures } from "../explore/explore-load.ts";
import { exploreHref } from "../explore/explore-route.ts";
import { SERVICE, withField } from "../explore/filters.ts";
import { Overview } from "../explore/overview.tsx";
import { SpansChoice } from "../explore/spans-choice.tsx";
import { localOffset } from "../local-time.ts";
import type { Load } from "../load.ts";
import { mapHref } from "../map/map-route.ts";
import { PageBar } from "../shell/page-bar.tsx";
import { NotRead, Waiting } from "../shell/nothing.tsx";
import { go } from "../shell/place.ts";
import { Service } from "../shell/service.tsx";
import { useLoad } from "../use-load.ts";
import { ErrorsTable } from "./errors-table.tsx";
import { Neighbours } from "./neighbours.tsx";
import { OperationsTable } from "./operations-table.tsx";
import {
  exploreOf,
  loadErrors,
  loadNeighbours,
  loadService,
  loadVersions,
} from "./services-load.ts";
import { serviceHref, servicesHref, type ServiceQuery } from "./services-route.ts";
import { versionMarks, Versions } from "./versions.tsx";

const REFRESH_MS = 10_000;

/** What one service does, for whom and with whom, and why it fails. */
export default function ServicePage({ query }: { query: ServiceQuery }) {
  const { name, time, utc } = query;
  const tries = useSignal(0);
  const everyMs = time.kind === "since" ? REFRESH_MS : undefined;
  const asked = { query, inputs: [time], everyMs, tries };
  const figures = useLoad(loadService, { ...asked, inputs: [time, query.allSpans] });
  const errors = useLoad(loadErrors, asked);
  const versions = useLoad(loadVersions, asked);
  const neighbours = useLoad(loadNeighbours, asked);
  useEffect(() => {
    document.title = `${name} – Clew`;
  }, [name]);
  const change = (part: Partial<ServiceQuery>): void => go(serviceHref({ ...query, ...part }));
  const again = (): void => void tries.value++;
  const load = figures.state.value;
  const shown = load.kind === "ready" ? load.value : undefined;
  const names = [...(shown?.services ?? []), name];
  const colours = assignColours(names);
  const known = versions.state.value.kind === "ready" ? versions.state.value.value : undefined;
  const explore = exploreOf(query);
  const q = withField("", SERVICE, { type: "string", value: name });
  return (
    <main class="explore service-page">
      <PageBar query={query} onChange={change}>
        <h1>
          <Service name={name} colour={colours.get(name) ?? 0} />
        </h1>
        <span class="ways">
          <a href={exploreHref({ q, time, utc })}>Traces</a>
          <a href={mapHref({ node: name, time, utc })}>On the map</a>
          <a href={servicesHref({ time, utc })}>All services</a>
        </span>
        <SpansChoice
          allSpans={query.allSpans}
          spans={shown?.spans}
          onChoose={(allSpans) => change({ allSpans })}
        />
      </PageBar>
      <Overview
        query={explore}
        load={ungrouped(load)}
        offsetMinutes={utc ? 0 : localOffset(Date.now())}
        // A box is a question of Explore.
        onChange={(part) =>
          part.time === undefined
            ? go(exploreHref({ ...explore, by: "", ...part }))
            : change({ time: part.time })
        }
        onRetry={again}
        marks={versionMarks(known)}
        timeHref={(other) => serviceHref({ ...query, time: other })}
      />
      <Versions answer={known} utc={utc} />
      <Errors load={errors.state.value} query={query} onRetry={again} />
      <div class="part">
        {load.kind === "loading" && <Waiting what="operations" lines={3} />}
        {shown?.groups !== undefined && load.kind === "ready" && (
          <OperationsTable
            query={query}
            groups={shown.groups}
            colour={colours.get(name) ?? 0}
            nowSeconds={load.atMs / 1000}
          />
        )}
      </div>
      <Graph load={neighbours.state.value} query={query} colours={colours} onRetry={again} />
    </main>
  );
}

/** The figures of the whole service alone. */
function ungrouped(load: Load<Figures>): Load<Figures> {
  return load.kind === "ready" ? { ...load, value: { ...load.value, groups: undefined } } : load;
}

interface PartProps<T> {
  readonly load: Load<T>;
  readonly query: ServiceQuery;
  readonly onRetry: () => void;
}

function Errors({ load, query, onRetry }: PartProps<ErrorsAnswer>) {
  if (load.kind === "loading") return <Waiting what="errors" lines={3} />;
  if (load.kind === "failed") {
    return <NotRead what="The errors" message={load.message} onRetry={onRetry} />;
  }
  if (load.value.groups.length === 0) {
    return <p class="more">No span of {query.name} failed in this time.</p>;
  }
  return (
    <div class="part">
      <ErrorsTable answer={load.value} query={query} nowMs={load.atMs} />
    </div>
  );
}

interface GraphProps extends PartProps<GraphAnswer> {
  readonly colours: ReadonlyMap<string, number>;
}

function Graph({ load, query, colours, onRetry }: GraphProps) {
  if (load.kind === "loading") return <Waiting what="callers and callees" lines={3} />;
  if (load.kind === "failed") {
    return <NotRead what="Callers and callees" message={load.message} onRetry={onRetry} />;
  }
  return (
    <Neighbours graph={load.value} query={query} colours={colours} nowSeconds={load.atMs / 1000} />
  );
}
