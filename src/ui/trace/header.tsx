import type { Corrected } from "../../analysis/clock-skew.ts";
import {
  formatCount,
  formatDuration,
  formatInstant,
  formatOffset,
  formatSome,
  unixMs,
} from "../format.ts";
import { localOffset } from "../local-time.ts";
import { CopyButton } from "../shell/copy-button.tsx";
import { ErrorIcon, FileIcon, NoticeIcon, ReloadIcon } from "../shell/icons.tsx";
import { Service } from "../shell/service.tsx";
import { DownloadMenu } from "./download-menu.tsx";
import type { EngineClient } from "./engine/engine-calls.ts";
import type { TraceInFile } from "./engine/file-traces.ts";
import { openedFile } from "./opened-file.ts";
import { PinButton } from "./pin-button.tsx";
import { colourStyle } from "./colouring.ts";
import type { Shown } from "./shown.ts";
import { traceHref, type TraceQuery } from "./trace-query.ts";
import { mainRow, nameOf, serviceOf, type TraceView } from "./view.ts";

const SHOWN_SERVICES = 10;

interface HeaderProps {
  readonly view: TraceView;
  readonly shown: Shown;
  readonly corrected: Corrected;
  /** All traces of its file, if it is from one. */
  readonly inFile: readonly TraceInFile[];
  /** Whether it is looked at again for spans that may still be on their way. */
  readonly arriving: boolean;
  readonly query: TraceQuery;
  readonly engine: EngineClient;
  /** The address names a span that the trace does not have. */
  readonly missingSpan: boolean;
  readonly onReload: () => void;
  readonly onShow: (change: Partial<TraceQuery>, step?: boolean) => void;
}

/** What the trace is, in three lines. */
export function Header(props: HeaderProps) {
  const { view, shown, query, engine, arriving, missingSpan, onReload } = props;
  const { table, colours } = view;
  const root = mainRow(table);
  return (
    <header class="trace-head">
      <div class="title">
        <h1>
          {root < 0 ? (
            "A trace without spans"
          ) : (
            <>
              <Service name={serviceOf(table, root)} colour={colours[table.service[root]!]!} />{" "}
              <span class="root-name" title={nameOf(table, root)}>
                {nameOf(table, root)}
              </span>
            </>
          )}
        </h1>
        {query.inFile ? (
          <FromFile {...props} />
        ) : (
          <>
            {arriving && (
              <span
                class="soft arriving"
                role="status"
                title="The trace is new: spans that still arrive show by themselves"
              >
                <i class="pulse" /> <span class="wide">still arriving</span>
              </span>
            )}
            <button
              type="button"
              class="button"
              onClick={onReload}
              title="Load spans that came since"
            >
              <ReloadIcon />
              <span>Reload</span>
            </button>
          </>
        )}
        {!query.inFile && <PinButton traceId={table.traceId} />}
        <DownloadMenu table={table} engine={engine} stored={!query.inFile} />
      </div>
      <Facts view={view} query={query} />
      <Legend shown={shown} />
      {table.isPartial && (
        <p class="banner">
          <NoticeIcon />
          The trace has more than these {formatSome(table.length, "span")}; Clew shows no more of
          one trace (query.maxPageSpans).
        </p>
      )}
      {view.orphanCount > 0 && (
        <p class="banner">
          <NoticeIcon />
          {formatSome(view.orphanCount, "span")} marked “parent missing”{" "}
          {view.orphanCount === 1 ? "names a parent" : "name parents"} that did not arrive: lost,
          not sampled, or still on the way. Reload to look again.
        </p>
      )}
      <Clocks {...props} />
      <Root {...props} />
      {missingSpan && (
        <p class="banner">
          <NoticeIcon />
          Span {query.span} is not in this trace, or has not arrived yet.
        </p>
      )}
    </header>
  );
}

/** Which file the trace is from, and which of its traces. */
function FromFile({ view: { table }, inFile, onShow }: HeaderProps) {
  const name = openedFile.value?.name;
  if (name === undefined) return null;
  return (
    <span class="from-file">
      <FileIcon />
      <span class="soft" title={name}>
        {name}
      </span>
      {inFile.length > 1 && (
        <select
          class="field"
          aria-label="Trace of the file"
          value={table.traceId}
          onChange={({ currentTarget: { value } }) =>
            onShow({ traceId: value, span: "", root: "", zoom: undefined }, true)
          }
        >
          {inFile.map(({ traceId, name: root, spanCount }, i) => (
            <option key={traceId} value={traceId}>
              {`${i + 1} of ${inFile.length}: ${root || "(no name)"}, ${formatSome(spanCount, "span")}`}
            </option>
          ))}
        </select>
      )}
    </span>
  );
}

function Facts({ view, query }: { view: TraceView; query: TraceQuery }) {
  const { table } = view;
  const start = table.startUnixNano.toString();
  const offset = localOffset(unixMs(start));
  return (
    <dl class="facts">
      <div>
        <dt>Start</dt>
        <dd>
          {formatInstant(start, query.utc ? 0 : offset)}{" "}
          <span class="zones">
            <a
              href={traceHref({ ...query, utc: false })}
              aria-current={query.utc ? undefined : "true"}
              title={formatOffset(offset)}
            >
              local
            </a>
            <a
              href={traceHref({ ...query, utc: true })}
              aria-current={query.utc ? "true" : undefined}
            >
              UTC
            </a>
          </span>
        </dd>
      </div>
      <Fact name="Duration" value={formatDuration(table.durationNano)} />
      <Fact name="Spans" value={formatCount(table.length)} />
      <Fact name="Services" value={formatCount(view.services.length)} />
      <Fact name="Depth" value={formatCount(view.levels)} />
      <div>
        <dt>Errors</dt>
        <dd class={view.errorCount > 0 ? "error" : ""}>
          {view.errorCount > 0 && <ErrorIcon />} {formatCount(view.errorCount)}
        </dd>
      </div>
      <div class="trace-id">
        <dt>Trace</dt>
        <dd>
          <code title={table.traceId}>{table.traceId}</code>
          <CopyButton text={table.traceId} what="the trace id" />
        </dd>
      </div>
    </dl>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** Clocks that differ, and what is done about it. */
function Clocks({ view: { table }, corrected: { skews }, query, onShow }: HeaderProps) {
  if (skews.length === 0) return null;
  const named = skews
    .slice(0, 3)
    .map(
      ({ service, byNano }) =>
        `${table.texts[service]} by up to ${formatDuration(Math.abs(byNano))}`,
    )
    .join(", ");
  const more = skews.length > 3 ? ` and ${formatSome(skews.length - 3, "more", "more")}` : "";
  return (
    <p class="banner">
      <NoticeIcon />
      <span>
        {query.clocks
          ? `Clocks are corrected: ${named}${more}.`
          : `Spans begin before what called them: do clocks differ? ${named}${more}.`}{" "}
        <button type="button" class="link" onClick={() => onShow({ clocks: !query.clocks })}>
          {query.clocks ? "Show times as sent" : "Show corrected times"}
        </button>
      </span>
    </p>
  );
}

/** That only a subtree shows. */
function Root({ view: { table }, shown: { scope }, query, onShow }: HeaderProps) {
  if (query.root === "") return null;
  return (
    <p class="banner">
      <NoticeIcon />
      <span>
        {scope.root < 0
          ? `Span ${query.root}, whose subtree is asked for, is not in this trace.`
          : `Only ${nameOf(table, scope.root)} and what is below it shows.`}{" "}
        <button type="button" class="link" onClick={() => onShow({ root: "" }, true)}>
          Show everything
        </button>
      </span>
    </p>
  );
}

function Legend({ shown: { colouring, colourProblem } }: { shown: Shown }) {
  const more = colouring.legend.slice(SHOWN_SERVICES);
  // It scrolls in a narrow window, so that the keyboard must reach it.
  return (
    <ul class="chips legend" aria-label="Colours, by number of spans" tabIndex={0}>
      {colourProblem !== "" && <li class="error">{colourProblem}</li>}
      {colouring.legend.slice(0, SHOWN_SERVICES).map((entry) => (
        <li key={entry.name} style={colourStyle(entry.colour)}>
          <span class="service" title={entry.name}>
            <i class="swatch" />
            <span class="service-name">{entry.name === "" ? "(empty)" : entry.name}</span>
          </span>
          <span class="soft">{formatCount(entry.spanCount)}</span>
          {entry.errorCount > 0 && (
            <span class="error" title={formatSome(entry.errorCount, "error")}>
              <ErrorIcon />
              {formatCount(entry.errorCount)}
            </span>
          )}
        </li>
      ))}
      {more.length > 0 && (
        <li
          class="soft"
          title={more
            .map(({ name }) => name)
            .slice(0, 60)
            .join(", ")}
        >
          and {formatSome(more.length, "more", "more")}
        </li>
      )}
    </ul>
  );
}
