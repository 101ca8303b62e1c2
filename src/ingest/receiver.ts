/** The one way in for spans: bytes of a request → decoded, marked, logged, queued. */
import { Fault } from "../base/fault.ts";
import type { Lease, MemoryBudget } from "../base/memory-budget.ts";
import type { Metrics } from "../base/metrics.ts";
import type { Decoded } from "../wire/otlp/limits.ts";
import { tracesData } from "../wire/otlp/messages.ts";
import { jsonToProto } from "../wire/proto-json.ts";
import type { Batcher } from "./batcher.ts";
import type { DoorSampler } from "./door-sampler.ts";
import type { LoggedRequest } from "./log/replay.ts";
import type { ExportRequest, Receive, Received } from "./receive.ts";
import { digestOf, type Repeats } from "./repeats.ts";

const TEXT = new TextDecoder();
const RETRY_AFTER_SECONDS = 2;

interface ReceiverOptions {
  readonly batcher: Batcher;
  /** What the batcher holds its memory against, too. */
  readonly budget: MemoryBudget;
  readonly repeats: Repeats;
  readonly metrics: Metrics;
  /** Leaves out what is not to be taken; absent if everything is. */
  readonly door?: DoorSampler | undefined;
  /** How long a request waits for the log before its sender is told to come back. */
  readonly waitMs: number;
  /** Seconds since 1970. */
  readonly nowSeconds: () => number;
}

/** The receiver that all doors share. */
export function createReceiver(options: ReceiverOptions): Receive {
  const { batcher, budget, repeats, metrics, door, waitMs, nowSeconds } = options;
  const take = (request: ExportRequest, digest: string): Promise<Received> => {
    batcher.checkRoom();
    const { tenant } = request;
    const { body: all, memory } = asProtobuf(request, budget);
    const body = door === undefined ? all : door(tenant, all);
    const arrivalSeconds = nowSeconds();
    const logged = { kind: "request", tenant, arrivalSeconds, digest, body } as const;
    const { decoded, safe } = appended(batcher, logged, memory);
    count(metrics, decoded);
    const outcome = safe.then(() => receivedOf(decoded));
    if (decoded.acceptedSpans > 0) repeats.add(digest, outcome);
    return outcome;
  };
  return async (request) => {
    const digest = digestOf(request);
    const before = repeats.find(digest);
    if (before !== undefined) metrics.repeats.inc();
    return within(waitMs, before ?? take(request, digest));
  };
}

/** What is refused holds no memory of its own any more. */
function appended(batcher: Batcher, request: LoggedRequest, memory: Lease) {
  try {
    return batcher.append(request, memory);
  } catch (error) {
    memory.free();
    throw error;
  }
}

/** The request in protobuf: as it is, or, from JSON, in memory of its own beside the text. */
function asProtobuf(
  { encoding, body, memory }: ExportRequest,
  budget: MemoryBudget,
): { readonly body: Uint8Array; readonly memory: Lease } {
  if (encoding === "protobuf") return { body, memory };
  const translated = jsonToProto(TEXT.decode(body), tracesData);
  const own = budget.lease("log");
  own.add(translated.length);
  return { body: translated, memory: own };
}

/** The outcome, or Fault "unavailable" if it takes too long; it may still come true then, and the
 * same request sent again finds it. */
async function within(waitMs: number, outcome: Promise<Received>): Promise<Received> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const message = `the ingest log was not written within ${waitMs} ms`;
    reject(new Fault("unavailable", message, { retryAfterSeconds: RETRY_AFTER_SECONDS }));
  }, waitMs);
  try {
    return await Promise.race([outcome, late]);
  } finally {
    clearTimeout(timer);
  }
}

function receivedOf({ acceptedSpans, rejected, message }: Decoded): Received {
  const rejectedSpans = [...rejected.values()].reduce((sum, spans) => sum + spans, 0);
  return { acceptedSpans, rejectedSpans, message };
}

function count(metrics: Metrics, { acceptedSpans, rejected, repairs }: Decoded): void {
  metrics.spansReceived.inc(acceptedSpans);
  for (const [reason, spans] of rejected) {
    metrics.spansReceived.inc(spans);
    metrics.spansRejected.inc({ reason }, spans);
  }
  for (const [repair, times] of Object.entries(repairs)) {
    if (times > 0) metrics.repairs.inc({ repair }, times);
  }
}
