/** What is asked: service and conditions, by what it is broken down, which time, and if it stays live. */
import { CloseIcon } from "../shell/icons.tsx";
import { type ExploreQuery, exploreHref } from "./explore-route.ts";
import { AddFilter } from "./add-filter.tsx";
import { ByChoice } from "./by-choice.tsx";
import type { Figures } from "./explore-load.ts";
import { queryOf, SERVICE, serviceOf, understand, withField } from "./filters.ts";
import { SpansChoice } from "./spans-choice.tsx";
import { TimePicker } from "./time-picker.tsx";

interface ToolbarProps {
  readonly query: ExploreQuery;
  /** Every service there is to choose. */
  readonly services: readonly string[];
  readonly spans: Figures["spans"] | undefined;
  readonly offsetMinutes: number;
  readonly onChange: (change: Partial<ExploreQuery>) => void;
}

/** The bar below the top. */
export function Toolbar({ query, services, spans, offsetMinutes, onChange }: ToolbarProps) {
  return (
    <div class="filters">
      <ServiceChoice query={query} services={services} onChange={onChange} />
      <Chips query={query} />
      <AddFilter query={query} onChange={onChange} />
      <SpansChoice
        allSpans={query.allSpans}
        spans={spans}
        onChoose={(allSpans) => onChange({ allSpans, box: undefined })}
      />
      <ByChoice by={query.by} onChoose={(by) => onChange({ by })} />
      <div class="at-end">
        <TimePicker
          query={query}
          offsetMinutes={offsetMinutes}
          onChange={(change) =>
            onChange(change.time === undefined ? change : { ...change, box: undefined })
          }
        />
        <LiveButton query={query} onChange={onChange} />
      </div>
    </div>
  );
}

type ChoiceProps = Pick<ToolbarProps, "query" | "onChange">;

function ServiceChoice({
  query,
  services,
  onChange,
}: ChoiceProps & Pick<ToolbarProps, "services">) {
  const chosen = serviceOf(query.q);
  const names = chosen === "" || services.includes(chosen) ? services : [chosen, ...services];
  const choose = (name: string): void => {
    const value = name === "" ? undefined : ({ type: "string", value: name } as const);
    onChange({ q: withField(query.q, SERVICE, value), box: undefined });
  };
  return (
    <label class="labelled">
      <span>Service</span>
      <select class="field" value={chosen} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="">all</option>
        {names.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The conditions beside the service, each with a way out. */
function Chips({ query }: { query: ExploreQuery }) {
  const understood = understand(query.q);
  // What is more than a list of conditions is in the box above, and nowhere else.
  if (understood.kind !== "conditions") return null;
  const texts = understood.conditions.map(({ text }) => text);
  const shown = texts.filter((text) => serviceOf(`{ ${text} }`) === "");
  return (
    <>
      {shown.map((text) => {
        const rest = queryOf(texts.filter((other) => other !== text));
        const without = exploreHref({ ...query, q: rest, box: undefined });
        return <Chip key={text} text={text} without={without} />;
      })}
    </>
  );
}

function Chip({ text, without }: { text: string; without: string }) {
  return (
    <span class="condition">
      <code title={text}>{text}</code>
      <a href={without} aria-label={`Without ${text}`} title="Take this condition out">
        <CloseIcon />
      </a>
    </span>
  );
}

function LiveButton({ query, onChange }: ChoiceProps) {
  const canLive = query.time.kind === "since";
  const isLive = query.live && canLive;
  return (
    <button
      type="button"
      class="button live"
      aria-pressed={isLive}
      title={
        canLive
          ? isLive
            ? "Refreshes every few seconds"
            : "Does not refresh"
          : "This time is over: press to come back to now"
      }
      onClick={() =>
        onChange(canLive ? { live: !query.live } : { time: { kind: "since", seconds: 3600 } })
      }
    >
      <i class="dot" />
      {isLive ? "Live" : canLive ? "Paused" : "To now"}
    </button>
  );
}
