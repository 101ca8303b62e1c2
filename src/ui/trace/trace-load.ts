/** One trace on its way to the page. */
import { askTrace } from "../api.ts";
import { pause } from "../repeat.ts";
import { viewTrace, type TraceView } from "./view.ts";

/** How far the page is with a trace. */
export type TraceLoad =
  | { readonly kind: "loading" }
  | { readonly kind: "ready"; readonly view: TraceView }
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
  traceId: string,
  signal: AbortSignal,
  show: (load: TraceLoad) => void,
): Promise<void> {
  const giveUpMs = Date.now() + RETRY_SECONDS * 1000;
  while (!signal.aborted) {
    const answer = await askTrace(traceId, signal);
    if (answer.kind === "aborted") return;
    if (answer.kind === "ok") return show({ kind: "ready", view: viewTrace(answer.value) });
    if (answer.status !== 404) return show({ kind: "failed", message: answer.message });
    const secondsLeft = Math.max(0, Math.ceil((giveUpMs - Date.now()) / 1000));
    show({ kind: "missing", secondsLeft });
    if (secondsLeft === 0) return;
    await pause(BETWEEN_TRIES_MS, signal);
  }
}
