/** What an answer took, in the fields that Tempo has for it; the rest is in `additionalMetrics`. */
import type { Receipt } from "../../query/receipt.ts";
import { type JsonObject, withoutDefaults } from "../../wire/tempo/without-defaults.ts";

const MAX_UINT32 = 2 ** 32 - 1;

/** A count that fits an unsigned 32-bit field. */
export function toUint32(count: number): number {
  return Math.max(0, Math.min(Math.floor(count), MAX_UINT32));
}

/** A count for a 64-bit field, as JSON has it. */
function toText(count: number): string {
  return String(BigInt(Math.round(count)));
}

/** The `metrics` of searches and metrics queries. */
export function searchMetrics(receipt: Receipt): JsonObject {
  return { ...knownMetrics(receipt), additionalMetrics: additional(receipt) };
}

/** Without what older clients do not know: they refuse unknown fields of an instant query's answer. */
export function knownMetrics({ slices, ...receipt }: Receipt): JsonObject {
  return withoutDefaults({
    inspectedTraces: toUint32(receipt.candidates),
    inspectedBytes: toText(receipt.bytesRead),
    inspectedSpans: toText(receipt.inspectedSpans),
    completedJobs: toUint32(slices.done),
    totalJobs: toUint32(slices.total),
  });
}

/** The `metrics` of tags and their values. */
export function metadataMetrics(receipt: Receipt): JsonObject {
  const known = withoutDefaults({
    inspectedBytes: toText(receipt.bytesRead),
    totalJobs: toUint32(receipt.slices.total),
    completedJobs: toUint32(receipt.slices.done),
  });
  return { ...known, additionalMetrics: additional(receipt) };
}

function additional(receipt: Receipt): JsonObject {
  return {
    rowsRead: toText(receipt.rowsRead),
    storeMs: toText(receipt.storeMs),
    clewMs: toText(receipt.clewMs),
    complete: receipt.complete ? "1" : "0",
    upToUnixMs: String(receipt.upToNano / 1_000_000n),
  };
}
