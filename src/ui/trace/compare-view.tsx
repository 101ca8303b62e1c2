import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import {
  type ComparedTraces,
  type Difference,
  differenceOf,
} from "../../analysis/compare-traces.ts";
import { formatCount, formatDuration, formatInstant, formatSome } from "../format.ts";
import { localOffset } from "../local-time.ts";
import { ErrorIcon } from "../shell/icons.tsx";
import { type TableColumn, VirtualTable } from "../shell/virtual-table.tsx";
import { readTraceId } from "../trace-id.ts";
import type { OnShow } from "./attribute-list.tsx";
import { attributeField, exploreHref, valueText } from "./attribute-query.ts";
import { colourStyle } from "./colouring.ts";
import type { EngineClient } from "./engine/engine-calls.ts";
import type { ComparedWith } from "./engine/trace-engine.ts";
import { traceHref, type TraceQuery } from "./trace-query.ts";
import { mainRow, nameOf, serviceOf, type TraceView } from "./view.ts";

interface CompareViewProps {
  readonly view: TraceView;
  readonly query: TraceQuery;
  readonly engine: EngineClient;
  readonly chosen: number;
  readonly onChoose: (row: number) => void;
  readonly onShow: OnShow;
}

/** The trace beside another one: what only one of them did, and what took longer. */
export function CompareView(props: CompareViewProps) {
  const { view, query, engine } = props;
  const answer = useSignal<ComparedWith | undefined>(undefined);
  useEffect(() => {
    answer.value = undefined;
    if (query.compare === "") return;
    const end = new AbortController();
    const ask = async (): Promise<void> => {
      const got = await engine.call("compare", query.compare, { signal: end.signal });
      if (got.kind !== "aborted") answer.value = got;
    };
    void ask();
    return () => end.abort();
  }, [view.table, query.compare, engine]);
  if (query.compare === "") return <ChooseOther {...props} problem="" />;
  const got = answer.value;
  if (got === undefined || got.kind === "aborted") {
    return (
      <div class="skeleton" role="status" aria-label="Loading the other trace">
        {[90, 70, 80, 60].map((width) => (
          <i key={width} style={{ width: `${width}%` }} />
        ))}
      </div>
    );
  }
  if (got.kind === "failed") {
    const missing = got.status === 404;
    return (
      <ChooseOther {...props} problem={missing ? "No span of that trace is here." : got.message} />
    );
  }
  return (
    <div class="compare">
      <Sides {...props} other={got} />
      <Compared {...props} compared={got.compared} />
    </div>
  );
}

/** Asks for the id of the other trace. */
function ChooseOther({
  view: { table },
  query,
  onShow,
  problem,
}: CompareViewProps & { problem: string }) {
  const wrong = useSignal("");
  const root = mainRow(table);
  const service = attributeField("resource", "service.name");
  const alike =
    root < 0
      ? ""
      : `{ ${service} = ${quoted(serviceOf(table, root))} && name = ${quoted(nameOf(table, root))} }`;
  const message = wrong.value || problem;
  return (
    <form
      class="compare-with"
      onSubmit={(event) => {
        event.preventDefault();
        const box = event.currentTarget.elements.namedItem("other") as HTMLInputElement;
        const read = readTraceId(box.value);
        wrong.value = read.kind === "wrong" ? read.message : "";
        if (read.kind === "ok") onShow({ compare: read.traceId }, true);
      }}
    >
      <label for="compare-with">Compare this trace with another one, by its id</label>
      <div>
        <input
          id="compare-with"
          name="other"
          class="field mono"
          placeholder="Trace id"
          autocomplete="off"
          spellcheck={false}
          value={query.compare}
          aria-invalid={message !== ""}
          aria-describedby="compare-problem"
        />
        <button type="submit" class="button">
          Compare
        </button>
      </div>
      <p id="compare-problem" class="error" role="alert">
        {message !== "" && (
          <>
            <ErrorIcon /> {message}
          </>
        )}
      </p>
      {alike !== "" && (
        <p>
          <a href={exploreHref(alike)}>Traces that begin alike</a>
        </p>
      )}
    </form>
  );
}

function quoted(text: string): string {
  return valueText({ stringValue: text })!;
}

type Other = Extract<ComparedWith, { kind: "ok" }>;

/** What the two traces are. */
function Sides({ view: { table }, query, other, onShow }: CompareViewProps & { other: Other }) {
  const { compared } = other;
  const counts = useMemo(() => {
    const all: Record<Difference, number> = {
      onlyHere: 0,
      onlyThere: 0,
      slower: 0,
      faster: 0,
      same: 0,
    };
    for (let node = 0; node < compared.length; node++) all[differenceOf(compared, node)]++;
    return all;
  }, [compared]);
  const by = table.durationNano - other.durationNano;
  const start = other.startUnixNano;
  const when = formatInstant(
    start,
    query.utc ? 0 : localOffset(Number(BigInt(start) / 1_000_000n)),
  );
  return (
    <div class="compare-sides">
      <p>
        With{" "}
        <a href={traceHref({ traceId: query.compare, view: "compare", compare: table.traceId })}>
          {other.rootName === "" ? "(no name)" : other.rootName}
        </a>{" "}
        <span class="soft">
          {other.rootService}, {when}, {formatDuration(other.durationNano)},{" "}
          {formatSome(other.spanCount, "span")}
        </span>{" "}
        <button type="button" class="link" onClick={() => onShow({ compare: "" }, true)}>
          another
        </button>
      </p>
      <p>
        This one took{" "}
        {by === 0 ? "as long" : `${formatDuration(Math.abs(by))} ${by > 0 ? "longer" : "less"}`}.{" "}
        <span class="soft">
          Paths only here: {formatCount(counts.onlyHere)}, only there:{" "}
          {formatCount(counts.onlyThere)}, slower here: {formatCount(counts.slower)}, faster:{" "}
          {formatCount(counts.faster)}, equal: {formatCount(counts.same)}
        </span>
      </p>
    </div>
  );
}

const columns: readonly TableColumn[] = [
  { name: "Path", width: "minmax(160px, 1fr)" },
  { name: "Here", width: "56px", isNumber: true },
  { name: "There", width: "56px", isNumber: true },
  { name: "Total here", width: "92px", isNumber: true },
  { name: "Total there", width: "96px", isNumber: true },
  { name: "Difference", width: "104px", isNumber: true },
  { name: "Self", width: "100px", isNumber: true },
  { name: "Less · more", width: "112px" },
];

const STEP_PX = 12;
const MOST_STEPS = 12;

function Compared({
  view,
  chosen,
  onChoose,
  compared,
}: CompareViewProps & { compared: ComparedTraces }) {
  const sort = useSignal<{ column: number; descending: boolean } | undefined>(undefined);
  const { texts, service, name, depth, here, there, length } = compared;
  const figures = useMemo(() => {
    const minus = (a: Float64Array, b: Float64Array): Float64Array =>
      a.map((nano, i) => nano - b[i]!);
    const by = minus(here.totalNano, there.totalNano);
    const self = minus(here.selfNano, there.selfNano);
    return { by, self, most: by.reduce((most, nano) => Math.max(most, Math.abs(nano)), 1) };
  }, [compared]);
  const sorted = useMemo(() => {
    const nodes = Int32Array.from({ length }, (_, node) => node);
    if (sort.value === undefined || sort.value.column === 0) return nodes;
    const { column, descending } = sort.value;
    const of = [here.spans, there.spans, here.totalNano, there.totalNano, figures.by, figures.self];
    const values = of[column - 1]!;
    // Differences by how much they are, whichever way.
    const size = (node: number): number => (column > 4 ? Math.abs(values[node]!) : values[node]!);
    return nodes.sort((a, b) => (descending ? -1 : 1) * (size(a) - size(b)) || a - b);
  }, [compared, sort.value]);
  const isTree = sort.value === undefined || sort.value.column === 0;
  const colourOf = new Map(view.services.map((one) => [one.name, one.colour]));
  return (
    <VirtualTable
      label="Paths of calls in both traces"
      columns={columns}
      count={length}
      keyOf={(place) => sorted[place]!}
      isChosen={(place) => chosen >= 0 && here.row[sorted[place]!] === chosen}
      onChoose={(place) => {
        const row = here.row[sorted[place]!]!;
        if (row >= 0) onChoose(row);
      }}
      {...(sort.value && { sort: sort.value })}
      onSort={(column) => {
        const again = sort.value?.column === column;
        if (column === 0 || column === columns.length - 1) sort.value = undefined;
        else sort.value = { column, descending: again ? !sort.value!.descending : true };
      }}
      cells={(place) => {
        const node = sorted[place]!;
        const difference = differenceOf(compared, node);
        const [by, self] = [figures.by[node]!, figures.self[node]!];
        const text = texts[name[node]!]! || "(no name)";
        const owner = texts[service[node]!]!;
        return [
          <span
            key="p"
            class="service compare-path"
            style={{
              ...colourStyle(colourOf.get(owner) ?? 0),
              paddingLeft: isTree ? `${Math.min(depth[node]!, MOST_STEPS) * STEP_PX}px` : "0",
            }}
            title={`${owner}: ${text}`}
          >
            <i class="swatch" />
            <span class="service-name">
              {text} <span class="soft">{owner}</span>
            </span>
          </span>,
          <Count key="h" count={here.spans[node]!} errors={here.errors[node]!} />,
          <Count key="t" count={there.spans[node]!} errors={there.errors[node]!} />,
          here.spans[node] === 0 ? "" : formatDuration(here.totalNano[node]!),
          there.spans[node] === 0 ? "" : formatDuration(there.totalNano[node]!),
          difference === "onlyHere" || difference === "onlyThere" ? (
            <em key="d">{difference === "onlyHere" ? "only here" : "only there"}</em>
          ) : (
            <Signed key="d" nano={by} />
          ),
          <Signed key="f" nano={self} />,
          <Swing key="s" share={by / figures.most} />,
        ];
      }}
    />
  );
}

function Count({ count, errors }: { count: number; errors: number }) {
  if (count === 0) return <span class="soft">–</span>;
  if (errors === 0) return <>{formatCount(count)}</>;
  return (
    <span class="error" title={formatSome(errors, "error")}>
      <ErrorIcon /> {formatCount(count)}
    </span>
  );
}

function Signed({ nano }: { nano: number }) {
  if (nano === 0) return <span class="soft">0</span>;
  return <>{`${nano > 0 ? "+" : "−"}${formatDuration(Math.abs(nano))}`}</>;
}

/** A bar from the middle: to the right what took longer here. */
function Swing({ share }: { share: number }) {
  const half = Math.abs(share) * 50;
  return (
    <span class="swing" aria-hidden="true">
      {share !== 0 && (
        <i
          class={share < 0 ? "less" : ""}
          style={{ left: `${share < 0 ? 50 - half : 50}%`, width: `${half}%` }}
        />
      )}
    </span>
  );
}
