/** One life of an ingest worker, as Clew sees it: from the start of its process to the end of it. */
import cluster from "node:cluster";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { Fault, unreachable } from "../base/fault.ts";
import { type Logger, type LogLevel, logLevels } from "../base/log.ts";
import type { SpanCounts } from "../prometheus/span-metrics.ts";
import type { CatalogueSnapshot } from "../ingest/catalogue.ts";
import type { FromWorker, ToWorker, WorkerReport, WorkerStart } from "./worker-messages.ts";

/** A worker's process. */
export interface WorkerProcess {
  readonly pid: number;
  /** Settles when it takes spans, or rejects with a Fault that says why it cannot. */
  readonly ready: Promise<void>;
  /** Settles, with how, when the process has ended. */
  readonly ended: Promise<string>;
  send(message: ToWorker): void;
  /** Undefined if it does not answer in a while. */
  report(): Promise<WorkerReport | undefined>;
  /** The same of what it knows of attribute keys. */
  catalogues(): Promise<readonly CatalogueSnapshot[] | undefined>;
  /** Lets it answer and store what it has; what does not end within the limit is killed. */
  stop(): Promise<void>;
}

/** What is sent back when it is asked. */
type Answer = Extract<FromWorker, { readonly question: number }>;

interface WorkerSetup {
  readonly start: WorkerStart;
  readonly log: Logger;
  /** What it is to hear besides, at its start. */
  readonly backlog: () => readonly ToWorker[];
  /** Told of requests it has taken, as `packDigests` makes them. */
  readonly onTaken: (digests: string) => void;
  /** Told what its batches add to the counters of spans. */
  readonly onSpanCounts: (counts: SpanCounts) => void;
}

/** Longer than doors and queue may take to close. */
const STOP_MS = 25_000;
const REPORT_MS = 1000;

/** Starts the process. */
export function startWorkerProcess(setup: WorkerSetup): WorkerProcess {
  const { start, log, backlog, onTaken, onSpanCounts } = setup;
  const worker = forkWorker();
  const send = (message: ToWorker): void => {
    // A process that is gone hears nothing; its end is seen below.
    if (worker.isConnected()) worker.send(message, () => {});
  };
  const ready = Promise.withResolvers<void>();
  ready.promise.catch(() => undefined); // whoever waits for it is told
  const questions = new Map<number, (answer: Answer) => void>();
  worker.on("message", (message: FromWorker) => {
    switch (message.kind) {
      case "hello":
        for (const first of [{ kind: "start", ...start } as const, ...backlog()]) send(first);
        return undefined;
      case "listening":
        return ready.resolve();
      case "failed":
        return ready.reject(new Fault(message.code, message.message));
      case "taken":
        return onTaken(message.digests);
      case "spans":
        return onSpanCounts(message.counts);
      case "report":
      case "catalogues":
        return questions.get(message.question)?.(message);
      default:
        return unreachable(message);
    }
  });
  const said = passOnLog(worker.process.stderr!, start.index, log);
  const ended = new Promise<string>((resolve) => {
    worker.on("error", (error) => log.warn("ingest worker", { worker: start.index, error }));
    worker.process.once("close", (code, signal) => {
      const how = [signal ?? `exit code ${code}`, ...said].join("; ");
      ready.reject(new Fault("unavailable", `ingest worker ${start.index} ended: ${how}`));
      resolve(how);
    });
  });
  let asked = 0;
  const ask = async (kind: Answer["kind"]): Promise<Answer | undefined> => {
    const question = asked++;
    const answer = new Promise<Answer>((resolve) => questions.set(question, resolve));
    send({ kind, question });
    const late = sleep(REPORT_MS, undefined, { ref: false });
    return Promise.race([answer, late]).finally(() => questions.delete(question));
  };
  const report = async () => {
    const answer = await ask("report");
    return answer?.kind === "report" ? answer.report : undefined;
  };
  const catalogues = async () => {
    const answer = await ask("catalogues");
    return answer?.kind === "catalogues" ? answer.catalogues : undefined;
  };
  const stop = async (): Promise<void> => {
    send({ kind: "stop" });
    const timer = setTimeout(() => worker.process.kill("SIGKILL"), STOP_MS);
    await ended;
    clearTimeout(timer);
  };
  const pid = worker.process.pid ?? -1;
  return { pid, ready: ready.promise, ended, send, report, catalogues, stop };
}

/** node:cluster deals new connections out in turn, so that a few senders reach several workers. */
function forkWorker() {
  cluster.schedulingPolicy = cluster.SCHED_RR;
  cluster.setupPrimary({
    exec: path.join(import.meta.dirname, `ingest-worker${path.extname(import.meta.filename)}`),
    args: [],
    // Those of this process, which is a test's sometimes.
    execArgv: process.execArgv.filter((flag) => !flag.startsWith("--test")),
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  return cluster.fork({ NODE_OPTIONS: "" });
}

const LAST_LINES = 12;

/** Logs what a worker logs, under its number. Gives the last lines that are no log lines, if any: those
 * of a crash. */
function passOnLog(stream: NodeJS.ReadableStream, worker: number, log: Logger): readonly string[] {
  const said: string[] = [];
  createInterface({ input: stream }).on("line", (line) => {
    const event = parseEvent(line);
    if (event !== undefined) {
      const { level, message, ...fields } = event;
      return log[level](message, { worker, ...fields });
    }
    said.push(line);
    if (said.length > LAST_LINES) said.shift();
    return log.error("ingest worker says", { worker, line });
  });
  return said;
}

interface LogEvent {
  readonly level: LogLevel;
  readonly message: string;
}

function parseEvent(line: string): LogEvent | undefined {
  try {
    const { time: _, ...event } = JSON.parse(line) as LogEvent & { readonly time: string };
    return logLevels.includes(event.level) ? event : undefined;
  } catch {
    return undefined;
  }
}
