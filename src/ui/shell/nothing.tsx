import type { ComponentChildren } from "preact";

/** Where there is nothing to list: what is so, and what to do. */
export function Nothing({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="nothing" role="status">
      <h2>{title}</h2>
      <p>{children}</p>
    </div>
  );
}

interface NotReadProps {
  /** What could not be read: "The services". */
  readonly what: string;
  readonly message: string;
  readonly onRetry: () => void;
}

/** Where something should be that could not be read. */
export function NotRead({ what, message, onRetry }: NotReadProps) {
  return (
    <div class="nothing" role="alert">
      <h2 class="error">{what} could not be read</h2>
      <p>
        {message}{" "}
        <button type="button" class="button" onClick={onRetry}>
          Try again
        </button>
      </p>
    </div>
  );
}

/** Where lines are about to be. */
export function Waiting({ what, lines = 12 }: { what: string; lines?: number }) {
  return (
    <div class="skeleton" role="status" aria-label={`Loading the ${what}`}>
      {Array.from({ length: lines }, (_, i) => (
        <i key={i} />
      ))}
    </div>
  );
}
