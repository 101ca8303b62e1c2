import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { exploreHref } from "../explore/explore-route.ts";
import { formatCount, formatSome } from "../format.ts";
import { Notice } from "../shell/notice.tsx";
import { ChooseFile } from "../shell/file-drop.tsx";
import { carriedTrace, isCarried } from "./carried.ts";
import type { OpenEngine } from "./engine/engine-calls.ts";
import type { TraceFile } from "./engine/file-traces.ts";
import type { TraceOrigin } from "./engine/trace-engine.ts";
import type { LoadProgress } from "./engine/trace-source.ts";
import { openedFile } from "./opened-file.ts";
import { loadTrace, type TraceLoad } from "./trace-load.ts";
import type { TraceQuery } from "./trace-query.ts";
import { TraceScreen } from "./trace-screen.tsx";

interface TraceAtProps {
  readonly query: TraceQuery;
  readonly openEngine: OpenEngine;
}

/** The trace that an address names, from where it is to be had. */
export function TraceAt({ query, openEngine }: TraceAtProps) {
  const { traceId } = query;
  const file = openedFile.value;
  const load = useSignal<TraceLoad>({ kind: "loading" });
  const tries = useSignal(0);
  const { engine, close } = useMemo(openEngine, []);
  useEffect(() => close, [close]);
  useEffect(() => {
    const end = new AbortController();
    const origin = originOf(query, file);
    if (origin === undefined) return;
    void loadTrace(engine, origin, end.signal, (next) => {
      // What is shown stays until there is something newer.
      if (next.kind !== "loading" || load.value.kind !== "ready") load.value = next;
    });
    return () => end.abort();
  }, [traceId, file, tries.value]);
  const again = (): void => {
    tries.value++;
  };

  if (originOf(query, file) === undefined) return <NoFile />;
  const state = load.value;
  switch (state.kind) {
    case "loading":
      return <Loading progress={state.progress} />;
    case "ready":
      return (
        <TraceScreen
          view={state.view}
          inFile={state.inFile}
          arriving={state.arriving}
          query={query}
          engine={engine}
          onReload={again}
        />
      );
    case "missing":
      return <Missing traceId={traceId} secondsLeft={state.secondsLeft} onRetry={again} />;
    case "failed":
      return (
        <Notice title="The trace could not be read" failed>
          <p>{state.message}</p>
          <p>
            {query.inFile ? (
              <ChooseFile />
            ) : (
              <button type="button" class="button" onClick={again}>
                Try again
              </button>
            )}
          </p>
        </Notice>
      );
  }
}

/** Where the trace is to be had; undefined for a file that is not open any more. */
function originOf(
  { traceId, atSeconds, inFile }: TraceQuery,
  file: TraceFile | undefined,
): TraceOrigin | undefined {
  if (isCarried) return { kind: "carried", content: carriedTrace() };
  if (!inFile) return { kind: "stored", traceId, atSeconds };
  return file && { kind: "file", file, traceId };
}

function NoFile() {
  return (
    <Notice title="No file is open">
      <p>
        Choose a file with a trace, or drop it anywhere on this page: OTLP JSON, Jaeger JSON or
        Zipkin JSON, also compressed with gzip. It is read in the browser, and neither sent nor
        stored. After the page was loaded again it has to be chosen again.
      </p>
      <p>
        <ChooseFile />
      </p>
    </Notice>
  );
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
