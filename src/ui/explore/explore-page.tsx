import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { formatSome } from "../format.ts";
import { localOffset } from "../local-time.ts";
import { repeat } from "../repeat.ts";
import { NoticeIcon } from "../shell/icons.tsx";
import { isTyping } from "../shell/keys-dialog.tsx";
import { focusOpenTrace } from "../shell/open-trace.tsx";
import { go } from "../shell/place.ts";
import { BoxBar, BoxTraces } from "./box-bar.tsx";
import { type Figures, type Listed, type Load, loadFigures, loadTraces } from "./explore-load.ts";
import { type ExploreQuery, exploreHref, MAX_TRACES } from "./explore-route.ts";
import { serviceOf } from "./explore-load.ts";
import { FirstSpan } from "./first-span.tsx";
import { GroupsTable } from "./groups-table.tsx";
import { Overview } from "./overview.tsx";
import { shifted, zoomedOut } from "./time-range.ts";
import { Toolbar } from "./toolbar.tsx";
import { moveFocus, TracesTable } from "./traces-table.tsx";

const REFRESH_MS = 4000;

/** Explore: the figures, the heatmap, and the traces or groups below them. */
export default function ExplorePage({ query }: { query: ExploreQuery }) {
  const tries = useSignal(0);
  const { q, time, allSpans, by, limit } = query;
  const everyMs = query.live && time.kind === "since" ? REFRESH_MS : undefined;
  const figures = useLoad(loadFigures, query, [q, time, allSpans, by], everyMs, tries);
  const list = useLoad(loadTraces, query, [q, time, limit], everyMs, tries);
  const change = (part: Partial<ExploreQuery>): void => go(exploreHref({ ...query, ...part }));
  useKeys(query, change);

  const listed = list.value.kind === "ready" ? list.value.value : undefined;
  if (listed?.kind === "first") return <FirstSpan status={listed.status} />;
  const shown = figures.value.kind === "ready" ? figures.value.value : undefined;
  const offsetMinutes = query.utc ? 0 : localOffset(Date.now());
  const again = (): void => {
    tries.value++;
  };
  return (
    <main class="explore">
      <h1 class="hidden">Explore</h1>
      <Toolbar
        query={query}
        services={listed?.answer.services ?? []}
        spans={shown?.spans}
        offsetMinutes={offsetMinutes}
        onChange={change}
      />
      <Overview
        query={query}
        load={figures.value}
        offsetMinutes={offsetMinutes}
        onChange={change}
        onRetry={again}
      />
      {query.box !== undefined && shown !== undefined ? (
        <>
          <BoxBar
            box={query.box}
            heatmap={shown.heatmap}
            offsetMinutes={offsetMinutes}
            onChange={change}
          />
          <BoxTraces box={query.box} heatmap={shown.heatmap} />
        </>
      ) : by !== "" ? (
        <Groups query={query} load={figures.value} />
      ) : (
        <List query={query} load={list.value} onRetry={again} />
      )}
    </main>
  );
}

/** Loads now, whenever one of `inputs` changes, and every so often. What was there for other inputs
 * stays until the new answer is there, but is not passed off as an old one of the same. */
function useLoad<T>(
  load: (query: ExploreQuery, before: Load<T>, signal: AbortSignal) => Promise<Load<T>>,
  query: ExploreQuery,
  inputs: readonly unknown[],
  everyMs: number | undefined,
  tries: Signal<number>,
): Signal<Load<T>> {
  const state = useSignal<Load<T>>({ kind: "loading" });
  const stateOf = useRef("");
  const key = JSON.stringify(inputs);
  useEffect(() => {
    const ask = async (signal: AbortSignal): Promise<void> => {
      const before: Load<T> = stateOf.current === key ? state.value : { kind: "loading" };
      const next = await load(query, before, signal);
      if (signal.aborted) return;
      stateOf.current = key;
      state.value = next;
    };
    return repeat(ask, everyMs);
  }, [key, everyMs, tries.value]);
  return state;
}

function useKeys(query: ExploreQuery, change: (part: Partial<ExploreQuery>) => void): void {
  const current = useRef({ query, change });
  current.current = { query, change };
  useEffect(() => {
    document.title = "Explore – Clew";
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event)) return;
      const { query, change } = current.current;
      const nowSeconds = Math.floor(Date.now() / 1000);
      const move = (halves: number): void =>
        change({ time: shifted(query.time, halves, nowSeconds), box: undefined });
      if (event.key === "/") focusOpenTrace();
      else if (event.key === "j" || event.key === "ArrowDown") moveFocus(1);
      else if (event.key === "k" || event.key === "ArrowUp") moveFocus(-1);
      else if (event.key === "<") move(-1);
      else if (event.key === ">") move(1);
      else if (event.key === "-") change({ time: zoomedOut(query.time, nowSeconds) });
      else if (event.key === "Escape" && query.box !== undefined) change({ box: undefined });
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}

function Groups({ query, load }: { query: ExploreQuery; load: Load<Figures> }) {
  const groups = load.kind === "ready" ? load.value.groups : undefined;
  if (load.kind === "failed") return null;
  if (load.kind === "loading" || groups === undefined) return <Waiting what="groups" />;
  return <GroupsTable groups={groups} query={query} nowSeconds={load.atMs / 1000} />;
}

function Waiting({ what }: { what: string }) {
  return (
    <div class="skeleton" role="status" aria-label={`Loading the ${what}`}>
      {Array.from({ length: 12 }, (_, i) => (
        <i key={i} />
      ))}
    </div>
  );
}

interface ListProps {
  readonly query: ExploreQuery;
  readonly load: Load<Listed>;
  readonly onRetry: () => void;
}

function List({ query, load, onRetry }: ListProps) {
  if (load.kind === "loading") return <Waiting what="traces" />;
  if (load.kind === "failed") {
    return (
      <div class="nothing" role="alert">
        <h2 class="error">The list of traces could not be read</h2>
        <p>
          {load.message}{" "}
          <button type="button" class="button" onClick={onRetry}>
            Try again
          </button>
        </p>
      </div>
    );
  }
  if (load.value.kind === "first") return null;
  const { traces } = load.value.answer;
  const canShowMore = traces.length >= query.limit && query.limit < MAX_TRACES;
  return (
    <>
      {load.problem !== "" && (
        <p class="banner" role="status">
          <NoticeIcon /> This list is old: {load.problem}
        </p>
      )}
      {traces.length === 0 ? (
        <NothingFound query={query} />
      ) : (
        <TracesTable traces={traces} query={query} nowMs={load.atMs} />
      )}
      {canShowMore && (
        <p class="more">
          The newest {formatSome(traces.length, "trace")}.{" "}
          <a href={exploreHref({ ...query, limit: Math.min(query.limit * 4, MAX_TRACES) })}>
            Show more
          </a>
        </p>
      )}
    </>
  );
}

function NothingFound({ query }: { query: ExploreQuery }) {
  const { time } = query;
  const service = serviceOf(query.q);
  const isLong = time.kind === "since" && time.seconds >= 86_400;
  const dayHref = exploreHref({ ...query, time: { kind: "since", seconds: 86_400 } });
  return (
    <div class="nothing" role="status">
      <h2>No trace {service === "" ? "" : `of ${service} `}in this time</h2>
      <p>
        {!isLong && <a href={dayHref}>Look at the last 24 hours</a>}
        {!isLong && service !== "" && " or "}
        {service !== "" && <a href={exploreHref({ ...query, q: "" })}>at all services</a>}
        {isLong && service === "" && (
          <>Older traces can be opened by their id, at the top of this page.</>
        )}
      </p>
    </div>
  );
}
