/** One trace on its way to the page. */
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
      return show({ kind: "ready", view: viewTable(table), inFile });
    }
    if (loaded.status !== 404) return show({ kind: "failed", message: loaded.message });
    const secondsLeft = Math.max(0, Math.ceil((giveUpMs - Date.now()) / 1000));
    show({ kind: "missing", secondsLeft });
    if (secondsLeft === 0) return;
    await pause(BETWEEN_TRIES_MS, signal);
  }
}
