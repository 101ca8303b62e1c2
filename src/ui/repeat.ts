/**
 * Runs `work` now and then again `everyMs` after it settled (once only if that is undefined), but
 * not while the tab is hidden: then it waits until the tab shows. Gives back what ends it and
 * aborts the run under way.
 */
export function repeat(
  work: (signal: AbortSignal) => Promise<void>,
  everyMs: number | undefined,
): () => void {
  const end = new AbortController();
  const { signal } = end;
  void (async () => {
    while (!signal.aborted) {
      await work(signal);
      if (everyMs === undefined) return;
      await pause(everyMs, signal);
      await untilShown(signal);
    }
  })();
  return () => end.abort();
}

/** Settles after `ms`, or at once when `signal` aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}

function untilShown(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    check();
    document.addEventListener("visibilitychange", check);
    signal.addEventListener("abort", check);
    function check(): void {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener("visibilitychange", check);
      signal.removeEventListener("abort", check);
      resolve();
    }
  });
}
