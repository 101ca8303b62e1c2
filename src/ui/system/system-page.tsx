import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { SystemAnswer } from "../../api/contract.ts";
import { ask } from "../api.ts";
import { formatAgo, formatBytes, formatCount, formatOffset, formatShare } from "../format.ts";
import { after, type Load } from "../load.ts";
import { localOffset } from "../local-time.ts";
import { DoneIcon, ErrorIcon, NoticeIcon } from "../shell/icons.tsx";
import { NotRead, Waiting } from "../shell/nothing.tsx";
import { useLoad } from "../use-load.ts";
import { SystemCharts } from "./system-charts.tsx";
import { type SystemQuery, systemHref } from "./system-route.ts";
import { Questions, Refusals, Store } from "./system-tables.tsx";

const REFRESH_MS = 5000;

async function load(
  _query: SystemQuery,
  before: Load<SystemAnswer>,
  signal: AbortSignal,
): Promise<Load<SystemAnswer>> {
  return after(before, await ask<SystemAnswer>("/system", signal));
}

/** How Clew itself is: first in words, then the last hour, then what there is. */
export default function SystemPage({ query }: { query: SystemQuery }) {
  const tries = useSignal(0);
  const { state } = useLoad(load, { query, inputs: [], everyMs: REFRESH_MS, tries });
  useEffect(() => {
    document.title = "System – Clew";
  }, []);
  const now = state.value;
  if (now.kind !== "ready") {
    return (
      <main>
        {now.kind === "loading" ? (
          <Waiting what="state of Clew" />
        ) : (
          <NotRead what="The state of Clew" message={now.message} onRetry={() => tries.value++} />
        )}
      </main>
    );
  }
  const system = now.value;
  const offset = localOffset(Date.now());
  const offsetMinutes = query.utc ? 0 : offset;
  return (
    <main class="explore system">
      <h1 class="hidden">System</h1>
      {now.problem !== "" && (
        <p class="banner" role="status">
          <NoticeIcon /> This is old: {now.problem}
        </p>
      )}
      <Findings system={system} />
      <SystemCharts system={system} offsetMinutes={offsetMinutes} />
      <div class="system-columns">
        <div>
          <Ingest system={system} />
          <Refusals refusals={system.refusals} />
        </div>
        <Store store={system.store} problem={system.storeProblem ?? "ClickHouse says nothing."} />
      </div>
      <Questions questions={system.questions} offsetMinutes={offsetMinutes} />
      <div class="system-foot">
        <span class="soft">Times in</span>
        <span class="zones">
          <a
            href={systemHref({ utc: false })}
            aria-current={query.utc ? undefined : "true"}
            title={formatOffset(offset)}
          >
            local time
          </a>
          <a href={systemHref({ utc: true })} aria-current={query.utc ? "true" : undefined}>
            UTC
          </a>
        </span>
        <a href="/metrics">All numbers, for Prometheus</a>
      </div>
    </main>
  );
}

/** What is wrong, in words; or that nothing is. */
function Findings({ system: { findings, summary } }: { system: SystemAnswer }) {
  const isWrong = findings.some(({ severity }) => severity === "wrong");
  const title =
    findings.length === 0
      ? "Nothing is wrong"
      : isWrong
        ? "Something is wrong"
        : "It works, but for this";
  return (
    <section class="findings" role="status" aria-label="State of Clew">
      <h2>
        {findings.length === 0 ? <DoneIcon /> : isWrong ? <ErrorIcon /> : <NoticeIcon />} {title}
      </h2>
      <p class="soft">{summary}</p>
      {findings.length > 0 && (
        <ul>
          {findings.map(({ severity, sentence, advice }) => (
            <li key={sentence}>
              <p class={severity === "wrong" ? "error" : "odd"}>
                {severity === "wrong" ? <ErrorIcon /> : <NoticeIcon />} {sentence}
              </p>
              <p class="soft">{advice}</p>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Ingest({ system }: { system: SystemAnswer }) {
  const { ingest, version, startedAtSeconds, nowSeconds } = system;
  const memoryShare = formatShare(ingest.memoryBytes, ingest.memoryLimitBytes);
  const facts: readonly (readonly [name: string, value: string])[] = [
    ["Started", formatAgo(startedAtSeconds * 1000, nowSeconds * 1000)],
    ["Spans taken", formatCount(ingest.spansReceived)],
    ["Stored", formatCount(ingest.spansStored)],
    ["Bytes taken", formatBytes(ingest.bytesReceived)],
    ["Memory at work", `${formatBytes(ingest.memoryBytes)}, ${memoryShare} of its limit`],
  ];
  return (
    <section>
      <h2>
        Clew <span class="soft">{version}</span>
      </h2>
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
