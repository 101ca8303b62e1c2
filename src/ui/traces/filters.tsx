import { timeWindows, tracesHref, type TracesQuery } from "../route.ts";
import { go } from "../shell/place.ts";
import type { TracesLoad } from "./traces-load.ts";

/** Service, time window, and whether the list refreshes by itself. */
export function Filters({ query, load }: { query: TracesQuery; load: TracesLoad }) {
  const known = load.kind === "listed" ? load.answer.services : [];
  const services =
    query.service === "" || known.includes(query.service) ? known : [query.service, ...known];
  const change = (part: Partial<TracesQuery>): void => go(tracesHref({ ...query, ...part }));
  return (
    <div class="filters">
      <label class="labelled">
        <span>Service</span>
        <select
          class="field"
          value={query.service}
          onChange={(event) => change({ service: event.currentTarget.value })}
        >
          <option value="">all</option>
          {services.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <div class="segments" role="group" aria-label="Time window">
        {timeWindows.map(([seconds, name]) => (
          <button
            key={seconds}
            type="button"
            aria-pressed={query.sinceSeconds === seconds}
            onClick={() => change({ sinceSeconds: seconds })}
          >
            {name}
          </button>
        ))}
      </div>
      <button
        type="button"
        class="button live"
        aria-pressed={query.live}
        title={query.live ? "Refreshes every few seconds" : "Does not refresh"}
        onClick={() => change({ live: !query.live })}
      >
        <i class="dot" />
        {query.live ? "Live" : "Paused"}
      </button>
    </div>
  );
}
