/** Asks questions over one connection, one after the other, and takes the time. */
import http from "node:http";
import https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import type { KnownTrace } from "./protocol.ts";
import { type Quantiles, quantilesOf } from "./quantiles.ts";
import { queryKinds, type Question, traceById } from "./queries.ts";
import { Random } from "./random.ts";
import { learnFacts, traceqlKinds } from "./traceql-queries.ts";
import { GrowthWatch, type MemoryGrowth } from "./watch.ts";

const ANSWER_LIMIT_MS = 60_000;
const FRESH_LIMIT_MS = 30_000;
const FRESH_STEP_MS = 100;

/** How one kind of question was answered. */
export interface QueryResult {
  readonly kind: string;
  readonly ms: Quantiles;
  /** Answers that were wrong or none; they are not in the times. */
  readonly wrong: number;
  readonly firstProblem?: string;
  /** Of the processes watched, the one that grew most meanwhile. */
  readonly memory?: MemoryGrowth;
}

/** Somebody to ask, by a connection that is kept. */
export class Asker {
  readonly #url: string;
  readonly #http: typeof http | typeof https;
  readonly #agent: http.Agent;

  constructor(url: string) {
    this.#url = url.replace(/\/+$/, "");
    this.#http = url.startsWith("https:") ? https : http;
    this.#agent = new this.#http.Agent({ keepAlive: true, maxSockets: 1 });
  }

  /** Asks; gives back how long the whole answer took, and what is wrong with it. */
  async ask(question: Question): Promise<{ ms: number; problem: string | undefined }> {
    const startMs = performance.now();
    try {
      const { status, body } = await this.#get(question);
      const ms = performance.now() - startMs;
      if (status === 200) return { ms, problem: question.problem(body) };
      const text = body.toString("utf8", 0, 200);
      return { ms, problem: `GET ${question.path}: HTTP ${status} ${text}`.trim() };
    } catch (error) {
      const problem = `GET ${question.path}: ${(error as Error).message}`;
      return { ms: performance.now() - startMs, problem };
    }
  }

  /** The body of a good answer; undefined for any other. */
  async read(question: Pick<Question, "path" | "accept">): Promise<Buffer | undefined> {
    const { status, body } = await this.#get(question);
    return status === 200 ? body : undefined;
  }

  #get({
    path,
    accept,
  }: Pick<Question, "path" | "accept">): Promise<{ status: number; body: Buffer }> {
    return new Promise((resolve, reject) => {
      const options = { agent: this.#agent, headers: { accept } };
      const asked = this.#http.get(this.#url + path, options, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () =>
          resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks) }),
        );
      });
      asked.setTimeout(ANSWER_LIMIT_MS, () =>
        asked.destroy(new Error(`no answer within ${ANSWER_LIMIT_MS} ms`)),
      );
      asked.on("error", reject);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

interface AskingOptions {
  readonly url: string;
  readonly known: readonly KnownTrace[];
  /** Of each kind, after a fifth as many that do not count. */
  readonly runs: number;
  readonly seed: number;
  /** Processes to watch meanwhile. */
  readonly watched: readonly number[] | undefined;
}

/** Asks so many questions of each kind about the traces that are known. */
export async function runQueries(options: AskingOptions): Promise<QueryResult[]> {
  const random = new Random(options.seed);
  const asker = new Asker(options.url);
  const kinds = Object.entries(queryKinds).map(([kind, { question }]) => {
    return [kind, () => question(random, options.known)] as const;
  });
  return askKinds(asker, kinds, options).finally(() => asker.close());
}

/** Asks in TraceQL, about what is found in some of the traces. */
export async function runTraceql(options: AskingOptions): Promise<QueryResult[]> {
  const random = new Random(options.seed);
  const asker = new Asker(options.url);
  const ask = async (): Promise<QueryResult[]> => {
    const facts = await learnFacts(asker, options.known, random);
    const kinds = Object.entries(traceqlKinds).map(([kind, { question }]) => {
      return [kind, () => question(random, facts)] as const;
    });
    return askKinds(asker, kinds, options);
  };
  return ask().finally(() => asker.close());
}

type Kinds = readonly (readonly [kind: string, question: () => Question])[];

async function askKinds(
  asker: Asker,
  kinds: Kinds,
  { runs, watched }: Pick<AskingOptions, "runs" | "watched">,
): Promise<QueryResult[]> {
  const results: QueryResult[] = [];
  for (const [kind, question] of kinds) {
    const growth = watched && new GrowthWatch(watched);
    for (let n = Math.ceil(runs / 5); n > 0; n--) await asker.ask(question());
    const times: number[] = [];
    const problems: string[] = [];
    for (let n = 0; n < runs; n++) {
      const { ms, problem } = await asker.ask(question());
      if (problem === undefined) times.push(ms);
      else problems.push(problem);
    }
    const [firstProblem] = problems;
    const memory = growth?.close();
    results.push({
      kind,
      ms: quantilesOf(times),
      wrong: problems.length,
      ...(firstProblem === undefined ? {} : { firstProblem }),
      ...(memory === undefined ? {} : { memory }),
    });
  }
  return results;
}

/** Finds out how soon traces can be read that have just been acknowledged, one at a time. */
export class FreshnessProbe {
  readonly #asker: Asker;
  readonly #delaysMs: number[] = [];
  #missing = 0;
  #looking: Promise<void> | undefined;

  constructor(url: string) {
    this.#asker = new Asker(url);
  }

  /** Looks for this trace from now on, unless it still looks for another. */
  lookFor(trace: KnownTrace): void {
    this.#looking ??= this.#find(trace).finally(() => (this.#looking = undefined));
  }

  async #find(trace: KnownTrace): Promise<void> {
    const startMs = performance.now();
    const question = traceById(trace);
    for (;;) {
      const { problem } = await this.#asker.ask(question);
      const elapsedMs = performance.now() - startMs;
      if (problem === undefined) return void this.#delaysMs.push(elapsedMs);
      if (elapsedMs > FRESH_LIMIT_MS) return void this.#missing++;
      await sleep(FRESH_STEP_MS);
    }
  }

  /** What was found, once the last search is over. */
  async close(): Promise<Omit<QueryResult, "kind">> {
    await this.#looking;
    this.#asker.close();
    return { ms: quantilesOf(this.#delaysMs), wrong: this.#missing };
  }
}
