/** Something done at an even pace until it is closed. */
export interface Repeated {
  /** Does it no more. What is under way ends as it may; nobody is told if it fails. */
  close(): void;
}

/** Runs `task` now and every so many milliseconds; never twice at once. A run that fails is told to
 * `onError`, and the next one comes all the same. Keeps no process alive. */
export function every(
  ms: number,
  task: () => Promise<void>,
  onError: (error: unknown) => void,
): Repeated {
  let isRunning = false;
  let isClosed = false;
  const run = async (): Promise<void> => {
    if (isRunning) return;
    isRunning = true;
    try {
      await task();
    } catch (error) {
      if (!isClosed) onError(error);
    } finally {
      isRunning = false;
    }
  };
  void run();
  const timer = setInterval(() => void run(), ms).unref();
  return {
    close: () => {
      isClosed = true;
      clearInterval(timer);
    },
  };
}
