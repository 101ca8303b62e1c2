import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { TimePicker } from "../explore/time-picker.tsx";
import { shifted, zoomedOut } from "../explore/time-range.ts";
import { localOffset } from "../local-time.ts";
import type { TimeView } from "../time-choice.ts";
import { isTyping } from "./keys-dialog.tsx";
import { focusOpenTrace } from "./open-trace.tsx";

interface PageBarProps {
  readonly query: TimeView;
  readonly onChange: (change: Partial<TimeView>) => void;
  /** What is chosen beside the time. */
  readonly children?: ComponentChildren;
}

/** The bar of a page: what is asked on the left, of which time on the right. */
export function PageBar({ query, onChange, children }: PageBarProps) {
  const bar = useRef<HTMLDivElement>(null);
  const current = useRef({ query, onChange });
  current.current = { query, onChange };
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event)) return;
      const { query, onChange } = current.current;
      const nowSeconds = Math.floor(Date.now() / 1000);
      const move = (halves: number): void =>
        onChange({ time: shifted(query.time, halves, nowSeconds) });
      if (event.key === "<") move(-1);
      else if (event.key === ">") move(1);
      else if (event.key === "-") onChange({ time: zoomedOut(query.time, nowSeconds) });
      else if (event.key === "o") focusOpenTrace();
      else if (event.key === "/") bar.current?.querySelector("input")?.focus();
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  return (
    <div class="filters" ref={bar}>
      {children}
      <div class="at-end">
        <TimePicker
          query={query}
          offsetMinutes={query.utc ? 0 : localOffset(Date.now())}
          onChange={onChange}
        />
      </div>
    </div>
  );
}
