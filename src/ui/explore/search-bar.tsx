/** The query on top: the box, what was asked before and examples, and the button that asks or stops. */
import { useRef } from "preact/hooks";
import type { QueryProblem } from "../../api/contract.ts";
import { askedBefore, examples } from "../editor/queries.ts";
import { QueryBox } from "../editor/query-box.tsx";
import { useClosing } from "../shell/use-closing.ts";
import { type ExploreQuery, exploreHref } from "./explore-route.ts";

interface SearchBarProps {
  readonly query: ExploreQuery;
  readonly problems: readonly QueryProblem[];
  readonly isRunning: boolean;
  readonly onSubmit: (q: string) => void;
  readonly onStop: () => void;
}

/** One line: box, list of queries, button. */
export function SearchBar({ query, problems, isRunning, onSubmit, onStop }: SearchBarProps) {
  return (
    <div class="search-bar" role="search" aria-label="Traces">
      <QueryBox q={query.q} problems={problems} onSubmit={onSubmit} />
      <Queries query={query} />
      {isRunning && (
        <button type="button" class="button stop" onClick={onStop}>
          Stop
        </button>
      )}
      {query.q !== "" && !isRunning && (
        <a class="button" href={exploreHref({ ...query, q: "", box: undefined })}>
          Clear
        </a>
      )}
    </div>
  );
}

function Queries({ query }: { query: ExploreQuery }) {
  const details = useRef<HTMLDetailsElement>(null);
  useClosing(details);
  const before = askedBefore().slice(0, 8);
  const link = (q: string) => (
    <a
      href={exploreHref({ ...query, q, box: undefined })}
      onClick={() => {
        if (details.current !== null) details.current.open = false;
      }}
    >
      <code>{q}</code>
    </a>
  );
  return (
    <details class="queries" ref={details}>
      <summary class="button">Examples</summary>
      <div class="popover">
        {before.length > 0 && (
          <section>
            <h2>Asked before</h2>
            <ul>
              {before.map((q) => (
                <li key={q}>{link(q)}</li>
              ))}
            </ul>
          </section>
        )}
        <section>
          <h2>Examples</h2>
          <ul>
            {examples.map(([q, what]) => (
              <li key={q}>
                {link(q)}
                <span class="soft">{what}</span>
              </li>
            ))}
          </ul>
        </section>
      </div>
    </details>
  );
}
