// A process that takes spans: an ingest node that its Clew starts, tells where ClickHouse is, and
// stops. When Clew is gone it ends at once (node:cluster sees to that); its log is on disk.
import { Fault } from "../base/fault.ts";
import { createLogger } from "../base/log.ts";
import { createMetrics } from "../base/metrics.ts";
import type { SpanCounts } from "../prometheus/span-metrics.ts";
import { createStoreClient } from "../store/client.ts";
import { type Ingest, openIngestNode } from "./ingest-node.ts";
import {
  type FromWorker,
  packDigests,
  type ToWorker,
  unpackDigests,
  type WorkerStart,
} from "./worker-messages.ts";

/** How long digests of taken requests are gathered before the other workers are told. */
const SHARE_MS = 5;

const metrics = createMetrics();
let endpoint: WorkerStart["endpoint"];
/** Settles with nothing if the node could not be opened: this process ends then. */
let opening: Promise<Ingest | undefined> | undefined;
/** Of requests that other workers took while this one was opening. */
const early: string[] = [];
const toShare: string[] = [];

main();

function main(): void {
  // Clew decides when its workers end; a terminal's Ctrl+C reaches them too.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
  process.on("message", (message: ToWorker) => void hear(message));
  tell({ kind: "hello" });
}

function tell(message: FromWorker): void {
  // If Clew is gone, this process is about to end.
  process.send!(message, undefined, undefined, () => {});
}

async function hear(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case "start":
      return start(message);
    case "endpoint":
      endpoint = message.endpoint;
      return undefined;
    case "taken": {
      const digests = unpackDigests(message.digests);
      if (opening === undefined) early.push(...digests);
      else (await opening)?.learn(digests);
      return undefined;
    }
    case "report": {
      const health = await (await opening)?.health();
      if (health === undefined) return undefined; // too early; no answer says as much
      const report = { ...health, metrics: await metrics.registry.getMetricsAsJSON() };
      return tell({ kind: "report", question: message.question, report });
    }
    case "catalogues": {
      const catalogues = await (await opening)?.catalogues();
      if (catalogues === undefined) return undefined;
      return tell({ kind: "catalogues", question: message.question, catalogues });
    }
    case "stop":
      await (await opening)?.close();
      process.exit(0);
  }
}

async function start(task: WorkerStart): Promise<void> {
  const { config, index, ports } = task;
  endpoint = task.endpoint;
  const log = createLogger({
    level: config.log.level,
    write: (line) => process.stderr.write(line),
    now: () => new Date(),
  });
  const client = createStoreClient(() => endpoint);
  const onSpanCounts = (counts: SpanCounts): void => tell({ kind: "spans", counts });
  const parts = { config, index, ports, client, metrics, log, onTaken: share, onSpanCounts };
  opening = openIngestNode(parts).catch(endWith);
  const node = await opening;
  if (node === undefined) return;
  node.learn(early);
  tell({ kind: "listening" });
}

/** Tells what the user can mend, and ends. Bugs end the process by themselves. */
function endWith(error: unknown): undefined {
  if (!(error instanceof Fault)) throw error;
  const { code, message } = error;
  const told: FromWorker = { kind: "failed", code, message };
  process.send!(told, undefined, undefined, () => process.exit(1));
}

function share(digest: string): void {
  if (toShare.length === 0) {
    setTimeout(() => tell({ kind: "taken", digests: packDigests(toShare.splice(0)) }), SHARE_MS);
  }
  toShare.push(digest);
}
