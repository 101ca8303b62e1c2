import { EngineClient, portOf } from "./engine-calls.ts";

/** A Worker that has started and waits, so that the first trace need not wait for it. */
let spare: Worker | undefined;

function startWorker(): Worker {
  return new Worker(new URL("./engine-worker.ts", import.meta.url), { type: "module" });
}

/** Has a Worker ready for the next `openEngine`. */
export function warmEngine(): void {
  spare ??= startWorker();
}

/** An engine in a Worker of its own, and what ends it. */
export function openEngine(): { readonly engine: EngineClient; readonly close: () => void } {
  const worker = spare ?? startWorker();
  spare = undefined;
  return { engine: new EngineClient(portOf(worker)), close: () => worker.terminate() };
}
