/** What the map is of: near which node, compared with when, and how it is shown. */
import { PageBar } from "../shell/page-bar.tsx";
import { CloseIcon } from "../shell/icons.tsx";
import type { MapGraph } from "./map-graph.ts";
import { type Comparison, mapHref, type MapQuery, MOST_HOPS } from "./map-route.ts";
import { SaveMenu } from "./save-menu.tsx";

interface MapBarProps {
  readonly query: MapQuery;
  readonly graph: MapGraph | undefined;
  readonly onChange: (change: Partial<MapQuery>) => void;
  /** Lays everything out anew. */
  readonly onTidy: () => void;
}

const comparisons: readonly (readonly [Comparison | "", string])[] = [
  ["", "nothing"],
  ["before", "the time before"],
  ["day", "a day before"],
  ["week", "a week before"],
];

/** The bar. */
export function MapBar({ query, graph, onChange, onTidy }: MapBarProps) {
  const { view, against } = query;
  return (
    <PageBar query={query} onChange={onChange}>
      <NodeChoice query={query} names={graph?.names ?? []} onChange={onChange} />
      <label class="labelled">
        <span>Compare with</span>
        <select
          class="field"
          value={against ?? ""}
          onChange={(event) =>
            onChange({
              against: (event.currentTarget.value || undefined) as Comparison | undefined,
            })
          }
        >
          {comparisons.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <div class="segments" role="group" aria-label="Shown as">
        {(["map", "table"] as const).map((each) => (
          <button
            key={each}
            type="button"
            aria-pressed={view === each}
            onClick={() => onChange({ view: each })}
          >
            {each === "map" ? "Map" : "Table"}
          </button>
        ))}
      </div>
      {graph !== undefined && <SaveMenu drawn={graph.drawn} />}
      {view === "map" && (
        <button
          type="button"
          class="button"
          title="Forget where nodes stood, and lay the map out anew"
          onClick={onTidy}
        >
          Tidy up
        </button>
      )}
    </PageBar>
  );
}

interface NodeChoiceProps extends Pick<MapBarProps, "query" | "onChange"> {
  readonly names: readonly string[];
}

/** The node that the map is about, by its name. */
function NodeChoice({ query, names, onChange }: NodeChoiceProps) {
  const { node, hops } = query;
  return (
    <div class="labelled near">
      <label for="near">Near</label>
      <input
        key={node}
        id="near"
        class="field find"
        list="node-names"
        defaultValue={node}
        placeholder="all"
        autocomplete="off"
        spellcheck={false}
        onInput={({ currentTarget: { value } }) => {
          // Chosen from the list, or typed in full.
          if (value === "" || names.includes(value)) onChange({ node: value });
        }}
        onKeyDown={(event) => {
          const { value } = event.currentTarget;
          const wanted = value.toLowerCase();
          const found = names.find((name) => name.toLowerCase().includes(wanted));
          if (event.key === "Enter" && found !== undefined) onChange({ node: found });
          if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
      <datalist id="node-names">
        {names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      {node !== "" && (
        <>
          <div class="segments" role="group" aria-label="Calls away">
            {Array.from({ length: MOST_HOPS }, (_, i) => i + 1).map((count) => (
              <button
                key={count}
                type="button"
                aria-pressed={hops === count}
                title={`At most ${count === 1 ? "one call" : `${count} calls`} away`}
                onClick={() => onChange({ hops: count })}
              >
                {count}
              </button>
            ))}
          </div>
          <a
            class="icon-button"
            href={mapHref({ ...query, node: "" })}
            aria-label="Show all"
            title="Show all ( Esc )"
          >
            <CloseIcon />
          </a>
        </>
      )}
    </div>
  );
}
