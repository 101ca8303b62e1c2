/** Checks of a Clew's data: what was acknowledged is stored, and stored once. */
import { setTimeout as sleep } from "node:timers/promises";
import { Asker } from "./ask.ts";
import { storedRows } from "./disk.ts";
import type { KnownTrace, LoadResult } from "./protocol.ts";
import { traceById } from "./queries.ts";

const COMPLETE_LIMIT_MS = 60_000;
const STEP_MS = 250;
const TRACES_READ = 50;

/** What was found. */
export interface Verification {
  /** Spans that Clew says its ClickHouse has confirmed, of this run. */
  readonly inserted: number;
  /** Rows that are really in the table, of this run. */
  readonly stored: number;
  readonly tracesRead: number;
  /** Empty if all is well. */
  readonly problems: readonly string[];
}

/** Spans that are there already. */
export interface Counted {
  readonly inserted: number;
  readonly stored: number;
}

interface Clew {
  readonly apiUrl: string;
  readonly dataDir: string;
}

/** The spans in a Clew, by its own count and by its files. */
export async function countStored({ apiUrl, dataDir }: Clew): Promise<Counted> {
  const text = await (await fetch(`${apiUrl}/metrics`)).text();
  return {
    inserted: metricSum(text, "clew_spans_inserted_total"),
    stored: storedRows(dataDir) ?? Number.NaN,
  };
}

/** The sum of a metric's samples in Prometheus's text format. */
export function metricSum(text: string, name: string): number {
  return text.split("\n").reduce((sum, line) => {
    const [, found, value] = /^(\w+)(?:\{.*\})? (\S+)$/.exec(line) ?? [];
    return found === name ? sum + Number(value) : sum;
  }, 0);
}

/** Compares what is stored with what was acknowledged since `before`; waits for what is on its way. */
export async function verify(
  clew: Clew,
  before: Counted,
  result: LoadResult,
): Promise<Verification> {
  const { spansAcknowledged, spansGivenUp, known } = result;
  const untilMs = performance.now() + COMPLETE_LIMIT_MS;
  let [inserted, stored] = [0, 0];
  for (;;) {
    const now = await countStored(clew);
    [inserted, stored] = [now.inserted - before.inserted, now.stored - before.stored];
    const complete = inserted === spansAcknowledged && stored === spansAcknowledged;
    if (complete || performance.now() > untilMs) break;
    await sleep(STEP_MS);
  }
  // Nobody knows of spans that were given up: they may be there.
  const most = spansAcknowledged + spansGivenUp;
  const problems = Object.entries({ inserted, stored }).flatMap(([what, count]) => {
    if (count >= spansAcknowledged && count <= most) return [];
    return [`${spansAcknowledged} spans were acknowledged, but ${count} are ${what}`];
  });
  const chosen = evenly(known, TRACES_READ);
  return {
    inserted,
    stored,
    tracesRead: chosen.length,
    problems: [...problems, ...(await wrongTraces(clew.apiUrl, chosen))],
  };
}

function evenly<T>(list: readonly T[], count: number): T[] {
  const step = Math.max(1, list.length / count);
  return Array.from(
    { length: Math.min(count, list.length) },
    (_, i) => list[Math.floor(i * step)]!,
  );
}

async function wrongTraces(apiUrl: string, traces: readonly KnownTrace[]): Promise<string[]> {
  const asker = new Asker(apiUrl);
  const problems: string[] = [];
  for (const trace of traces) {
    const { problem } = await asker.ask(traceById(trace));
    if (problem !== undefined) problems.push(problem);
  }
  asker.close();
  return problems;
}
