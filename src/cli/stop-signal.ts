/** Ctrl+C often arrives more than once: from the terminal, from npm and from the launcher. Only what
 * comes later than this is a second press. */
const SAME_PRESS_MS = 500;

/**
 * Settles with the first signal that asks this process to stop. Another one after that ends the
 * process at once, with exit code 130.
 */
export function stopSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  let firstMs: number | undefined;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      firstMs ??= performance.now();
      if (performance.now() - firstMs > SAME_PRESS_MS) process.exit(130);
      resolve(name);
    });
  }
  return promise;
}
