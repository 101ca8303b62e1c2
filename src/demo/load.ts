/** The load generator: sends the planned requests at their times and counts the answers. */
import { setTimeout as wait } from "node:timers/promises";
import { failureStatus, planRequest } from "./plan.ts";
import type { Failure, PlannedRequest, PlanOptions } from "./plan.ts";
import { toBaggage } from "./scenario.ts";

/** Requests under way at a time. With all of them waiting, the next one is late instead of one more. */
const MAX_UNDER_WAY = 64;
/** Longer than the shop's own patience (see `web.ts`), which makes two calls after a failed one. */
const ANSWER_TIMEOUT_MS = 30_000;

/** What became of the requests. */
export interface ShopReport {
  /** Requests answered. */
  readonly requests: number;
  /** Those that failed as planned, by kind; and "unexpected", the ones whose answer was another than
   * planned, or that got none. */
  readonly failures: Readonly<Record<Failure | "unexpected", number>>;
  /** Requests that were slow as planned. */
  readonly slow: number;
}

/** What to send, where and how fast. */
export interface LoadOptions extends PlanOptions {
  /** Loopback port of the api-gateway. */
  readonly port: number;
  readonly requestsPerSecond: number;
  /** How many requests to send; undefined for no end. */
  readonly requests: number | undefined;
  /** Told of each request whose answer was not the planned one. */
  readonly onUnexpected: (request: PlannedRequest, what: string) => void;
}

/** Sends requests until as many as asked for have been answered, or until `signal` is aborted and those
 * under way have been answered. Never throws: an answer that does not come is counted as unexpected. */
export async function generateLoad(options: LoadOptions, signal: AbortSignal): Promise<ShopReport> {
  const counts = Object.keys(failureStatus).map((kind) => [kind, 0]);
  const failures = Object.fromEntries([...counts, ["unexpected", 0]]) as Record<
    Failure | "unexpected",
    number
  >;
  let [answered, slow] = [0, 0];

  async function sendOne(request: PlannedRequest): Promise<void> {
    const problem = await send(options.port, request);
    answered++;
    if (problem !== undefined) {
      failures.unexpected++;
      options.onUnexpected(request, problem);
      return;
    }
    if (request.failure !== undefined) failures[request.failure]++;
    if (request.scenario.delay !== undefined) slow++;
  }

  const underWay = new Set<Promise<void>>();
  const startMs = performance.now();
  for (let i = 0; options.requests === undefined || i < options.requests; i++) {
    const dueMs = startMs + (i * 1000) / options.requestsPerSecond;
    await waitUntil(dueMs, signal);
    while (underWay.size >= MAX_UNDER_WAY) await Promise.race(underWay);
    if (signal.aborted) break;
    const sent: Promise<void> = sendOne(planRequest(options, i)).finally(() =>
      underWay.delete(sent),
    );
    underWay.add(sent);
  }
  await Promise.all(underWay);
  return { requests: answered, failures, slow };
}

async function waitUntil(dueMs: number, signal: AbortSignal): Promise<void> {
  const leftMs = dueMs - performance.now();
  if (leftMs <= 0 || signal.aborted) return;
  await wait(leftMs, undefined, { signal }).catch(() => {}); // aborted: seen by the caller
}

/** Sends the request; undefined if the answer is the planned one, else what was wrong with it. */
async function send(port: number, request: PlannedRequest): Promise<string | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${request.path}`, {
      method: request.method,
      headers: {
        authorization: `Bearer ${request.token}`,
        baggage: toBaggage(request.scenario),
      },
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    const text = await response.text();
    if (response.status === request.expectedStatus) return undefined;
    return `status ${response.status} instead of ${request.expectedStatus}: ${text.slice(0, 200)}`;
  } catch (error) {
    return `no answer: ${error instanceof Error ? error.message : String(error)}`;
  }
}
