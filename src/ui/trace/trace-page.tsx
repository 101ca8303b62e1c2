import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { exploreHref } from "../explore/explore-route.ts";
import { formatCount, formatSome } from "../format.ts";
import { Notice } from "../shell/notice.tsx";
import { openEngine, warmEngine } from "./engine/open-engine.ts";
import type { LoadProgress } from "./engine/trace-engine.ts";
import { loadTrace, type TraceLoad } from "./trace-load.ts";
import type { TraceQuery } from "./trace-query.ts";
import { TraceScreen } from "./trace-screen.tsx";

// This code is also fetched before somebody opens a trace.
warmEngine();

/** The page of one trace. */
export default function TracePage({ query }: { query: TraceQuery }) {
  const { traceId } = query;
  const load = useSignal<TraceLoad>({ kind: "loading" });
  const tries = useSignal(0);
  const { engine, close } = useMemo(openEngine, []);
  useEffect(() => close, [close]);
  useEffect(() => {
    const end = new AbortController();
    void loadTrace(engine, query, end.signal, (next) => {
      // What is shown stays until there is something newer.
      if (next.kind !== "loading" || load.value.kind !== "ready") load.value = next;
    });
    return () => end.abort();
  }, [traceId, tries.value]);
  const again = (): void => {
    tries.value++;
  };

  const state = load.value;
  switch (state.kind) {
    case "loading":
      return <Loading progress={state.progress} />;
    case "ready":
      return <TraceScreen view={state.view} query={query} engine={engine} onReload={again} />;
    case "missing":
      return <Missing traceId={traceId} secondsLeft={state.secondsLeft} onRetry={again} />;
    case "failed":
      return (
        <Notice title="The trace could not be read" failed>
          <p>{state.message}</p>
          <p>
            <button type="button" class="button" onClick={again}>
              Try again
            </button>
          </p>
        </Notice>
      );
  }
}

function Loading({ progress }: { progress: LoadProgress | undefined }) {
  const { spans = 0, expectedSpans = 0 } = progress ?? {};
  return (
    <main>
      <div class="skeleton" role="status" aria-label="Loading the trace">
        {expectedSpans > 0 && (
          <p class="soft progress">
            <progress max={expectedSpans} value={spans} aria-hidden="true" />
            {formatCount(spans)} of {formatSome(expectedSpans, "span")}
          </p>
        )}
        {Array.from({ length: 16 }, (_, i) => (
          <i key={i} style={{ width: `${90 - ((i * 37) % 60)}%` }} />
        ))}
      </div>
    </main>
  );
}

interface MissingProps {
  readonly traceId: string;
  readonly secondsLeft: number;
  readonly onRetry: () => void;
}

function Missing({ traceId, secondsLeft, onRetry }: MissingProps) {
  return (
    <Notice title="No span of this trace is here">
      <p>
        <code class="id">{traceId}</code>
      </p>
      <ul>
        <li>It may still be on its way: SDKs send in batches, often every five seconds.</li>
        <li>It may not have been sampled, so that its services never sent it.</li>
        <li>It may be older than Clew keeps traces.</li>
        <li>The id may be of another system, or lack a digit.</li>
      </ul>
      <p role="status">
        {secondsLeft > 0 ? (
          `Looking again for ${secondsLeft} s.`
        ) : (
          <button type="button" class="button" onClick={onRetry}>
            Look again
          </button>
        )}
      </p>
      <p>
        <a href={exploreHref({ time: { kind: "since", seconds: 86_400 } })}>
          Show the traces of the last 24 hours
        </a>
      </p>
    </Notice>
  );
}
