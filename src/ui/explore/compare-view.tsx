/** What the spans of a box or query share that the others do not: what differs most comes first. */
import { useSignal } from "@preact/signals";
import { formatCount, formatSome } from "../format.ts";
import {
  type ComparedAttribute,
  type ComparedValue,
  comparingOf,
  type Comparison,
} from "./compare.ts";
import type { Load } from "../load.ts";
import { Waiting } from "../shell/nothing.tsx";
import { type ExploreQuery, exploreHref } from "./explore-route.ts";
import { formatPercent } from "./figures.ts";
import { withCondition } from "./filters.ts";

const SHOWN_VALUES = 4;
const SHOWN_ATTRIBUTES = 24;
/** Less is chance, mostly. */
const LEAST_DIFFERENCE = 0.01;

interface CompareViewProps {
  readonly query: ExploreQuery;
  readonly load: Load<Comparison | undefined>;
  readonly isStale: boolean;
  readonly onRetry: () => void;
  readonly onStop: () => void;
}

/** The comparison, or what is in its way. */
export function CompareView({ query, load, isStale, onRetry, onStop }: CompareViewProps) {
  const comparing = comparingOf(query);
  if (comparing === undefined) return <NothingToCompare query={query} />;
  if (isStale || load.kind === "loading") {
    return (
      <>
        <p class="receipt" role="status">
          Comparing the values of all attributes …
          <button type="button" class="button stop" onClick={onStop}>
            Stop
          </button>
        </p>
        <Waiting what="comparison" />
      </>
    );
  }
  if (load.kind === "failed" || load.value === undefined) {
    return (
      <div class="nothing" role="alert">
        <h2 class="error">The comparison did not come</h2>
        <p>
          {load.kind === "failed" ? load.message : "It was stopped."}{" "}
          <button type="button" class="button" onClick={onRetry}>
            Compare again
          </button>
        </p>
      </div>
    );
  }
  const { selected, others } = load.value;
  if (selected === 0 || others === 0) {
    return (
      <div class="nothing" role="status">
        <h2>There is nothing to compare {selected === 0 ? "" : "with"}</h2>
        <p>
          {formatSome(selected, "span")} {comparing.selected}, {formatCount(others)}{" "}
          {comparing.others}. Draw another box, or{" "}
          <a href={withoutBox(query)}>look at the traces</a>.
        </p>
      </div>
    );
  }
  return (
    <Attributes
      query={query}
      comparison={load.value}
      legend={[
        `${formatSome(selected, "span")} ${comparing.selected}`,
        `${formatCount(others)} ${comparing.others}`,
      ]}
    />
  );
}

function withoutBox(query: ExploreQuery): string {
  return exploreHref({ ...query, compare: false });
}

function NothingToCompare({ query }: { query: ExploreQuery }) {
  const failed = exploreHref({ ...query, q: withCondition(query.q, "status = error") });
  return (
    <div class="nothing" role="status">
      <h2>Compare what with what?</h2>
      <p>
        Draw a box on the heatmap, or ask a query of conditions, like{" "}
        <a href={failed}>spans that failed</a>: its spans are compared with all others.
      </p>
    </div>
  );
}

interface AttributesProps {
  readonly query: ExploreQuery;
  readonly comparison: Comparison;
  readonly legend: readonly [selected: string, others: string];
}

function Attributes({ query, comparison, legend }: AttributesProps) {
  const isAll = useSignal(false);
  const telling = comparison.attributes.filter(({ difference }) => difference >= LEAST_DIFFERENCE);
  const shown = isAll.value ? comparison.attributes : telling.slice(0, SHOWN_ATTRIBUTES);
  const more = comparison.attributes.length - shown.length;
  return (
    <section class="compare" aria-label="Attributes that differ">
      <p class="compare-legend">
        <i class="side selected" /> {legend[0]} <i class="side other" /> {legend[1]}
      </p>
      {shown.length === 0 && <p class="soft">All attributes have the same values on both sides.</p>}
      <ol>
        {shown.map((attribute) => (
          <Attribute key={attribute.field} attribute={attribute} query={query} />
        ))}
      </ol>
      {more > 0 && (
        <button type="button" class="button" onClick={() => (isAll.value = true)}>
          {formatSome(more, "more attribute")}, which hardly differ
        </button>
      )}
    </section>
  );
}

function Attribute({ attribute, query }: { attribute: ComparedAttribute; query: ExploreQuery }) {
  const { field, difference, values } = attribute;
  const more = values.length - SHOWN_VALUES;
  return (
    <li class="compared">
      <header>
        <h2 class="mono" title={field}>
          {field}
        </h2>
        <span class="soft" title="Half of all by which the shares of its values differ">
          {formatPercent(difference)} apart
        </span>
      </header>
      <ul>
        {values.slice(0, SHOWN_VALUES).map((value) => (
          <Value key={value.text} value={value} query={query} />
        ))}
        {more > 0 && <li class="soft">{formatSome(more, "more value")}</li>}
      </ul>
    </li>
  );
}

function Value({ value, query }: { value: ComparedValue; query: ExploreQuery }) {
  const { text, condition, selectedShare, otherShare } = value;
  const shares = `${formatPercent(selectedShare)} against ${formatPercent(otherShare)}`;
  const name = text === "" ? "(empty)" : text;
  return (
    <li>
      {condition === undefined ? (
        <span class="value">{name}</span>
      ) : (
        <a
          class="value"
          href={exploreHref({ ...query, q: withCondition(query.q, condition), compare: false })}
          title={`Only where ${condition}`}
        >
          {name}
        </a>
      )}
      <span class="bars-of" role="img" aria-label={shares} title={shares}>
        <i class="side selected" style={{ width: `${100 * selectedShare}%` }} />
        <i class="side other" style={{ width: `${100 * otherShare}%` }} />
      </span>
      <span class="shares" aria-hidden="true">
        <b>{formatPercent(selectedShare)}</b> <span class="soft">{formatPercent(otherShare)}</span>
      </span>
    </li>
  );
}
