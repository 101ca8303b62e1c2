/** A Clew for a test: in this process, on free ports, in a folder of its own. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { RedAnswer } from "../../src/api/contract.ts";
import { createLogger } from "../../src/base/log.ts";
import { type Config, configSchema } from "../../src/server/config.ts";
import { type Server, startServer } from "../../src/server/server.ts";

/** A running Clew and how to reach it. */
export interface TestClew {
  readonly server: Server;
  readonly config: Config;
  readonly otlpUrl: string;
  readonly grpcUrl: string;
  readonly apiUrl: string;
  /** The log lines so far, parsed. */
  readonly events: readonly Readonly<Record<string, unknown>>[];
  /** Stops Clew, if it still runs, and removes its folder. */
  close(): Promise<void>;
}

type Section = Readonly<Record<string, unknown>>;

/** Starts one; `sections` are laid over the defaults, section by section. */
export async function startTestClew(
  sections: Readonly<Record<string, Section>> = {},
): Promise<TestClew> {
  const folder = mkdtempSync(path.join(tmpdir(), "clew-test-"));
  const defaults = configSchema.parse(emptySections());
  const config: Config = configSchema.parse({
    ...defaults,
    data: { dir: folder },
    otlp: { ...defaults.otlp, grpc: { port: 0 }, http: { ...defaults.otlp.http, port: 0 } },
    http: { port: 0 },
    ...sections,
    // So that tests need not wait long for what they have sent.
    ingest: { ...defaults.ingest, maxBlockDelayMs: 20, ...sections["ingest"] },
  });
  const events: Record<string, unknown>[] = [];
  const log = createLogger({
    level: "info",
    write: (line) => events.push(JSON.parse(line) as Record<string, unknown>),
    now: () => new Date(),
  });
  const server = await startServer(config, log);
  const at = (port: number): string => `http://127.0.0.1:${port}`;
  return {
    server,
    config,
    events,
    otlpUrl: at(server.ports.http),
    grpcUrl: at(server.ports.grpc),
    apiUrl: at(server.ports.api),
    close: async () => {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function emptySections(): object {
  return Object.fromEntries(
    Object.keys(configSchema.shape).map((name) => [
      name,
      name === "otlp" ? { grpc: {}, http: {} } : {},
    ]),
  );
}

/** Posts an encoded request to a Clew's OTLP/HTTP door. */
export function postTraces(
  clew: TestClew,
  body: Uint8Array,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${clew.otlpUrl}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf", ...headers },
    body: Uint8Array.from(body),
  });
}

/** GETs a path of the API port and takes the bytes; throws unless the status is 200. */
export async function getBytes(clew: TestClew, where: string, accept: string): Promise<Uint8Array> {
  const answer = await fetch(`${clew.apiUrl}${where}`, { headers: { accept } });
  if (answer.status !== 200) {
    throw new Error(`GET ${where}: ${answer.status} ${await answer.text()}`);
  }
  return new Uint8Array(await answer.arrayBuffer());
}

/** Settles when everything that was acknowledged is in ClickHouse, where questions find it, and checks
 * that roll-ups have counted it, each span once. (A span that stands for several counts as these.) */
export async function stored(clew: TestClew): Promise<void> {
  await drained(clew);
  await checkRollUps(clew);
}

/** Settles when everything that was acknowledged is in ClickHouse. */
export async function drained(clew: TestClew): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if ((await metricValue(clew, "clew_queue_spans")) === 0) return;
    await sleep(20);
  }
  throw new Error("spans are still queued after 20 s");
}

const DAY_SECONDS = 86_400;
/** Of the table by the hour, and of the one by the minute: that are no whole hours. */
const STEPS_SECONDS = [DAY_SECONDS, 61 * 60];

async function checkRollUps({ config, ...clew }: TestClew): Promise<void> {
  if (config.tenancy.enabled) return; // whose roll-ups?
  const inserted = await metricValue({ config, ...clew }, "clew_spans_inserted_total");
  const now = Math.floor(Date.now() / 1000);
  const start = now - (config.retention.days + 1) * DAY_SECONDS;
  const end = now + 2 * DAY_SECONDS;
  for (const step of STEPS_SECONDS) {
    const question = `start=${start}&end=${end}&step=${step}`;
    const answer = await fetch(`${clew.apiUrl}/api/clew/v1/red?${question}`);
    assert.equal(answer.status, 200, await answer.clone().text());
    const { series } = (await answer.json()) as RedAnswer;
    const counted = series[0]?.calls.reduce((sum, calls) => sum + calls, 0) ?? 0;
    assert.equal(counted, inserted, `spans in roll-ups and in the table, steps of ${step} s`);
  }
}

/** The value of one line of /metrics, by its name and labels as they stand there. */
export async function metricValue(clew: TestClew, name: string): Promise<number> {
  const text = await (await fetch(`${clew.apiUrl}/metrics`)).text();
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${name} `));
  if (line === undefined) throw new Error(`no metric ${name}`);
  return Number(line.slice(name.length + 1));
}
