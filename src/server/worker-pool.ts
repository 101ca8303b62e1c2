/**
 * Ingest in several processes behind the same two ports, each with a log of its own. They are started,
 * watched, started again when they die (a worker replays its log, so nothing is lost), and stopped.
 *
 *     senders ─▶ port ─▶ node:cluster deals connections out ─▶ worker 0: doors → log → queue ─┐
 *                                                              worker 1: doors → log → queue ─┴▶ ClickHouse
 *
 * A sender that got no answer may send the same bytes to another worker. Therefore each worker tells
 * the digests of what it has taken to the others, through here, every few milliseconds. What slips
 * through is a repeat that comes sooner than that, or whose worker was killed between writing its log
 * and telling: its spans are in the table twice (their batches differ, so ClickHouse cannot know),
 * and what is read shows each once.
 */
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { bind } from "../api/listener.ts";
import { backoffMs } from "../store/engine/engine.ts";
import type { CatalogueSnapshot } from "../ingest/catalogue.ts";
import type { Endpoint } from "../store/endpoint.ts";
import { type Ingest, type IngestHealth, type OtlpPorts, REPEATS_REQUESTS } from "./ingest-node.ts";
import { type QueueParts, REPEATS_MS } from "./ingest-queue.ts";
import { type MetricsJson, sumOf, withoutGauges } from "./metrics-sum.ts";
import { packDigests, type ToWorker, unpackDigests } from "./worker-messages.ts";
import { startWorkerProcess, type WorkerProcess } from "./worker-process.ts";

interface PoolOptions extends Omit<QueueParts, "client" | "budget"> {
  /** Where ClickHouse is now. */
  readonly endpoint: () => Endpoint;
}

interface Slot {
  readonly index: number;
  process: WorkerProcess;
  /** What it counted when it was last asked. */
  metrics: MetricsJson;
}

const backoff = { backoffFirstMs: 100, backoffLastMs: 10_000 };
/** A worker that lived this long has recovered: its next restart waits the shortest time again. */
const STEADY_MS = 60_000;

/** Starts all workers; when it settles, spans are taken. Throws Fault if one of them cannot start. */
export async function startWorkerPool(options: PoolOptions): Promise<WorkerPool> {
  const { otlp, listen } = options.config;
  const ports = await freePorts(listen.host, { grpc: otlp.grpc.port, http: otlp.http.port });
  const pool = new WorkerPool(options, ports);
  try {
    await pool.ready();
    return pool;
  } catch (error) {
    await pool.close();
    throw error;
  }
}

/** The ports, free ones where 0 is asked for: all workers must agree on them. */
async function freePorts(host: string, wanted: OtlpPorts): Promise<OtlpPorts> {
  const servers = { grpc: createServer(), http: createServer() };
  try {
    const grpc = await bind(servers.grpc, host, wanted.grpc);
    const http = await bind(servers.http, host, wanted.http);
    return { grpc, http };
  } finally {
    for (const server of Object.values(servers)) await closed(server);
  }
}

function closed(server: ReturnType<typeof createServer>): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/** See the head of the file. */
export class WorkerPool implements Ingest {
  readonly ports: OtlpPorts;
  readonly #options: PoolOptions;
  readonly #slots: readonly Slot[];
  readonly #watching: readonly Promise<void>[];
  readonly #closing = new AbortController();
  readonly #taken = new TakenLately();
  /** What workers counted that have ended. */
  #ended: MetricsJson = [];

  constructor(options: PoolOptions, ports: OtlpPorts) {
    this.#options = options;
    this.ports = ports;
    this.#slots = Array.from({ length: options.config.ingest.workers }, (_, index) => ({
      index,
      process: this.#start(index),
      metrics: [],
    }));
    this.#watching = this.#slots.map((slot) => this.#watch(slot));
  }

  /** Settles when all workers take spans; rejects with the Fault of the first that cannot. */
  async ready(): Promise<void> {
    await Promise.all(this.#slots.map(({ process }) => process.ready));
  }

  /** Tells the workers that ClickHouse is somewhere else now. */
  moveTo(endpoint: Endpoint): void {
    for (const { process } of this.#slots) process.send({ kind: "endpoint", endpoint });
  }

  async health(): Promise<IngestHealth> {
    const all = await Promise.all(
      this.#slots.map(async ({ index, process }) => {
        const { trouble, warning } = (await process.report()) ?? { trouble: "it does not answer" };
        const of = (what: string | undefined) => what && `ingest worker ${index}: ${what}`;
        return { trouble: of(trouble), warning: of(warning) };
      }),
    );
    const first = (kind: keyof IngestHealth) => all.find((health) => health[kind])?.[kind];
    return { trouble: first("trouble"), warning: first("warning") };
  }

  async otherMetrics(): Promise<readonly MetricsJson[]> {
    await Promise.all(
      this.#slots.map(async (slot) => {
        const { process } = slot;
        const report = await process.report();
        if (report !== undefined && slot.process === process) slot.metrics = report.metrics;
      }),
    );
    return [this.#ended, ...this.#slots.map(({ metrics }) => metrics)];
  }

  async catalogues(): Promise<readonly CatalogueSnapshot[]> {
    const all = await Promise.all(this.#slots.map(({ process }) => process.catalogues()));
    return all.flatMap((some) => some ?? []);
  }

  learn(digests: readonly string[]): void {
    if (digests.length > 0) this.#share(packDigests(digests));
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#slots.map(({ process }) => process.stop()));
    await Promise.all(this.#watching);
  }

  #start(index: number): WorkerProcess {
    const { config, endpoint, log, onSpanCounts } = this.#options;
    const process = startWorkerProcess({
      start: { config, index, ports: this.ports, endpoint: endpoint() },
      log,
      backlog: () => this.#taken.messages(),
      onTaken: (digests) => this.#share(digests, index),
      onSpanCounts,
    });
    const { pid, ready } = process;
    ready.then(
      () => log.info("ingest worker is ready", { worker: index, pid }),
      (error: unknown) => log.error("ingest worker cannot start", { worker: index, pid, error }),
    );
    return process;
  }

  async #watch(slot: Slot): Promise<void> {
    const { log, metrics } = this.#options;
    const { signal } = this.#closing;
    for (let attempt = 0; ; attempt++) {
      const bornMs = performance.now();
      const reason = await slot.process.ended;
      await this.#keepCounts(slot);
      if (signal.aborted) return;
      if (performance.now() - bornMs >= STEADY_MS) attempt = 0;
      const waitMs = backoffMs(attempt, backoff);
      log.error("ingest worker ended, starting it again", { worker: slot.index, reason, waitMs });
      metrics.workerRestarts.inc();
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      slot.process = this.#start(slot.index);
    }
  }

  /** So that sums do not fall when a worker begins to count again from zero. */
  async #keepCounts(slot: Slot): Promise<void> {
    const last = withoutGauges(slot.metrics);
    slot.metrics = [];
    this.#ended = await sumOf([this.#ended, last]).getMetricsAsJSON();
  }

  /** Tells all workers, but the one it comes from, what has been taken. */
  #share(digests: string, from?: number): void {
    this.#taken.add(digests);
    for (const { index, process } of this.#slots) {
      if (index !== from) process.send({ kind: "taken", digests });
    }
  }
}

/** What has been taken lately: a worker that starts anew is told. */
class TakenLately {
  #digests: { readonly atMs: number; readonly packed: string; readonly count: number }[] = [];
  #count = 0;

  add(packed: string): void {
    const atMs = performance.now();
    const count = unpackDigests(packed).length;
    this.#digests.push({ atMs, packed, count });
    this.#count += count;
    const isTooMuch = () =>
      this.#count > REPEATS_REQUESTS || this.#digests[0]!.atMs < atMs - REPEATS_MS;
    while (this.#digests.length > 1 && isTooMuch()) this.#count -= this.#digests.shift()!.count;
  }

  messages(): ToWorker[] {
    return this.#digests.map(({ packed }) => ({ kind: "taken", digests: packed }));
  }
}
