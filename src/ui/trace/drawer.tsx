import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { spanIdOf } from "../../analysis/span-table.ts";
import { spanKinds, spanStatuses } from "../../model/trace.ts";
import { askPeers } from "../api.ts";
import { formatDuration, formatShare, formatSome } from "../format.ts";
import { CloseIcon, NoticeIcon } from "../shell/icons.tsx";
import { Service } from "../shell/service.tsx";
import type { OnShow } from "./attribute-list.tsx";
import { exploreHref } from "./attribute-query.ts";
import { isCarried } from "./carried.ts";
import { amongPeers, type AmongPeers } from "./peers.ts";
import { SpanBody } from "./span-body.tsx";
import type { DetailsStore } from "./span-details.ts";
import {
  linkedFrom,
  markTexts,
  nameOf,
  selfNano,
  serviceOf,
  spanKey,
  type TraceView,
} from "./view.ts";
import { marksOf } from "./waterfall-row.tsx";

interface DrawerProps {
  readonly view: TraceView;
  readonly row: number;
  readonly store: DetailsStore;
  readonly onShow: OnShow;
  readonly onClose: () => void;
}

/** Everything known of one span. */
export function Drawer({ view, row, store, onShow, onClose }: DrawerProps) {
  const { table, colours } = view;
  const name = nameOf(table, row);
  return (
    <aside class="drawer" aria-label="Chosen span">
      <div class="drawer-head">
        <div>
          <Service name={serviceOf(table, row)} colour={colours[table.service[row]!]!} />
          <h2>{name === "" ? "(no name)" : name}</h2>
        </div>
        <button
          type="button"
          class="icon-button"
          aria-label="Close the details"
          title="Close (Esc)"
          onClick={onClose}
        >
          <CloseIcon />
        </button>
      </div>
      <div class="drawer-body" tabIndex={0} role="group" aria-label="Details">
        {marksOf(table.marks[row]!).map((mark) => (
          <p key={mark} class="odd">
            <NoticeIcon /> {markTexts[mark][1]}
          </p>
        ))}
        <Timing view={view} row={row} />
        {!isCarried && <Peers view={view} row={row} />}
        <Ways view={view} row={row} onShow={onShow} />
        <SpanBody store={store} row={row} onShow={onShow} />
      </div>
    </aside>
  );
}

interface FactsProps {
  readonly view: TraceView;
  readonly row: number;
}

function Timing({ view: { table }, row }: FactsProps) {
  const facts: readonly (readonly [string, string])[] = [
    ["Kind", spanKinds[table.kind[row]!] ?? "?"],
    ["Status", spanStatuses[table.status[row]!] ?? "?"],
    ["Starts at", formatDuration(table.startNano[row]!)],
    ["Duration", formatDuration(table.spanNano[row]!)],
    ["Self time", formatDuration(selfNano(table, row))],
    ["Of trace", formatShare(table.spanNano[row]!, table.durationNano)],
  ];
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** How long others of its operation took, within half an hour of it. */
function Peers({ view: { table }, row }: FactsProps) {
  const place = useSignal<AmongPeers | undefined>(undefined);
  useEffect(() => {
    const end = new AbortController();
    const ask = async (): Promise<void> => {
      const asked = {
        service: serviceOf(table, row),
        name: nameOf(table, row),
        atSeconds: Number(table.startUnixNano / 1_000_000_000n),
      };
      const answer = await askPeers(asked, end.signal);
      if (answer.kind === "ok") place.value = amongPeers(answer.value, table.spanNano[row]!);
    };
    void ask();
    return () => end.abort();
  }, [table, row]);
  if (place.value === undefined) return null;
  const { share, calls } = place.value;
  return (
    <p class="peers" title="Calls of this service and name within half an hour of the trace">
      <meter min={0} max={1} value={share} aria-hidden="true" />
      {calls === 1
        ? "The only call of its kind around then"
        : `Slower than ${formatShare(share, 1)} of ${formatSome(calls, "call")} like it`}
    </p>
  );
}

/** The spans around it, and what else can be shown of it. */
function Ways({ view: { table }, row, onShow }: FactsProps & { readonly onShow: OnShow }) {
  const parent = table.parent[row]!;
  const linking = linkedFrom(table, row);
  const elsewhere = `{ link:spanID = "${spanIdOf(table, row)}" }`;
  return (
    <div class="ways">
      {parent >= 0 && (
        <button
          type="button"
          class="link"
          onClick={() => onShow({ span: spanKey(table, parent) }, true)}
        >
          Parent: {nameOf(table, parent) || "(no name)"}
        </button>
      )}
      {linking.map((from) => (
        <button
          key={from}
          type="button"
          class="link"
          onClick={() => onShow({ span: spanKey(table, from) }, true)}
        >
          Linked from: {nameOf(table, from) || "(no name)"}
        </button>
      ))}
      {table.subtreeSize[row]! > 1 && (
        <button
          type="button"
          class="link"
          onClick={() => onShow({ root: spanKey(table, row) }, true)}
        >
          Only its subtree
        </button>
      )}
      {!isCarried && <a href={exploreHref(elsewhere)}>Traces that link here</a>}
    </div>
  );
}
