/** The traces below the figures, what finding them took, and what to do if there are none. */
import type { ReceiptAnswer } from "../../api/contract.ts";
import { formatBytes, formatDuration, formatSome } from "../format.ts";
import { NoticeIcon } from "../shell/icons.tsx";
import type { Load } from "../load.ts";
import { NotRead, Waiting } from "../shell/nothing.tsx";
import { type ExploreQuery, exploreHref, MAX_TRACES } from "./explore-route.ts";
import { serviceOf } from "./filters.ts";
import { type Listed, searchOf } from "./list-load.ts";
import { TracesTable } from "./traces-table.tsx";

interface TraceListProps {
  readonly query: ExploreQuery;
  readonly load: Load<Listed>;
  /** What is there answers another question; the answer to this one is on its way. */
  readonly isStale: boolean;
  readonly onRetry: () => void;
}

/** The list. */
export function TraceList({ query, load, isStale, onRetry }: TraceListProps) {
  if (load.kind === "loading" || (isStale && load.kind === "failed")) {
    return <Waiting what="traces" />;
  }
  if (load.kind === "failed") {
    if (load.problems.length > 0) return <NotAsked />;
    return <NotRead what="The list of traces" message={load.message} onRetry={onRetry} />;
  }
  if (load.value.kind === "first") return null;
  const { traces, receipt, progress } = load.value;
  const canShowMore = traces.length >= query.limit && query.limit < MAX_TRACES;
  const isSettled = progress !== "running" && !isStale;
  return (
    <div class={isStale ? "list stale" : "list"} aria-busy={!isSettled}>
      {load.problem !== "" && (
        <p class="banner" role="status">
          <NoticeIcon /> This list is old: {load.problem}
        </p>
      )}
      {receipt !== undefined && (
        <Receipt receipt={receipt} found={traces.length} progress={progress} />
      )}
      {traces.length === 0 && isSettled ? (
        <NothingFound query={query} wasStopped={progress === "stopped"} onRetry={onRetry} />
      ) : (
        <TracesTable traces={traces} query={query} nowMs={load.atMs} />
      )}
      {canShowMore && isSettled && (
        <p class="more">
          {receipt === undefined ? "The newest " : "The first "}
          {formatSome(traces.length, "trace")}.{" "}
          <a href={exploreHref({ ...query, limit: Math.min(query.limit * 4, MAX_TRACES) })}>
            Show more
          </a>
        </p>
      )}
    </div>
  );
}

interface ReceiptProps {
  readonly receipt: ReceiptAnswer;
  readonly found: number;
  readonly progress: string;
}

/** What the search took, in one line; and a line more if it does not cover everything. */
function Receipt({ receipt, found, progress }: ReceiptProps) {
  const { rowsRead, bytesRead, storeMs, clewMs, slices, candidates, inspectedSpans } = receipt;
  const took = formatDuration((storeMs + clewMs) * 1e6);
  const parts = [
    `${formatSome(found, "trace")}${progress === "running" ? " so far" : ""}`,
    took,
    `${formatSome(rowsRead, "row")} read (${formatBytes(bytesRead)})`,
    ...(candidates > 0
      ? [`${formatSome(candidates, "trace")} of ${formatSome(inspectedSpans, "span")} looked at`]
      : []),
  ];
  const share = slices.total > 0 ? slices.done / slices.total : 0;
  return (
    <>
      <p class="receipt" role="status">
        {progress === "running" && (
          <progress value={share} max={1} aria-label="Part of the time looked through" />
        )}
        {progress === "stopped" && <b>Stopped. </b>}
        {parts.join(" · ")}
      </p>
      {progress === "done" && !receipt.complete && (
        <p class="banner" role="status">
          <NoticeIcon /> Not all of it: {receipt.incompleteBecause ?? "the search ended early"}
        </p>
      )}
    </>
  );
}

function NotAsked() {
  return (
    <div class="nothing" role="status">
      <h2>This query cannot be asked</h2>
      <p>What is wrong with it stands below the query; the figures above are without it.</p>
    </div>
  );
}

interface NothingFoundProps {
  readonly query: ExploreQuery;
  readonly wasStopped: boolean;
  readonly onRetry: () => void;
}

function NothingFound({ query, wasStopped, onRetry }: NothingFoundProps) {
  if (wasStopped) {
    return (
      <div class="nothing" role="status">
        <h2>Stopped before anything was found</h2>
        <p>
          <button type="button" class="button" onClick={onRetry}>
            Search again
          </button>
        </p>
      </div>
    );
  }
  const { time } = query;
  const service = serviceOf(query.q);
  const isOfService =
    service !== "" && searchOf(query).q === `{ resource.service.name = "${service}" }`;
  const what = isOfService ? `of ${service} ` : query.q === "" ? "" : "answers the query ";
  const isLong = time.kind === "since" && time.seconds >= 86_400;
  const dayHref = exploreHref({
    ...query,
    box: undefined,
    time: { kind: "since", seconds: 86_400 },
  });
  const ways = [
    ...(isLong ? [] : [<a href={dayHref}>Look at the last 24 hours</a>]),
    ...(query.q === "" ? [] : [<a href={exploreHref({ ...query, q: "" })}>at all services</a>]),
  ];
  return (
    <div class="nothing" role="status">
      <h2>No trace {what}in this time</h2>
      <p>
        {ways.map((way, i) => (
          <span key={i}>
            {i > 0 && " or "}
            {way}
          </span>
        ))}
        {ways.length === 0 && <>Older traces can be opened by their id, at the top of this page.</>}
      </p>
    </div>
  );
}
