import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { MAX_TRACES, tracesHref, type TracesQuery } from "../route.ts";
import { repeat } from "../repeat.ts";
import { formatSome } from "../format.ts";
import { NoticeIcon } from "../shell/icons.tsx";
import { isTyping } from "../shell/keys-dialog.tsx";
import { Notice } from "../shell/notice.tsx";
import { focusOpenTrace } from "../shell/open-trace.tsx";
import { FirstSpan } from "./first-span.tsx";
import { Filters } from "./filters.tsx";
import { loadTraces, type TracesLoad } from "./traces-load.ts";
import { moveFocus, TracesTable } from "./traces-table.tsx";

const REFRESH_MS = 4000;

/** The recent traces, newest first. */
export default function TracesPage({ query }: { query: TracesQuery }) {
  const load = useSignal<TracesLoad>({ kind: "loading" });
  const tries = useSignal(0);
  const { service, sinceSeconds, limit, live } = query;
  useEffect(() => {
    const ask = async (signal: AbortSignal): Promise<void> => {
      const next = await loadTraces({ service, sinceSeconds, limit, live }, load.value, signal);
      if (!signal.aborted) load.value = next;
    };
    return repeat(ask, live ? REFRESH_MS : undefined);
  }, [service, sinceSeconds, limit, live, tries.value]);
  useEffect(() => {
    document.title = "Traces – Clew";
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);

  if (load.value.kind === "first") return <FirstSpan status={load.value.status} />;
  if (load.value.kind === "failed") {
    return (
      <Notice title="The list of traces could not be read" failed>
        <p>{load.value.message}</p>
        <p>
          {live ? "Trying again every few seconds. " : ""}
          <button type="button" class="button" onClick={() => tries.value++}>
            Try now
          </button>
        </p>
      </Notice>
    );
  }
  return (
    <main class="traces">
      <h1 class="hidden">Recent traces</h1>
      <Filters query={query} load={load.value} />
      <List query={query} load={load.value} />
    </main>
  );
}

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event)) return;
  if (event.key === "/") focusOpenTrace();
  else if (event.key === "j" || event.key === "ArrowDown") moveFocus(1);
  else if (event.key === "k" || event.key === "ArrowUp") moveFocus(-1);
  else return;
  event.preventDefault();
}

function List({ query, load }: { query: TracesQuery; load: TracesLoad }) {
  if (load.kind !== "listed") {
    return (
      <div class="skeleton" role="status" aria-label="Loading the traces">
        {Array.from({ length: 12 }, (_, i) => (
          <i key={i} />
        ))}
      </div>
    );
  }
  const { answer, atMs, problem } = load;
  const canShowMore = answer.traces.length >= query.limit && query.limit < MAX_TRACES;
  return (
    <>
      {problem !== "" && (
        <p class="banner" role="status">
          <NoticeIcon /> This list is old: {problem}
        </p>
      )}
      {answer.traces.length === 0 ? (
        <NothingFound query={query} />
      ) : (
        <TracesTable traces={answer.traces} nowMs={atMs} />
      )}
      {canShowMore && (
        <p class="more">
          The newest {formatSome(answer.traces.length, "trace")}.{" "}
          <a href={tracesHref({ ...query, limit: Math.min(query.limit * 4, MAX_TRACES) })}>
            Show more
          </a>
        </p>
      )}
    </>
  );
}

function NothingFound({ query }: { query: TracesQuery }) {
  const { service, sinceSeconds } = query;
  const dayHref = tracesHref({ ...query, sinceSeconds: 86_400 });
  return (
    <div class="nothing" role="status">
      <h2>No trace {service === "" ? "" : `of ${service} `}in this time</h2>
      <p>
        {sinceSeconds < 86_400 && <a href={dayHref}>Look at the last 24 hours</a>}
        {sinceSeconds < 86_400 && service !== "" && " or "}
        {service !== "" && <a href={tracesHref({ ...query, service: "" })}>at all services</a>}
        {sinceSeconds >= 86_400 && service === "" && (
          <>Older traces can be opened by their id, at the top of this page.</>
        )}
      </p>
    </div>
  );
}
