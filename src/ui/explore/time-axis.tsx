import { timeTicks, type TimeTick } from "./time-range.ts";

/** What a plot shows of time. */
export interface TimeSpan {
  readonly from: number;
  readonly to: number;
  readonly offsetMinutes: number;
}

/** A moment with a word on what happened. */
export interface TimeMark {
  /** In seconds since 1970. */
  readonly at: number;
  readonly label: string;
}

/** Marks through a plot, with their words if there is room for these. */
export function TimeMarks({
  span,
  marks,
  hasLabels,
}: {
  readonly span: TimeSpan;
  readonly marks: readonly TimeMark[];
  readonly hasLabels: boolean;
}) {
  return (
    <>
      {marks.map(({ at, label }) => (
        <i
          key={label}
          class={(at - span.from) / (span.to - span.from) > 0.7 ? "mark at-end" : "mark"}
          style={{ left: leftOf(span, at) }}
        >
          {hasLabels && <span>{label}</span>}
        </i>
      ))}
    </>
  );
}

function ticksOf({ from, to, offsetMinutes }: TimeSpan, count: number): TimeTick[] {
  return timeTicks([from, to], count, offsetMinutes);
}

/** Lines through a plot at round moments. */
export function TimeLines({ span, count }: { span: TimeSpan; count: number }) {
  return (
    <>
      {ticksOf(span, count).map(({ at }) => (
        <i key={at} class="time-line" style={{ left: leftOf(span, at) }} />
      ))}
    </>
  );
}

/** The names of these moments, to stand below the plot; those that would reach over its edge are left out. */
export function TimeLabels({ span, count }: { span: TimeSpan; count: number }) {
  const edge = 0.4 / count;
  const shown = ticksOf(span, count).filter(({ at }) => {
    const part = (at - span.from) / (span.to - span.from);
    return part > edge / 2 && part < 1 - edge / 2;
  });
  return (
    <div class="time-labels" aria-hidden="true">
      {shown.map(({ at, label }) => (
        <span key={at} style={{ left: leftOf(span, at) }}>
          {label}
        </span>
      ))}
    </div>
  );
}

function leftOf({ from, to }: TimeSpan, at: number): string {
  return `${(100 * (at - from)) / (to - from)}%`;
}
