/** How Clew itself is, in Clew's own API: see `answers/system.ts`. */
import { clewVersion } from "../base/version.ts";
import type { SystemState } from "../query/system/system.ts";
import { apiBase, type SystemAnswer } from "./contract.ts";
import type { HttpRequest, Route } from "./http.ts";
import type { Question, QuestionLog } from "./question-log.ts";

interface SystemDoor {
  readonly state: () => Promise<SystemState>;
  readonly questions: QuestionLog;
  /** Whose questions are told of; throws if the request names no tenant. */
  readonly tenantIn: (request: HttpRequest) => string;
  readonly startedAtMs: number;
  readonly nowMs: () => number;
}

const ownPaths: ReadonlySet<string> = new Set([`${apiBase}/system`, `${apiBase}/status`]);

/** The route. */
export function systemRoutes({
  state,
  questions,
  tenantIn,
  startedAtMs,
  nowMs,
}: SystemDoor): Route[] {
  return [
    {
      method: "GET",
      pattern: `${apiBase}/system`,
      handler: async (request) => {
        const asked = questions.of(tenantIn(request));
        const now = await state();
        const { newest } = now;
        const answer: SystemAnswer = {
          version: clewVersion,
          startedAtSeconds: startedAtMs / 1000,
          nowSeconds: nowMs() / 1000,
          summary: now.summary,
          findings: now.findings,
          history: now.lines,
          ingest: {
            spansReceived: newest.receivedSpans,
            spansStored: newest.insertedSpans,
            bytesReceived: newest.receivedBytes,
            queuedSpans: Math.max(0, newest.queuedSpans),
            logBytes: newest.logBytes,
            logLimitBytes: newest.logLimitBytes,
            memoryBytes: newest.memoryBytes,
            memoryLimitBytes: newest.memoryLimitBytes,
            insertP95Seconds: now.insertP95Seconds,
          },
          refusals: now.refusals,
          store: now.store ?? null,
          ...(now.storeProblem !== undefined && { storeProblem: now.storeProblem }),
          questions: {
            // What the page asks all the time is not worth telling.
            running: asked.running.filter(({ path }) => !ownPaths.has(path)).map(withoutTenant),
            slow: asked.slow.map(withoutTenant),
          },
        };
        const headers = { "content-type": "application/json", "cache-control": "no-store" };
        return { status: 200, headers, body: JSON.stringify(answer) };
      },
    },
  ];
}

function withoutTenant({ path, query, startedAtMs, seconds, status }: Question) {
  return { path, query, startedAtMs, seconds, status };
}
