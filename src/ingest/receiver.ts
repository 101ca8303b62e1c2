/** The one way in for spans: bytes of a request → decoded, marked, queued, stored. */
import type { Metrics } from "../base/metrics.ts";
import { markBits, type SpanColumns } from "../model/span-columns.ts";
import type { Decoded } from "../wire/otlp/limits.ts";
import { tracesData } from "../wire/otlp/messages.ts";
import { jsonToProto } from "../wire/proto-json.ts";
import type { Batcher } from "./batcher.ts";
import { markTimes, type TimeLimits } from "./mark-times.ts";
import type { OtlpEncoding, Receive, Received } from "./receive.ts";

const TEXT = new TextDecoder();

interface ReceiverOptions {
  readonly batcher: Batcher;
  readonly timeLimits: TimeLimits;
  readonly metrics: Metrics;
  /** Seconds since 1970. */
  readonly nowSeconds: () => number;
}

/** The receiver that all doors share. */
export function createReceiver({
  batcher,
  timeLimits,
  metrics,
  nowSeconds,
}: ReceiverOptions): Receive {
  return async (body: Uint8Array, encoding: OtlpEncoding): Promise<Received> => {
    batcher.checkRoom();
    const bytes = encoding === "json" ? jsonToProto(TEXT.decode(body), tracesData) : body;
    const { result, stored } = batcher.append((decoder, columns) => {
      const from = columns.length;
      const decoded = decoder.decode(bytes);
      markTimes(columns, from, nowSeconds(), timeLimits);
      countMarks(metrics, columns, from);
      return decoded;
    });
    count(metrics, result);
    await stored;
    const rejectedSpans = [...result.rejected.values()].reduce((sum, spans) => sum + spans, 0);
    return { acceptedSpans: result.acceptedSpans, rejectedSpans, message: result.message };
  };
}

function countMarks(metrics: Metrics, columns: SpanColumns, from: number): void {
  for (const [mark, bit] of Object.entries(markBits)) {
    let count = 0;
    for (let row = from; row < columns.length; row++)
      if ((columns.marks[row]! & bit) !== 0) count++;
    if (count > 0) metrics.spansMarked.inc({ mark }, count);
  }
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
