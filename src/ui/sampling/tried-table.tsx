/** What policies would keep and drop, a line for each. */
import type { SamplingTryAnswer, TracesAmount } from "../../api/contract.ts";
import { formatBytes, formatCount, formatShare, formatSome } from "../format.ts";
import { ColumnHeads } from "../shell/column-heads.tsx";
import type { Load } from "../load.ts";
import { NoticeIcon } from "../shell/icons.tsx";

interface TriedTableProps {
  readonly name: string;
  readonly load: Load<SamplingTryAnswer>;
  /** What is shown answers another question. */
  readonly isStale: boolean;
  /** Shown until it is known what they do. */
  readonly policies: readonly {
    readonly name: string;
    readonly match?: string;
    readonly keep: string;
  }[];
}

/** The table, and what to know about it. */
export function TriedTable({ name, load, isStale, policies }: TriedTableProps) {
  if (load.kind === "failed") {
    return (
      <p class="error tried-problem" role="alert">
        {load.message}
      </p>
    );
  }
  const tried = load.kind === "ready" && !isStale ? load.value : undefined;
  const lines = tried?.policies ?? policies.map((policy) => ({ ...policy, kept: undefined }));
  if (lines.length === 0) return <p class="soft tried-problem">Trying …</p>;
  return (
    <div aria-busy={tried === undefined}>
      <table class="rows tried" aria-label={name}>
        <ColumnHeads
          columns={[
            ["Policy", "name"],
            ["Of traces that answer"],
            ["Keep", "keep"],
            ["Traces", "number"],
            ["Spans", "number"],
            ["On disk", "number"],
            ["Kept", "kept"],
          ]}
        />
        <tbody>
          {lines.map((line) => (
            <tr key={line.name}>
              <td class="name" title={line.name}>
                {line.name}
              </td>
              <td title={line.match}>
                {line.match === undefined ? (
                  <span class="soft">all others</span>
                ) : (
                  <code>{line.match}</code>
                )}
              </td>
              <td class="keep" title={line.keep}>
                {line.keep}
              </td>
              <Amounts {...("dropped" in line ? line : {})} />
            </tr>
          ))}
        </tbody>
        {tried !== undefined && (
          <tfoot>
            {tried.undecided.traces > 0 && (
              <tr>
                <td class="name">undecided</td>
                <td class="soft">a filter could not be worked out: kept</td>
                <td />
                <Amounts kept={tried.undecided} dropped={nothing} />
              </tr>
            )}
            <tr>
              <th scope="row" class="name">
                all
              </th>
              <td />
              <td />
              <Amounts kept={tried.kept} dropped={tried.dropped} />
            </tr>
          </tfoot>
        )}
      </table>
      {tried !== undefined && <Verdict tried={tried} />}
    </div>
  );
}

const nothing: TracesAmount = { traces: 0, spans: 0, bytes: 0 };

function Amounts({ kept, dropped }: { kept?: TracesAmount; dropped?: TracesAmount }) {
  if (kept === undefined || dropped === undefined) {
    return (
      <>
        <td class="number soft">…</td>
        <td class="number soft">…</td>
        <td class="number soft">…</td>
        <td class="kept" />
      </>
    );
  }
  const all = kept.spans + dropped.spans;
  return (
    <>
      <td class="number" title={`${formatCount(dropped.traces)} dropped`}>
        {formatCount(kept.traces)}{" "}
        <span class="soft">/ {formatCount(kept.traces + dropped.traces)}</span>
      </td>
      <td class="number" title={`${formatCount(dropped.spans)} dropped`}>
        {formatCount(kept.spans)} <span class="soft">/ {formatCount(all)}</span>
      </td>
      <td class="number" title={`${formatBytes(dropped.bytes)} dropped`}>
        {formatBytes(kept.bytes)}
      </td>
      <td class="kept">
        {all > 0 && (
          <>
            <i class="share-bar" style={{ "--share": `${(100 * kept.spans) / all}%` }} />
            {formatShare(kept.spans, all)}
          </>
        )}
      </td>
    </>
  );
}

function Verdict({ tried }: { tried: SamplingTryAnswer }) {
  const { invisibleServices: services, kept, dropped } = tried;
  if (kept.traces + dropped.traces === 0) {
    return <p class="soft tried-problem">There was no trace in this time.</p>;
  }
  if (services.length === 0) {
    return <p class="soft tried-problem">Something would be left of every service.</p>;
  }
  return (
    <p class="odd tried-problem">
      <NoticeIcon /> Nothing would be left of {formatSome(services.length, "service")}:{" "}
      {services.slice(0, MOST_NAMED).join(", ")}
      {services.length > MOST_NAMED && ` and ${services.length - MOST_NAMED} more`}
    </p>
  );
}

const MOST_NAMED = 20;
