import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { tracesHref, type TraceQuery } from "../route.ts";
import { Notice } from "../shell/notice.tsx";
import { loadTrace, type TraceLoad } from "./trace-load.ts";
import { TraceScreen } from "./trace-screen.tsx";

/** The page of one trace. */
export function TracePage({ query }: { query: TraceQuery }) {
  const { traceId } = query;
  const load = useSignal<TraceLoad>({ kind: "loading" });
  const tries = useSignal(0);
  useEffect(() => {
    const end = new AbortController();
    void loadTrace(traceId, end.signal, (next) => (load.value = next));
    return () => end.abort();
  }, [traceId, tries.value]);
  const again = (): void => {
    tries.value++;
  };

  const state = load.value;
  switch (state.kind) {
    case "loading":
      return (
        <main>
          <div class="skeleton" role="status" aria-label="Loading the trace">
            {Array.from({ length: 16 }, (_, i) => (
              <i key={i} style={{ width: `${90 - ((i * 37) % 60)}%` }} />
            ))}
          </div>
        </main>
      );
    case "ready":
      return <TraceScreen view={state.view} query={query} onReload={again} />;
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
        <a href={tracesHref({ sinceSeconds: 86_400 })}>Show the traces of the last 24 hours</a>
      </p>
    </Notice>
  );
}
