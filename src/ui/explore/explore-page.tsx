import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { focusQuery } from "../editor/query-box.tsx";
import { rememberQuery } from "../editor/queries.ts";
import { localOffset } from "../local-time.ts";
import { isTyping } from "../shell/keys-dialog.tsx";
import { Nothing, NotRead, Waiting } from "../shell/nothing.tsx";
import { focusOpenTrace } from "../shell/open-trace.tsx";
import { go } from "../shell/place.ts";
import { type GroupsAnswer, isByField, loadValueGroups } from "./attribute-groups.ts";
import { BoxBar } from "./box-bar.tsx";
import { CompareView } from "./compare-view.tsx";
import { loadComparison } from "./compare-load.ts";
import { type Figures, loadFigures } from "./explore-load.ts";
import { type Load } from "../load.ts";
import { type ExploreQuery, exploreHref } from "./explore-route.ts";
import { withSorting } from "./filters.ts";
import { FirstSpan } from "./first-span.tsx";
import { GroupsTable } from "./groups-table.tsx";
import { type Listed, loadList } from "./list-load.ts";
import { Overview } from "./overview.tsx";
import { SearchBar } from "./search-bar.tsx";
import { shifted, zoomedOut } from "./time-range.ts";
import { Toolbar } from "./toolbar.tsx";
import { TraceList } from "./trace-list.tsx";
import { moveFocus } from "./traces-table.tsx";
import { useLoad } from "../use-load.ts";

const REFRESH_MS = 4000;
/** Groups by what roll-ups do not know are told from spans. */
const VALUES_MS = 20_000;
/** Searches cost more than looking at the newest traces. */
const SEARCH_MS = 8000;

/** Explore: the query, the figures, the heatmap, and the traces or groups below them. */
export default function ExplorePage({ query }: { query: ExploreQuery }) {
  const tries = useSignal(0);
  const { q, time, allSpans, by, box, limit } = query;
  const isLive = query.live && time.kind === "since";
  const order = withSorting("", query.sorting);
  const isSearch = q !== "" || box !== undefined || order !== "";
  const figures = useLoad(loadFigures, {
    query,
    inputs: [q, time, allSpans, by],
    everyMs: isLive ? REFRESH_MS : undefined,
    tries,
  });
  const list = useLoad(loadList, {
    query,
    inputs: [q, time, allSpans, box, limit, order],
    everyMs: isLive && box === undefined ? (isSearch ? SEARCH_MS : REFRESH_MS) : undefined,
    tries,
  });
  const values = useLoad(loadValueGroups, {
    query,
    inputs: isByField(by) ? [q, time, allSpans, by] : [],
    everyMs: isLive && isByField(by) ? VALUES_MS : undefined,
    tries,
  });
  const comparison = useLoad(loadComparison, {
    query,
    inputs: [query.compare, ...(query.compare ? [q, time, allSpans, box] : [])],
    everyMs: undefined,
    tries,
  });
  const change = (part: Partial<ExploreQuery>): void => go(exploreHref({ ...query, ...part }));
  useKeys(query, change);

  const { value } = list.state;
  if (value.kind === "ready" && value.value.kind === "first") {
    return <FirstSpan status={value.value.status} />;
  }
  const load = isByField(by) ? withGroups(figures.state.value, values) : figures.state.value;
  const shown = load.kind === "ready" ? load.value : undefined;
  const offsetMinutes = query.utc ? 0 : localOffset(Date.now());
  const again = (): void => {
    tries.value++;
  };
  const isRunning =
    list.isStale || (value.kind === "ready" && progressOf(value.value) === "running");
  const stop = (): void => {
    list.stop();
    list.state.value = stopped(value);
  };
  return (
    <main class="explore">
      <h1 class="hidden">Explore</h1>
      <div class="bars">
        <SearchBar
          query={query}
          problems={value.kind === "failed" ? value.problems : []}
          onSubmit={(q) => {
            rememberQuery(q);
            if (q === query.q) again();
            else change({ q, box: undefined });
          }}
          isRunning={isRunning && isSearch}
          onStop={stop}
        />
        <Toolbar
          query={query}
          services={shown?.services ?? []}
          spans={shown?.spans}
          offsetMinutes={offsetMinutes}
          onChange={change}
        />
      </div>
      <Overview
        query={query}
        load={load}
        offsetMinutes={offsetMinutes}
        onChange={change}
        onRetry={again}
      />
      {box !== undefined && shown !== undefined && (
        <BoxBar
          query={query}
          box={box}
          heatmap={shown.heatmap}
          offsetMinutes={offsetMinutes}
          onChange={change}
        />
      )}
      <Tabs query={query} />
      {query.compare ? (
        <CompareView
          query={query}
          load={comparison.state.value}
          isStale={comparison.isStale}
          onRetry={again}
          onStop={() => {
            comparison.stop();
            change({ compare: false });
          }}
        />
      ) : by !== "" && box === undefined ? (
        <Groups
          query={query}
          load={load}
          problem={isByField(by) ? problemOf(values.state.value) : undefined}
          onRetry={again}
        />
      ) : (
        <TraceList query={query} load={value} isStale={list.isStale} onRetry={again} />
      )}
    </main>
  );
}

/** The traces or what they have in common: two views of the same question. */
function Tabs({ query }: { query: ExploreQuery }) {
  const tab = (name: string, compare: boolean) => (
    <a
      class="tab"
      aria-current={query.compare === compare ? "page" : undefined}
      href={exploreHref({ ...query, compare })}
    >
      {name}
    </a>
  );
  return (
    <nav class="tabs" aria-label="Below the figures">
      {tab(query.by !== "" && query.box === undefined ? "Groups" : "Traces", false)}
      {tab("Compare", true)}
    </nav>
  );
}

function progressOf(listed: Listed): string {
  return listed.kind === "traces" ? listed.progress : "done";
}

/** The list after the reader has had enough of waiting: what is there stays. */
function stopped(load: Load<Listed>): Load<Listed> {
  const there = load.kind === "ready" && load.value.kind === "traces" ? load.value : undefined;
  const value: Listed = {
    kind: "traces",
    traces: there?.traces ?? [],
    progress: "stopped",
    ...(there?.receipt !== undefined && { receipt: there.receipt }),
  };
  return { kind: "ready", value, atMs: Date.now(), problem: "" };
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
      if (event.key === "/") focusQuery();
      else if (event.key === "o") focusOpenTrace();
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

/** The figures with the groups of a field, once these have come. */
function withGroups(
  load: Load<Figures>,
  { state, isStale }: ReturnType<typeof useLoad<ExploreQuery, GroupsAnswer | undefined>>,
): Load<Figures> {
  if (load.kind !== "ready") return load;
  const groups = state.value.kind === "ready" && !isStale ? state.value.value : undefined;
  return { ...load, value: { ...load.value, groups } };
}

function problemOf(load: Load<unknown>): string | undefined {
  return load.kind === "failed" ? load.message : undefined;
}

interface GroupsProps {
  readonly query: ExploreQuery;
  readonly load: Load<Figures>;
  /** Why there are none. */
  readonly problem: string | undefined;
  readonly onRetry: () => void;
}

function Groups({ query, load, problem, onRetry }: GroupsProps) {
  if (problem !== undefined) {
    return <NotRead what={`Groups by ${query.by}`} message={problem} onRetry={onRetry} />;
  }
  const groups = load.kind === "ready" ? load.value.groups : undefined;
  if (load.kind === "failed") return null;
  if (load.kind === "loading" || groups === undefined) return <Waiting what="groups" />;
  if (groups.series.length === 0) {
    return <Nothing title={`No span to be grouped by ${query.by} in this time`} />;
  }
  return <GroupsTable groups={groups} query={query} nowSeconds={load.atMs / 1000} />;
}
