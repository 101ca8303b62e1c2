import { EngineClient, portOf } from "./engine-calls.ts";

/** An engine in a Worker of its own, and what ends it. */
export function openEngine(): { readonly engine: EngineClient; readonly close: () => void } {
  const worker = new Worker(new URL("./engine-worker.ts", import.meta.url), { type: "module" });
  return { engine: new EngineClient(portOf(worker)), close: () => worker.terminate() };
}
