import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { PinAnswer } from "../../api/contract.ts";
import { type Answer, ask, send } from "../api.ts";
import { PinIcon } from "../shell/icons.tsx";

/** Keeps a trace from being thinned away, or lets it go. Not there until it is known which. */
export function PinButton({ traceId }: { traceId: string }) {
  const isPinned = useSignal<boolean | undefined>(undefined);
  const problem = useSignal("");
  const take = (answer: Answer<PinAnswer>): void => {
    if (answer.kind === "ok") isPinned.value = answer.value.isPinned;
    if (answer.kind !== "aborted") problem.value = answer.kind === "failed" ? answer.message : "";
  };
  useEffect(() => {
    const end = new AbortController();
    const look = async (): Promise<void> => {
      const answer = await ask<PinAnswer>(`/pins/${traceId}`, end.signal);
      if (answer.kind === "ok") take(answer);
    };
    void look();
    return () => end.abort();
  }, [traceId]);
  const { value: pinned } = isPinned;
  if (pinned === undefined) return null;
  const change = async (): Promise<void> => {
    const { signal } = new AbortController();
    take(
      await (pinned
        ? send<PinAnswer>("DELETE", `/pins/${traceId}`, undefined, signal)
        : send<PinAnswer>("POST", "/pins", { traceId }, signal)),
    );
  };
  return (
    <>
      <button
        type="button"
        class="button"
        aria-pressed={pinned}
        title={pinned ? "Let sampling decide about it again" : "Keep it whatever sampling says"}
        onClick={() => void change()}
      >
        <PinIcon />
        <span>{pinned ? "Pinned" : "Pin"}</span>
      </button>
      {problem.value !== "" && (
        <span class="error" role="alert">
          {problem.value}
        </span>
      )}
    </>
  );
}
