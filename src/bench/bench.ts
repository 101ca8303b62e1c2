/**
 * The benchmark: drives an OTLP endpoint with realistic traces, watches what that costs, and asks for
 * some of them afterwards.
 *
 *     Clew or others start → idle: what is used before → load → background work settles → what was
 *     used and stored → is every span there once? → questions
 */
import { readFileSync, writeFileSync } from "node:fs";
import { Fault } from "../base/fault.ts";
import { clewVersion } from "../base/version.ts";
import { FreshnessProbe, type QueryResult, runQueries, runTraceql } from "./ask.ts";
import { diskUse } from "./disk.ts";
import { GeneratorProcess } from "./generator-process.ts";
import { machineCpu, type MachineCpu, thisMachine } from "./machine.ts";
import { OwnClew } from "./own-clew.ts";
import { hasProcesses, type Usage, usageOf } from "./processes.ts";
import type { KnownTrace, LoadOptions, LoadResult } from "./protocol.ts";
import type { CpuReport, DiskReport, IngestReport, MemoryReport, Report } from "./report.ts";
import { type Counted, countStored, verify } from "./verify.ts";
import { MemoryWatch, settle, type Settled } from "./watch.ts";

/** What is measured, and how. */
export interface BenchOptions {
  /** The command line, for the report. */
  readonly arguments: readonly string[];
  /** What is sent; without it only questions are asked. */
  readonly load?: Omit<LoadOptions, "otlpUrl">;
  /** What else is driven; a Clew of the benchmark's own if neither is given. */
  readonly otlpUrl?: string;
  readonly queryUrl?: string;
  /** Questions of each kind; in TraceQL, which take longer, a tenth of that. */
  readonly queryRuns: number;
  /** Asks in TraceQL as well. */
  readonly traceql: boolean;
  readonly seed: number;
  /** Processes to watch, those of its own Clew besides. */
  readonly pids: readonly number[];
  readonly dataDir?: string;
  /** Where known ids are kept for runs that only ask. */
  readonly idsFile?: string;
  /** Looks up traces as soon as they are acknowledged, during the load. */
  readonly fresh: boolean;
  readonly settleLimitMs: number;
  readonly clew: { readonly startCommand: readonly string[]; readonly settings: readonly string[] };
}

/** Before the load, an idle system's own work is waited for at most so long. */
const IDLE_LIMIT_MS = 15_000;
const TRACEQL_SHARE = 10;
/** As Clew is configured when nobody says anything. */
const KEPT_DAYS = 14;

/** One run of the benchmark. */
export class Bench {
  readonly #options: BenchOptions;
  readonly #say: (line: string) => void;
  #clew: OwnClew | undefined;
  #generator: GeneratorProcess | undefined;

  /** `say` is told what happens meanwhile, in lines for people. */
  constructor(options: BenchOptions, say: (line: string) => void) {
    this.#options = options;
    this.#say = say;
  }

  /** Runs it and cleans up. Throws Fault if something cannot be reached or does not answer. */
  async run(): Promise<Report> {
    const { arguments: words, queryRuns, seed } = this.#options;
    const machine = thisMachine();
    const date = new Date().toISOString();
    let clickhouse: string | undefined;
    let ingest: IngestReport | undefined;
    let queries: QueryResult[] | undefined;
    try {
      await this.#startClew();
      const done = await this.#ingest();
      ingest = done?.report;
      const url = this.#options.queryUrl ?? this.#clew?.apiUrl;
      const known = this.#knownTraces(done?.known);
      if (url !== undefined && queryRuns > 0) {
        this.#say(`asking about ${known.length} traces`);
        const watched = this.#watched();
        queries = await runQueries({ url, known, runs: queryRuns, seed, watched });
        if (this.#options.traceql) {
          this.#say("asking in TraceQL");
          const runs = Math.ceil(queryRuns / TRACEQL_SHARE);
          queries = [...queries, ...(await runTraceql({ url, known, runs, seed, watched }))];
        }
      }
    } finally {
      clickhouse = await this.close();
    }
    return {
      date,
      arguments: words,
      versions: {
        clew: clewVersion,
        node: process.version,
        ...(clickhouse === undefined ? {} : { clickhouse }),
      },
      machine,
      ...(ingest === undefined ? {} : { ingest }),
      ...(queries === undefined ? {} : { queries }),
    };
  }

  /** Ends everything it has started; also while it runs. */
  async close(): Promise<string | undefined> {
    this.#generator?.close();
    return this.#clew?.close();
  }

  async #startClew(): Promise<void> {
    const { otlpUrl, queryUrl, dataDir, load, clew } = this.#options;
    if (otlpUrl !== undefined || queryUrl !== undefined) return;
    this.#say("starting a Clew");
    const days = Math.ceil(load?.spreadDays ?? 0) + 1;
    // Settings that come later win: what the user says holds.
    const settings = [...(days > KEPT_DAYS ? [`retention.days=${days}`] : []), ...clew.settings];
    const { startCommand } = clew;
    this.#clew = new OwnClew({
      startCommand,
      settings,
      ...(dataDir === undefined ? {} : { dataDir }),
    });
    await this.#clew.ready();
  }

  async #ingest(): Promise<{ report: IngestReport; known: readonly KnownTrace[] } | undefined> {
    const { load, otlpUrl, settleLimitMs } = this.#options;
    if (load === undefined) return undefined;
    const options = { ...load, otlpUrl: otlpUrl ?? this.#clew!.otlpUrl(load.protocol) };
    this.#say("making the traffic");
    this.#generator = await GeneratorProcess.start(options);
    const dataDir = this.#options.dataDir ?? this.#clew?.dataDir;
    const watched = this.#watched();
    const before = watched && (await settle(watched, Math.min(IDLE_LIMIT_MS, settleLimitMs))).usage;
    const diskBefore = dataDir === undefined ? undefined : diskUse(dataDir);
    const counted = this.#clew && (await countStored(this.#clew));
    const memory = watched && new MemoryWatch(watched);
    const machineBefore = machineCpu();
    const { result, fresh } = await this.#load();
    const machine = machineBefore && { before: machineBefore, after: machineCpu()! };
    const after = watched && usageOf(watched);
    this.#say("waiting for background work to settle");
    const settled = watched && (await settle(watched, settleLimitMs));
    const verification = this.#clew && (await verify(this.#clew, counted as Counted, result));
    memory?.close();
    if (verification && verification.problems.length > 0) {
      this.#say(`the end of its Clew's log:\n${this.#clew!.lastWords}`);
    }
    const { known, ...counts } = result;
    const measured = before && after && settled && { before, after, settled };
    const report = {
      options,
      traffic: this.#generator.traffic,
      result: { ...counts, spansPerSecond: result.spansAcknowledged / result.seconds },
      ...(measured && { cpu: cpuReport(measured, result, machine!) }),
      ...(measured && { memory: memoryReport(measured, memory!.peakBytes) }),
      ...(diskBefore && { disk: diskReport(diskBefore, diskUse(dataDir!), result) }),
      ...(fresh && { fresh }),
      ...(verification && { verification }),
    };
    return { report, known };
  }

  /** The processes to watch, if there are any. */
  #watched(): readonly number[] | undefined {
    const roots = [...this.#options.pids, ...(this.#clew ? [this.#clew.pid] : [])];
    return hasProcesses && roots.length > 0 ? roots : undefined;
  }

  async #load(): Promise<Loaded> {
    const url = this.#options.queryUrl ?? this.#clew?.apiUrl;
    const probe = this.#options.fresh && url !== undefined ? new FreshnessProbe(url) : undefined;
    const startMs = performance.now();
    this.#say("sending spans");
    const result = await this.#generator!.run({
      progress: ({ spans, refusals }) => {
        const told = refusals === 0 ? "" : `, told to come back ${refusals} times`;
        const seconds = (performance.now() - startMs) / 1000;
        this.#say(`${seconds.toFixed(0)} s: ${spans} spans acknowledged${told}`);
      },
      fresh: ({ trace }) => probe?.lookFor(trace),
    });
    return { result, ...(probe && { fresh: await probe.close() }) };
  }

  /** The traces to ask for: those of this run, or of an earlier one. */
  #knownTraces(sent: readonly KnownTrace[] | undefined): readonly KnownTrace[] {
    const { idsFile } = this.#options;
    if (sent !== undefined) {
      if (idsFile !== undefined) writeFileSync(idsFile, JSON.stringify(sent));
      return sent;
    }
    if (idsFile === undefined) throw new Fault("invalid", "without spans sent, --ids names a file");
    return JSON.parse(readFileSync(idsFile, "utf8")) as KnownTrace[];
  }
}

interface Loaded {
  readonly result: LoadResult;
  readonly fresh?: Omit<QueryResult, "kind">;
}

interface Measured {
  readonly before: Usage;
  readonly after: Usage;
  readonly settled: Settled;
}

function cpuReport(
  { before, after, settled }: Measured,
  { spansAcknowledged, spansSent, generatorMicrosPerSpan }: LoadResult,
  machine: { readonly before: MachineCpu; readonly after: MachineCpu },
): CpuReport {
  const microsPerSpan = (seconds: number): number => (seconds * 1e6) / spansAcknowledged;
  const total = machine.after.total - machine.before.total;
  const watched = after.cpuSeconds - before.cpuSeconds;
  const generator = (generatorMicrosPerSpan * spansSent) / 1e6;
  const others = machine.after.busy - machine.before.busy - watched - generator;
  const used = new Map(before.processes.map(({ pid, cpuSeconds }) => [pid, cpuSeconds]));
  return {
    ingestMicrosPerSpan: microsPerSpan(watched),
    microsPerSpan: microsPerSpan(settled.usage.cpuSeconds - before.cpuSeconds),
    processes: settled.usage.processes.map(({ pid, name, cpuSeconds }) => ({
      name,
      microsPerSpan: microsPerSpan(cpuSeconds - (used.get(pid) ?? 0)),
    })),
    settleSeconds: settled.seconds,
    settled: settled.settled,
    othersShare: Math.max(0, others / total),
    stolenShare: (machine.after.stolen - machine.before.stolen) / total,
  };
}

function memoryReport({ before, settled }: Measured, peakBytes: number): MemoryReport {
  return {
    beforeBytes: before.memoryBytes,
    peakBytes,
    sumOfPeaksBytes: settled.usage.peakBytes,
    settledBytes: settled.usage.memoryBytes,
  };
}

function diskReport(
  before: ReturnType<typeof diskUse>,
  { storeBytes, otherBytes }: ReturnType<typeof diskUse>,
  { spansAcknowledged }: LoadResult,
): DiskReport {
  const added = storeBytes - before.storeBytes;
  return { bytesPerSpan: added / spansAcknowledged, storeBytes, otherBytes };
}
