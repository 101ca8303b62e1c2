import { setImmediate } from "node:timers/promises";

/** Runs all steps and gives what they come to; others have their turn every `sliceMs`. */
export async function inSlices<T>(steps: Generator<undefined, T>, sliceMs: number): Promise<T> {
  for (;;) {
    const untilMs = performance.now() + sliceMs;
    do {
      const { done, value } = steps.next();
      if (done) return value;
    } while (performance.now() < untilMs);
    await setImmediate();
  }
}
