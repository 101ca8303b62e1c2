import { Fault } from "../base/fault.ts";
import type { CandidateReading } from "../store/candidates.ts";
import type { Field } from "../traceql/ast.ts";
import { type QueryOptions, statementSettings } from "./query-options.ts";
import type { Asking, ReceiptBook } from "./receipt.ts";

/**
 * How the statements of one question are sent, asked before each of them: all together take no longer
 * than one may. Throws Fault "timeout" once there is no time left, the signal's reason when aborted.
 */
export function readingOf(
  { client, database, tenants, limits }: QueryOptions,
  { signal }: Asking,
  { onCost }: ReceiptBook,
): () => CandidateReading {
  const deadline = performance.now() + limits.seconds * 1000;
  return () => {
    signal?.throwIfAborted();
    const left = (deadline - performance.now()) / 1000;
    if (left <= 0) throw new Fault("timeout", "the query took longer than query.maxSeconds");
    const settings = statementSettings({ ...limits, seconds: left });
    return { client, database, tenants, settings, sending: { signal, onCost } };
  };
}

/** Tells which attributes a question is about. */
export function noteQueried({ noteQueried }: QueryOptions, fields: readonly Field[]): void {
  if (noteQueried === undefined) return;
  for (const field of fields) {
    if (field.kind !== "attribute") continue;
    const { scope, name } = field;
    if (scope === "span" || scope === "any") noteQueried("span", name);
    if (scope === "resource" || scope === "any") noteQueried("resource", name);
  }
}
