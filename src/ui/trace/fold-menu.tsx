import { formatCount } from "../format.ts";
import { Menu } from "../shell/menu.tsx";
import { Service } from "../shell/service.tsx";
import { foldRulesText, readFoldRules, type FoldRule } from "./fold-rules.ts";
import type { TraceQuery } from "./trace-query.ts";
import type { TraceView } from "./view.ts";

interface FoldMenuProps {
  readonly view: TraceView;
  readonly query: TraceQuery;
  readonly onShow: (change: Partial<TraceQuery>) => void;
}

const SHOWN_SERVICES = 30;
const units: readonly (readonly [name: string, nano: number])[] = [
  ["100 µs", 1e5],
  ["1 ms", 1e6],
  ["10 ms", 1e7],
  ["100 ms", 1e8],
  ["1 s", 1e9],
];

/** What is folded away by rule. */
export function FoldMenu({ view, query, onShow }: FoldMenuProps) {
  const rules = readFoldRules(query.fold);
  const show = (next: readonly FoldRule[]): void => onShow({ fold: foldRulesText(next) });
  /** The rules without those of a kind, and perhaps one in their place. */
  const replace = (kind: FoldRule["kind"], rule?: FoldRule): void =>
    show([...rules.filter((other) => other.kind !== kind), ...(rule === undefined ? [] : [rule])]);
  const depth = rules.find((rule) => rule.kind === "depth");
  const below = rules.find((rule) => rule.kind === "below");
  const folded = new Set(rules.flatMap((rule) => (rule.kind === "service" ? [rule.name] : [])));
  const count = rules.length + (query.group ? 1 : 0) + (query.gaps ? 1 : 0);
  return (
    <Menu summaryClass="button" label={count > 0 ? `Fold (${count})` : "Fold"}>
      <label class="check" title="Five or more, next to one another">
        <input
          type="checkbox"
          checked={query.group}
          onChange={() => onShow({ group: !query.group })}
        />
        Equal siblings as one row
      </label>
      <label
        class="check"
        title="Stretches in which no span runs; the axis says how much was left out"
      >
        <input
          type="checkbox"
          checked={query.gaps}
          onChange={() => onShow({ gaps: !query.gaps, zoom: undefined })}
        />
        Time in which nothing runs
      </label>
      <label class="choice">
        <span>Beyond level</span>
        <select
          class="field"
          value={depth?.levels ?? ""}
          onChange={({ currentTarget: { value } }) =>
            replace("depth", value === "" ? undefined : { kind: "depth", levels: Number(value) })
          }
        >
          <option value="">none</option>
          {Array.from({ length: Math.min(view.levels - 1, 40) }, (_, i) => (
            <option key={i} value={i + 1}>
              {i + 1}
            </option>
          ))}
        </select>
      </label>
      <label class="choice">
        <span>Shorter than</span>
        <select
          class="field"
          value={below?.nano ?? ""}
          onChange={({ currentTarget: { value } }) =>
            replace("below", value === "" ? undefined : { kind: "below", nano: Number(value) })
          }
        >
          <option value="">none</option>
          {units.map(([name, nano]) => (
            <option key={nano} value={nano}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <fieldset>
        <legend>What services do</legend>
        {view.services.slice(0, SHOWN_SERVICES).map(({ name, colour, spanCount }) => (
          <label key={name} class="check">
            <input
              type="checkbox"
              checked={folded.has(name)}
              onChange={() =>
                show(
                  folded.has(name)
                    ? rules.filter((rule) => rule.kind !== "service" || rule.name !== name)
                    : [...rules, { kind: "service", name }],
                )
              }
            />
            <Service name={name} colour={colour} />
            <span class="soft">{formatCount(spanCount)}</span>
          </label>
        ))}
      </fieldset>
    </Menu>
  );
}
