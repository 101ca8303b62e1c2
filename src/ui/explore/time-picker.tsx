/** Which time is looked at: up to now or from one moment to another, in UTC or the reader's zone. */
import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { formatOffset } from "../format.ts";
import { EarlierIcon, LaterIcon, WiderIcon } from "../shell/icons.tsx";
import { useClosing } from "../shell/use-closing.ts";
import type { TimeChoice, TimeView } from "../time-choice.ts";
import {
  edgesOf,
  formatRange,
  fromField,
  nameOfSpan,
  readSpanOfTime,
  shifted,
  timeWindows,
  toField,
  zoomedOut,
} from "./time-range.ts";

interface TimePickerProps {
  readonly query: TimeView;
  readonly offsetMinutes: number;
  readonly onChange: (change: Partial<TimeView>) => void;
}

/** A button with the time looked at, that opens all there is to choose; steps to and fro beside it. */
export function TimePicker({ query, offsetMinutes, onChange }: TimePickerProps) {
  const { time } = query;
  const details = useRef<HTMLDetailsElement>(null);
  useClosing(details);
  const nowSeconds = Math.floor(Date.now() / 1000);
  const choose = (next: TimeChoice): void => {
    if (details.current !== null) details.current.open = false;
    onChange({ time: next });
  };
  const isNow = time.kind === "since";
  return (
    <div class="time-picker" role="group" aria-label="Time">
      <button
        type="button"
        class="icon-button"
        aria-label="Earlier"
        title="Earlier, by half ( < )"
        onClick={() => choose(shifted(time, -1, nowSeconds))}
      >
        <EarlierIcon />
      </button>
      <details ref={details}>
        <summary class="button">
          {isNow
            ? `Last ${nameOfSpan(time.seconds)}`
            : formatRange(time.fromSeconds, time.toSeconds, offsetMinutes)}
        </summary>
        <div class="popover">
          <Windows time={time} onChoose={choose} />
          <TypedWindow onChoose={choose} />
          <Moments query={query} offsetMinutes={offsetMinutes} onChoose={choose} />
          <Zone query={query} offsetMinutes={offsetMinutes} onChange={onChange} />
        </div>
      </details>
      <button
        type="button"
        class="icon-button"
        aria-label="Later"
        title="Later, by half ( > )"
        disabled={isNow}
        onClick={() => choose(shifted(time, 1, nowSeconds))}
      >
        <LaterIcon />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label="Twice as much time"
        title="Twice as much time ( - )"
        onClick={() => choose(zoomedOut(time, nowSeconds))}
      >
        <WiderIcon />
      </button>
    </div>
  );
}

interface ChooseProps {
  readonly onChoose: (time: TimeChoice) => void;
}

function Windows({ time, onChoose }: ChooseProps & { time: TimeChoice }) {
  return (
    <div class="segments" role="group" aria-label="Up to now">
      {timeWindows.map(([seconds, name]) => (
        <button
          key={seconds}
          type="button"
          aria-pressed={time.kind === "since" && time.seconds === seconds}
          onClick={() => onChoose({ kind: "since", seconds })}
        >
          {name}
        </button>
      ))}
    </div>
  );
}

function TypedWindow({ onChoose }: ChooseProps) {
  const problem = useSignal("");
  return (
    <form
      class="typed"
      onSubmit={(event) => {
        event.preventDefault();
        const field = event.currentTarget.elements.namedItem("last") as HTMLInputElement;
        const seconds = readSpanOfTime(field.value);
        problem.value = seconds === undefined ? "Try 90m, 2h or 3d." : "";
        if (seconds !== undefined) onChoose({ kind: "since", seconds });
      }}
    >
      <label>
        <span>Last</span>
        <input class="field" name="last" placeholder="45m, 2h, 3d" autocomplete="off" />
      </label>
      <button type="submit" class="button">
        Show
      </button>
      <span class="error" role="alert">
        {problem.value}
      </span>
    </form>
  );
}

function Moments({
  query: { time, utc },
  offsetMinutes,
  onChoose,
}: ChooseProps & Pick<TimePickerProps, "query" | "offsetMinutes">) {
  const problem = useSignal("");
  const [from, to] = edgesOf(time, Math.floor(Date.now() / 1000));
  return (
    <form
      class="typed moments"
      onSubmit={(event) => {
        event.preventDefault();
        const { elements } = event.currentTarget;
        const [first, last] = ["from", "to"].map((name) =>
          fromField((elements.namedItem(name) as HTMLInputElement).value, utc),
        );
        const isRange = first !== undefined && last !== undefined && first < last;
        problem.value = isRange ? "" : "The first moment has to be before the second.";
        if (isRange) onChoose({ kind: "between", fromSeconds: first, toSeconds: last });
      }}
    >
      {(
        [
          ["from", "From", from],
          ["to", "to", to],
        ] as const
      ).map(([name, label, at]) => (
        <label key={name}>
          <span>{label}</span>
          <input
            class="field"
            type="datetime-local"
            step="1"
            name={name}
            defaultValue={toField(at, offsetMinutes)}
          />
        </label>
      ))}
      <button type="submit" class="button">
        Show
      </button>
      <span class="error" role="alert">
        {problem.value}
      </span>
    </form>
  );
}

function Zone({ query: { utc }, offsetMinutes, onChange }: TimePickerProps) {
  return (
    <div class="segments" role="group" aria-label="Time zone">
      <button type="button" aria-pressed={!utc} onClick={() => onChange({ utc: false })}>
        Local time{utc ? "" : ` (${formatOffset(offsetMinutes)})`}
      </button>
      <button type="button" aria-pressed={utc} onClick={() => onChange({ utc: true })}>
        UTC
      </button>
    </div>
  );
}
