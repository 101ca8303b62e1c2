import type { PinsAnswer, SamplingAnswer, SamplingTryAnswer } from "../../api/contract.ts";
import { type Answer, ask, send } from "../api.ts";
import { after, type Load } from "../load.ts";
import { pause } from "../repeat.ts";

/** What the page begins with. */
export interface SamplingState {
  readonly sampling: SamplingAnswer;
  readonly pinned: readonly string[];
}

/** Asks for the policies in force, the ledger and the pins. */
export async function loadSampling(
  _query: unknown,
  before: Load<SamplingState>,
  signal: AbortSignal,
): Promise<Load<SamplingState>> {
  const [sampling, pins] = await Promise.all([
    ask<SamplingAnswer>("/sampling", signal),
    ask<PinsAnswer>("/pins", signal),
  ]);
  if (sampling.kind !== "ok") return after(before, sampling);
  if (pins.kind !== "ok") return after(before, pins);
  const value = { sampling: sampling.value, pinned: pins.value.traceIds };
  return after(before, { kind: "ok", value });
}

/** Policies to try, and on what. */
export interface ToTry {
  /** Undefined while it is not known what to try. */
  readonly policies: string | undefined;
  readonly sinceSeconds: number;
}

const TRY_AGAIN_MS = 1500;
const ATTEMPTS = 40;

/** Tries policies. Clew tries one thing at a time, so this waits for its turn. */
export async function loadTried(
  { policies, sinceSeconds }: ToTry,
  before: Load<SamplingTryAnswer>,
  signal: AbortSignal,
): Promise<Load<SamplingTryAnswer>> {
  if (policies === undefined) return before;
  for (let attempt = 1; ; attempt++) {
    const body = { policies, since: sinceSeconds };
    const answer: Answer<SamplingTryAnswer> = await send("POST", "/sampling/try", body, signal);
    const isTaken = answer.kind === "failed" && answer.status === 503;
    if (!isTaken || attempt === ATTEMPTS) return after(before, answer);
    await pause(TRY_AGAIN_MS, signal);
  }
}
