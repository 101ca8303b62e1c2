/** What was thinned when, and the traces that never are. */
import { useSignal } from "@preact/signals";
import type { PinAnswer, SamplingAnswer } from "../../api/contract.ts";
import { send } from "../api.ts";
import { formatAgo, formatBytes, formatCount, formatShare, formatSome } from "../format.ts";
import { ColumnHeads } from "../shell/column-heads.tsx";
import { traceHref } from "../trace/trace-query.ts";

/** A line for each time that a day was thinned. */
export function Ledger({ sampling }: { sampling: SamplingAnswer }) {
  const { ledger, fullHours, inForce, thinningProblem } = sampling;
  return (
    <section>
      <h2>Thinned</h2>
      {thinningProblem !== undefined && (
        <p class="error" role="alert">
          Days could not be thinned lately: {thinningProblem}
        </p>
      )}
      {ledger.length === 0 ? (
        <p class="soft">
          No day was thinned yet.{" "}
          {inForce === null
            ? "Everything is kept."
            : `A day is thinned ${formatSome(fullHours, "hour")} after its end, in UTC.`}
        </p>
      ) : (
        <table class="rows ledger" aria-label="Days that were thinned">
          <ColumnHeads
            columns={[
              ["Day", "day"],
              ["Thinned", "when"],
              ["Spans kept", "number"],
              ["Dropped", "number"],
              ["Kept", "kept"],
              ["Freed", "number"],
              ["Traces kept / dropped by policy"],
            ]}
          />
          <tbody>
            {ledger.map((entry) => (
              <LedgerLine key={`${entry.day}${entry.thinnedAtSeconds}`} entry={entry} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function LedgerLine({ entry }: { entry: SamplingAnswer["ledger"][number] }) {
  const { day, thinnedAtSeconds, spansBefore, spansAfter, bytesBefore, bytesAfter } = entry;
  const policies = entry.policies
    .map(({ name, keptTraces, droppedTraces }) => {
      return `${name} ${formatCount(keptTraces)} / ${formatCount(droppedTraces)}`;
    })
    .join(" · ");
  const at = new Date(thinnedAtSeconds * 1000).toISOString().slice(0, 19).replace("T", " ");
  return (
    <tr>
      <td class="day">{day}</td>
      <td class="when" title={`${at} UTC`}>
        {formatAgo(thinnedAtSeconds * 1000, Date.now())}
      </td>
      <td class="number">{formatCount(spansAfter)}</td>
      <td class="number">{formatCount(Math.max(0, spansBefore - spansAfter))}</td>
      <td class="kept">
        <i class="share-bar" style={{ "--share": `${share(spansAfter, spansBefore)}%` }} />
        {formatShare(spansAfter, spansBefore)}
      </td>
      <td class="number">{formatBytes(Math.max(0, bytesBefore - bytesAfter))}</td>
      <td title={policies}>{policies}</td>
    </tr>
  );
}

function share(part: number, whole: number): number {
  return whole > 0 ? Math.min(100, (100 * part) / whole) : 0;
}

const SHOWN_PINS = 100;

/** The pinned traces, each with a way to let it go. */
export function Pins({ pinned, onChange }: { pinned: readonly string[]; onChange: () => void }) {
  const problem = useSignal("");
  const unpin = async (traceId: string): Promise<void> => {
    const { signal } = new AbortController();
    const answer = await send<PinAnswer>("DELETE", `/pins/${traceId}`, undefined, signal);
    problem.value = answer.kind === "failed" ? answer.message : "";
    onChange();
  };
  return (
    <section>
      <h2>
        Pinned traces <span class="soft">{pinned.length > 0 && formatCount(pinned.length)}</span>
      </h2>
      <p class="soft">
        {pinned.length === 0
          ? "None. “Pin” on the page of a trace keeps it whatever the policies say."
          : "They are kept whatever the policies say, for as long as spans are kept at all."}
      </p>
      <p class="error" role="alert">
        {problem.value}
      </p>
      <ul class="pins" aria-label="Pinned traces">
        {pinned.slice(0, SHOWN_PINS).map((traceId) => (
          <li key={traceId}>
            <a class="mono" href={traceHref({ traceId })}>
              {traceId}
            </a>
            <button
              type="button"
              class="button"
              aria-label={`Unpin ${traceId}`}
              onClick={() => void unpin(traceId)}
            >
              Unpin
            </button>
          </li>
        ))}
      </ul>
      {pinned.length > SHOWN_PINS && (
        <p class="soft">and {formatSome(pinned.length - SHOWN_PINS, "more", "more")}</p>
      )}
    </section>
  );
}
