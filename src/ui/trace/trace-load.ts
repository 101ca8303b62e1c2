/** One trace on its way to the page. */
import type { SpanTable } from "../../analysis/span-table.ts";
import { pause } from "../repeat.ts";
import type { EngineClient } from "./engine/engine-calls.ts";
import type { TraceInFile } from "./engine/file-traces.ts";
import type { TraceOrigin } from "./engine/trace-engine.ts";
import type { LoadProgress } from "./engine/trace-source.ts";
import { viewTable, type TraceView } from "./view.ts";

/** How far the page is with a trace. */
export type TraceLoad =
  | { readonly kind: "loading"; readonly progress?: LoadProgress }
  | {
      readonly kind: "ready";
      readonly view: TraceView;
      /** All traces of its file, if it is from one. */
      readonly inFile: readonly TraceInFile[];
      /** Whether it is looked at again for spans that may still be on their way. */
      readonly arriving: boolean;
    }
  /** Not there, perhaps not yet: seconds for which it is still looked for. */
  | { readonly kind: "missing"; readonly secondsLeft: number }
  | { readonly kind: "failed"; readonly message: string };

const RETRY_SECONDS = 30;
const BETWEEN_TRIES_MS = 2000;

/**
 * Loads a trace, telling `show` how far it is. A trace that is not found is asked for again for 30
 * seconds, because spans may still be on their way.
 */
export async function loadTrace(
  engine: EngineClient,
  origin: TraceOrigin,
  signal: AbortSignal,
  show: (load: TraceLoad) => void,
): Promise<void> {
  const giveUpMs = Date.now() + RETRY_SECONDS * 1000;
  const progress = (told: LoadProgress): void => show({ kind: "loading", progress: told });
  while (!signal.aborted) {
    const loaded = await engine.call("load", origin, { signal, progress });
    if (loaded.kind === "aborted") return;
    if (loaded.kind === "ok") {
      const { table, inFile } = loaded;
      const view = viewTable(table);
      const arriving = origin.kind === "stored" && mayGrow(table, Date.now());
      show({ kind: "ready", view, inFile, arriving });
      return arriving ? follow({ engine, origin, view }, signal, show) : undefined;
    }
    if (loaded.status !== 404) return show({ kind: "failed", message: loaded.message });
    const secondsLeft = Math.max(0, Math.ceil((giveUpMs - Date.now()) / 1000));
    show({ kind: "missing", secondsLeft });
    if (secondsLeft === 0) return;
    await pause(BETWEEN_TRIES_MS, signal);
  }
}

/** Spans may follow for so long after the latest that is here. */
const ARRIVES_WITHIN_MS = 60_000;
/** It costs as much as loading: large traces are loaded again by hand. */
const MOST_SPANS = 20_000;
const QUIET_LOOKS = 4;

/** Whether spans of a trace may still be on their way at a moment in milliseconds since 1970. */
function mayGrow({ startUnixNano, durationNano, length }: SpanTable, nowMs: number): boolean {
  const endMs = Number(startUnixNano / 1_000_000n) + durationNano / 1e6;
  return length <= MOST_SPANS && Math.abs(nowMs - endMs) < ARRIVES_WITHIN_MS;
}

interface Followed {
  readonly engine: EngineClient;
  readonly origin: TraceOrigin;
  readonly view: TraceView;
}

/** Looks again until there was nothing new for a while. */
async function follow(
  { engine, origin, view: first }: Followed,
  signal: AbortSignal,
  show: (load: TraceLoad) => void,
): Promise<void> {
  let view = first;
  for (let quiet = 0; quiet < QUIET_LOOKS; quiet++) {
    await pause(BETWEEN_TRIES_MS, signal);
    if (signal.aborted) return;
    const loaded = await engine.call("load", origin, { signal });
    if (loaded.kind !== "ok") break;
    if (loaded.table.length === view.table.length) continue;
    view = viewTable(loaded.table);
    quiet = -1;
    show({ kind: "ready", view, inFile: [], arriving: true });
  }
  show({ kind: "ready", view, inFile: [], arriving: false });
}
