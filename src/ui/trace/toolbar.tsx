import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { formatCount, formatSome } from "../format.ts";
import { ErrorIcon } from "../shell/icons.tsx";
import { isCarried } from "./carried.ts";
import type { EngineClient } from "./engine/engine-calls.ts";
import { FoldMenu } from "./fold-menu.tsx";
import type { Shown } from "./shown.ts";
import { traceHref, traceViews, type TraceQuery, type TraceViewName } from "./trace-query.ts";
import type { TraceView } from "./view.ts";

interface ToolbarProps {
  readonly view: TraceView;
  readonly shown: Shown;
  readonly query: TraceQuery;
  readonly engine: EngineClient;
  /** Where the cursor is among the rows found, from 0; -1 if it is on none. */
  readonly foundAt: number;
  readonly onFind: (step: 1 | -1) => void;
  /** Shows something else; typing replaces the step for Back. */
  readonly onShow: (change: Partial<TraceQuery>) => void;
}

/** What is looked for, picked out, coloured and folded. */
export function Toolbar(props: ToolbarProps) {
  const { view, shown, query, engine, onShow } = props;
  return (
    <div class="toolbar" role="toolbar" aria-label="What is shown">
      <Views query={query} />
      <Find {...props} />
      <Filter {...props} />
      <ColourBy query={query} engine={engine} shown={shown} onShow={onShow} />
      {view.errorCount > 0 && query.view !== "compare" && (
        <Toggle
          name="Error path"
          on={query.errors}
          title="Dim what led to no error, and mark where errors began (x)"
          onClick={() => onShow({ errors: !query.errors })}
        />
      )}
      {query.view === "waterfall" && (
        <>
          <Toggle
            name="Critical path"
            on={query.path}
            title="Mark what decided how long the trace took (c)"
            onClick={() => onShow({ path: !query.path })}
          />
          <FoldMenu view={view} query={query} onShow={onShow} />
        </>
      )}
    </div>
  );
}

const viewNames: Readonly<Record<TraceViewName, readonly [name: string, title: string]>> = {
  waterfall: ["Waterfall", "Spans as a tree against time"],
  flame: ["Flame", "Spans against time, children below their parents"],
  merged: ["Merged", "Equal paths of calls as one, the longest on the left"],
  map: ["Map", "Who calls whom in this trace"],
  table: ["Table", "Spans as a table that can be sorted"],
  statistics: ["Statistics", "Counts and durations by what colours stand for"],
  logs: ["Logs", "Events of all spans by time"],
  compare: ["Compare", "What differs from another trace"],
};

/** Whether a view can be had: another trace is of a Clew. */
function isOffered(view: TraceViewName): boolean {
  return view !== "compare" || !isCarried;
}

function Views({ query }: { query: TraceQuery }) {
  return (
    <nav class="views" aria-label="Views">
      {traceViews.filter(isOffered).map((view, i) => (
        <a
          key={view}
          href={traceHref({ ...query, view })}
          aria-current={query.view === view ? "page" : undefined}
          title={`${viewNames[view][1]} (${i + 1})`}
        >
          {viewNames[view][0]}
        </a>
      ))}
    </nav>
  );
}

/** Puts the keyboard into the box for names. */
export function focusFind(): void {
  const box = document.querySelector<HTMLInputElement>("#find-in-trace");
  box?.focus();
  box?.select();
}

function Find({ shown, query, foundAt, onFind, onShow }: ToolbarProps) {
  const count = shown.found.length;
  const isLooking = query.find.trim() !== "";
  return (
    <div class="find">
      <input
        id="find-in-trace"
        class="field"
        type="search"
        placeholder="Find a name"
        aria-label="Find spans by name, service, event or id"
        value={query.find}
        onInput={(event) => onShow({ find: event.currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key === "Enter") onFind(event.shiftKey ? -1 : 1);
          if (event.key !== "Escape") return;
          if (query.find === "") event.currentTarget.blur();
          else onShow({ find: "" });
        }}
      />
      {isLooking && (
        <span class="soft count" role="status">
          {count === 0
            ? "none"
            : foundAt < 0
              ? formatCount(count)
              : `${formatCount(foundAt + 1)} of ${formatCount(count)}`}
        </span>
      )}
    </div>
  );
}

const FILTER_AFTER_MS = 300;

function Filter({ shown, query, onShow }: ToolbarProps) {
  const { filtered } = shown;
  const typed = useSignal(query.filter);
  useEffect(() => {
    typed.value = query.filter;
  }, [query.filter]);
  useEffect(() => {
    if (typed.value === query.filter) return;
    const timer = setTimeout(() => onShow({ filter: typed.value }), FILTER_AFTER_MS);
    return () => clearTimeout(timer);
  }, [typed.value]);
  const problem =
    filtered?.kind === "wrong"
      ? filtered.problems[0]!.message
      : filtered?.kind === "failed"
        ? filtered.message
        : "";
  return (
    <div class="filter">
      <input
        class="field mono"
        type="search"
        placeholder="duration > 10ms"
        aria-label="Filter spans, in TraceQL"
        aria-invalid={problem !== ""}
        aria-describedby="filter-problem"
        autocomplete="off"
        spellcheck={false}
        value={typed.value}
        onInput={(event) => (typed.value = event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") onShow({ filter: typed.value });
          if (event.key !== "Escape") return;
          if (typed.value === "") event.currentTarget.blur();
          typed.value = "";
        }}
      />
      {filtered?.kind === "ok" && (
        <>
          <span class="soft count" role="status">
            {formatSome(filtered.count, "match", "matches")}
          </span>
        </>
      )}
      {(filtered?.kind === "ok" || query.errors) && (
        <Toggle
          name="Only these"
          on={query.only}
          title="Hide the others, rather than dim them"
          onClick={() => onShow({ only: !query.only })}
        />
      )}
      <span id="filter-problem" class="problem error" role="alert">
        {problem !== "" && (
          <>
            <ErrorIcon /> {problem}
          </>
        )}
      </span>
    </div>
  );
}

interface ColourByProps {
  readonly query: TraceQuery;
  readonly engine: EngineClient;
  readonly shown: Shown;
  readonly onShow: (change: Partial<TraceQuery>) => void;
}

const ownColours: readonly (readonly [value: string, name: string])[] = [
  ["service", "service"],
  ["name", "name"],
  ["kind", "kind"],
  ["status", "status"],
];

/** The attributes are asked for when somebody is about to choose one. */
function ColourBy({ query, engine, shown, onShow }: ColourByProps) {
  const keys = useSignal<readonly string[] | undefined>(undefined);
  const ask = async (): Promise<void> => {
    if (keys.value !== undefined) return;
    keys.value = [];
    const answer = await engine.call("keys", undefined);
    if (answer.kind !== "ok") return void (keys.value = undefined);
    const { span, resource, scope } = answer.value;
    keys.value = [
      ...span.map((key) => `span.${key}`),
      ...resource.map((key) => `resource.${key}`),
      ...scope.map((key) => `scope.${key}`),
    ];
  };
  const others = keys.value ?? [];
  const isOther = !ownColours.some(([value]) => value === query.colour);
  return (
    <label class="choice" title={shown.colourProblem || "What colours mean"}>
      <span>Colour</span>
      <select
        class="field"
        value={query.colour}
        onPointerDown={() => void ask()}
        onFocus={() => void ask()}
        onChange={(event) => onShow({ colour: event.currentTarget.value })}
      >
        {ownColours.map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
        {isOther && !others.includes(query.colour) && (
          <option value={query.colour}>{query.colour}</option>
        )}
        {others.map((key) => (
          <option key={key} value={key}>
            {key}
          </option>
        ))}
      </select>
    </label>
  );
}

interface ToggleProps {
  readonly name: string;
  readonly on: boolean;
  readonly title?: string;
  readonly onClick: () => void;
}

function Toggle({ name, on, title, onClick }: ToggleProps) {
  return (
    <button
      type="button"
      class="button toggle-button"
      aria-pressed={on}
      title={title ?? name}
      onClick={onClick}
    >
      {name}
    </button>
  );
}
