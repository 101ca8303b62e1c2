/** Use case: how Clew itself is, now and over the last hour. */
import type { StoreClient } from "../../store/client.ts";
import { readStoreState, type StoreState } from "../../store/read-store-state.ts";
import { type Finding, findingsOf, summaryOf, type SystemFacts } from "./findings.ts";
import { type Refusal, SystemHistory, type SystemLines } from "./history.ts";
import { reasonText } from "./refusal-words.ts";
import type { SystemSample } from "./sample.ts";

/** What there is to say. */
export interface SystemState {
  readonly summary: string;
  readonly findings: readonly Finding[];
  readonly lines: SystemLines;
  readonly newest: SystemSample;
  readonly refusals: readonly (Refusal & { readonly words: string })[];
  readonly insertP95Seconds: number | null;
  readonly store: StoreState | undefined;
  /** Why there is no `store`. */
  readonly storeProblem: string | undefined;
}

/** Where it is learnt from. */
export interface SystemSources {
  readonly client: StoreClient;
  readonly database: string;
  /** Looks at the counters. */
  readonly sample: () => Promise<SystemSample>;
  /** What keeps Clew from its work, in sentences. */
  readonly trouble: () => Promise<readonly string[]>;
  readonly thinningProblem: () => string | undefined;
}

const STEP_SECONDS = 30;
const STEPS = 120; // an hour
/** Between two samples that are kept: two for each step, so that lines do not blur. */
export const SAMPLE_MS = 15_000;
const SAMPLES = (STEP_SECONDS * STEPS * 1000) / SAMPLE_MS + 2;

/** Watches Clew from now on. */
export class System {
  readonly #sources: SystemSources;
  readonly #history = new SystemHistory({ everyMs: SAMPLE_MS, samples: SAMPLES });

  constructor(sources: SystemSources) {
    this.#sources = sources;
  }

  /** Takes a sample; to be called every `SAMPLE_MS`. */
  async look(): Promise<void> {
    this.#history.add(await this.#sources.sample());
  }

  /** How Clew is. ClickHouse in trouble is told of, not thrown. */
  async state(): Promise<SystemState> {
    const { client, database, trouble, thinningProblem } = this.#sources;
    const sentences = await trouble();
    await this.look();
    const asked = await readState(client, database, sentences);
    const history = this.#history;
    const facts: SystemFacts = {
      trouble: sentences,
      newest: history.newest!,
      hourAgo: history.hourAgo!,
      refusals: history.refusals(),
      insertP95Seconds: history.insertP95Seconds(),
      store: asked.store,
      thinningProblem: thinningProblem(),
    };
    const { newest, insertP95Seconds } = facts;
    return {
      summary: summaryOf(facts),
      findings: findingsOf(facts),
      lines: history.lines(STEPS, STEP_SECONDS),
      newest,
      refusals: facts.refusals.map((refusal) => ({ ...refusal, words: reasonText(refusal).what })),
      insertP95Seconds,
      ...asked,
    };
  }
}

/** A store in trouble is not asked: it may take long. */
async function readState(
  client: StoreClient,
  database: string,
  trouble: readonly string[],
): Promise<Pick<SystemState, "store" | "storeProblem">> {
  const silent = trouble.find((sentence) => sentence.startsWith("ClickHouse"));
  if (silent !== undefined) return { store: undefined, storeProblem: silent };
  try {
    return { store: await readStoreState(client, database), storeProblem: undefined };
  } catch (error) {
    const storeProblem = error instanceof Error ? error.message : String(error);
    return { store: undefined, storeProblem };
  }
}
