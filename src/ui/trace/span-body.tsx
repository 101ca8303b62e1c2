import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Answer } from "../api.ts";
import { formatDuration, formatSome } from "../format.ts";
import { CopyButton } from "../shell/copy-button.tsx";
import { ErrorIcon } from "../shell/icons.tsx";
import { Attributes, PlainAttributes, type OnShow } from "./attribute-list.tsx";
import { filterAttributes } from "./attributes.ts";
import type { DetailsStore, SpanDetails } from "./span-details.ts";
import { isCarried } from "./carried.ts";
import { traceHref } from "./trace-query.ts";

interface SpanBodyProps {
  readonly store: DetailsStore;
  readonly row: number;
  readonly onShow: OnShow;
}

/** What of a span had to be asked for. */
export function SpanBody({ store, row, onShow }: SpanBodyProps) {
  const known = store.known(row);
  const answer = useSignal<Answer<SpanDetails> | undefined>(known && { kind: "ok", value: known });
  useEffect(() => {
    if (answer.value?.kind === "ok") return;
    const end = new AbortController();
    const show = async (): Promise<void> => {
      const got = await store.ask(row, end.signal);
      if (!end.signal.aborted) answer.value = got;
    };
    void show();
    return () => end.abort();
  }, [store, row]);
  if (answer.value === undefined || answer.value.kind === "aborted") {
    return (
      <div class="skeleton" role="status" aria-label="Loading the span">
        {[80, 60, 70, 50, 65].map((width) => (
          <i key={width} style={{ width: `${width}%` }} />
        ))}
      </div>
    );
  }
  if (answer.value.kind === "failed") {
    return (
      <p class="error" role="alert">
        <ErrorIcon /> {answer.value.message}
      </p>
    );
  }
  const details = answer.value.value;
  return (
    <>
      <Status details={details} />
      <AttributeGroups details={details} onShow={onShow} />
      <Events details={details} />
      <Links details={details} />
      <Ids details={details} />
    </>
  );
}

/** Puts the keyboard into the drawer's filter. */
export function focusAttributeFilter(): void {
  document.querySelector<HTMLInputElement>("#attribute-filter")?.focus();
}

function Status({ details: { span } }: { details: SpanDetails }) {
  if (span.status !== "error") return null;
  return (
    <p class="status error">
      <ErrorIcon />
      <span>{span.statusMessage === "" ? "Error, without a message" : span.statusMessage}</span>
    </p>
  );
}

function AttributeGroups({ details, onShow }: { details: SpanDetails; onShow: OnShow }) {
  const { span, resource, scope } = details;
  const filter = useSignal("");
  const groups = [
    { title: "Attributes", owner: "span" as const, ...span },
    { title: "Resource", owner: "resource" as const, ...resource },
    {
      title: `Scope ${[scope.name, scope.version].filter(Boolean).join(" ")}`,
      owner: "scope" as const,
      ...scope,
    },
  ].filter((group) => group.attributes.length > 0 || group.droppedAttributesCount > 0);
  const shown = groups.map((group) => ({
    ...group,
    attributes: filterAttributes(group.attributes, filter.value),
  }));
  const none = filter.value !== "" && shown.every(({ attributes }) => attributes.length === 0);
  return (
    <>
      <input
        id="attribute-filter"
        class="field"
        type="search"
        placeholder="Filter attributes"
        aria-label="Filter attributes by key or value"
        value={filter.value}
        onInput={(event) => (filter.value = event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          if (filter.value === "") event.currentTarget.blur();
          filter.value = "";
        }}
      />
      {none && <p class="soft">No attribute has “{filter.value}” in its key or value.</p>}
      {groups.length === 0 && <p class="soft">This span has no attributes.</p>}
      {shown
        .filter(({ attributes }) => filter.value === "" || attributes.length > 0)
        .map(({ title, owner, attributes, droppedAttributesCount }) => (
          <Attributes
            key={title}
            title={title}
            owner={owner}
            onShow={onShow}
            attributes={attributes}
            droppedCount={droppedAttributesCount}
          />
        ))}
    </>
  );
}

function Events({ details: { span } }: { details: SpanDetails }) {
  if (span.events.length === 0 && span.droppedEventsCount === 0) return null;
  const events = [...span.events].sort((a, b) => a.timeNano - b.timeNano);
  return (
    <section>
      <h3>
        Events <span class="soft">{events.length}</span>
        <Dropped count={span.droppedEventsCount} what="event" />
      </h3>
      <ol class="events">
        {events.map((event, i) => (
          <li key={i}>
            <div class="event-head">
              <span class={event.name === "exception" ? "error" : ""}>
                {event.name === "exception" && <ErrorIcon />} {event.name}
              </span>
              <span class="soft" title="Since the span's start">
                {formatDuration(event.timeNano - span.startNano)}
              </span>
            </div>
            <PlainAttributes
              attributes={event.attributes}
              droppedCount={event.droppedAttributesCount}
            />
          </li>
        ))}
      </ol>
    </section>
  );
}

function Links({ details: { span } }: { details: SpanDetails }) {
  if (span.links.length === 0 && span.droppedLinksCount === 0) return null;
  return (
    <section>
      <h3>
        Links <span class="soft">{span.links.length}</span>
        <Dropped count={span.droppedLinksCount} what="link" />
      </h3>
      <ol class="links">
        {span.links.map((link, i) => (
          <li key={i}>
            <LinkTarget {...link} />
            {link.traceState !== "" && <Id name="Trace state" value={link.traceState} />}
            <PlainAttributes
              attributes={link.attributes}
              droppedCount={link.droppedAttributesCount}
            />
          </li>
        ))}
      </ol>
    </section>
  );
}

/** Where a link leads; a page that carries one trace has no other. */
function LinkTarget({ traceId, spanId }: { traceId: string; spanId: string }) {
  const ids = (
    <>
      <code>{traceId}</code> <code>{spanId}</code>
    </>
  );
  return isCarried ? <span>{ids}</span> : <a href={traceHref({ traceId, span: spanId })}>{ids}</a>;
}

function Ids({ details: { span, resource, scope } }: { details: SpanDetails }) {
  const ids: readonly (readonly [string, string])[] = [
    ["Span id", span.spanId],
    ["Parent span id", span.parentSpanId ?? ""],
    ["Trace state", span.traceState],
    ["Flags", span.flags === 0 ? "" : `0x${span.flags.toString(16).padStart(2, "0")}`],
    ["Scope", [scope.name, scope.version].filter(Boolean).join(" ")],
    ["Scope schema", scope.schemaUrl],
    ["Resource schema", resource.schemaUrl],
  ];
  return (
    <section>
      <h3>Identity</h3>
      {ids
        .filter(([, value]) => value !== "")
        .map(([name, value]) => (
          <Id key={name} name={name} value={value} />
        ))}
    </section>
  );
}

function Id({ name, value }: { name: string; value: string }) {
  return (
    <div class="attribute">
      <span class="key">{name}</span>
      <span class="value mono">{value}</span>
      <CopyButton text={value} what={name} />
    </div>
  );
}

function Dropped({ count, what }: { count: number; what: string }) {
  if (count === 0) return null;
  return <span class="odd"> {formatSome(count, what)} dropped by the sender</span>;
}
