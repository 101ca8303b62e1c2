import type { Figures } from "./explore-load.ts";

interface SpansChoiceProps {
  readonly allSpans: boolean;
  /** Of which spans the figures turned out to be. */
  readonly spans: Figures["spans"] | undefined;
  readonly onChoose: (allSpans: boolean) => void;
}

/** Whether figures are of requests or of all spans. */
export function SpansChoice({ allSpans, spans, onChoose }: SpansChoiceProps) {
  if (spans === "asAsked") return null;
  const isAll = allSpans || spans === "noRequests";
  return (
    <div class="segments" role="group" aria-label="Figures of">
      <button
        type="button"
        aria-pressed={!isAll}
        disabled={spans === "noRequests"}
        title={
          spans === "noRequests"
            ? "No span of kind server or consumer in this time"
            : "Figures of spans of kind server and consumer"
        }
        onClick={() => onChoose(false)}
      >
        Requests
      </button>
      <button
        type="button"
        aria-pressed={isAll}
        title="Figures of spans of every kind"
        onClick={() => onChoose(true)}
      >
        All spans
      </button>
    </div>
  );
}
