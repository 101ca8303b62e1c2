/** What a benchmark found: for people as a table, for machines as one line of JSON. */
import type { QueryResult } from "./ask.ts";
import type { Machine } from "./machine.ts";
import type { LoadOptions, LoadResult, TrafficSummary } from "./protocol.ts";
import type { Quantiles } from "./quantiles.ts";
import type { Verification } from "./verify.ts";

/** All that one run of the benchmark found. Its JSON has these names. */
export interface Report {
  readonly date: string;
  readonly arguments: readonly string[];
  readonly versions: { readonly clew: string; readonly node: string; readonly clickhouse?: string };
  readonly machine: Machine;
  readonly ingest?: IngestReport;
  readonly queries?: readonly QueryResult[];
}

/** What sending spans found. */
export interface IngestReport {
  readonly options: LoadOptions;
  readonly traffic: TrafficSummary;
  readonly result: Omit<LoadResult, "known"> & { readonly spansPerSecond: number };
  readonly cpu?: CpuReport;
  readonly memory?: MemoryReport;
  readonly disk?: DiskReport;
  /** How soon a trace could be read by its id after it was acknowledged. */
  readonly fresh?: Omit<QueryResult, "kind">;
  readonly verification?: Verification;
}

/** CPU time of the processes watched, in microseconds a span acknowledged. */
export interface CpuReport {
  /** Until the last acknowledgement. */
  readonly ingestMicrosPerSpan: number;
  /** With the background work that followed. */
  readonly microsPerSpan: number;
  readonly processes: readonly { readonly name: string; readonly microsPerSpan: number }[];
  readonly settleSeconds: number;
  /** False if there was still work to do when the time was up. */
  readonly settled: boolean;
  /** Share of the machine's CPU time that went to other programs during the load. */
  readonly othersShare: number;
  /** Share that the host of the virtual machine took away. */
  readonly stolenShare: number;
}

/** Resident memory of the processes watched together. */
export interface MemoryReport {
  readonly beforeBytes: number;
  /** The most that was seen, looking twice a second. */
  readonly peakBytes: number;
  /** Each process's own peak since it started, added up. */
  readonly sumOfPeaksBytes: number;
  readonly settledBytes: number;
}

/** What the spans added to the data folder. */
export interface DiskReport {
  readonly bytesPerSpan: number;
  readonly storeBytes: number;
  /** Beside the store, in all: the log of what came in, log files. */
  readonly otherBytes: number;
}

/** The report as a table. */
export function reportText(report: Report): string {
  const { versions, machine, ingest, queries = [] } = report;
  const clickhouse = versions.clickhouse === undefined ? "" : `, ClickHouse ${versions.clickhouse}`;
  const lines: string[] = [
    `Clew ${versions.clew}, Node ${versions.node}${clickhouse}, ${report.date}`,
    `${machine.cpu}, ${machine.cores} cores, ${bytesText(machine.memoryBytes)}, ${machine.kernel};` +
      ` load before the start ${machine.loadBefore.toFixed(2)}`,
    ...(ingest === undefined
      ? []
      : ["", ...trafficLines(ingest), "", ...table(ingestRows(ingest))]),
    ...(queries.length === 0 ? [] : ["", ...table(queries.flatMap(queryRows))]),
  ];
  return `${lines.join("\n")}\n`;
}

/** The report as one line, numbers with three decimals. */
export function reportJson(report: Report): string {
  const rounded = (_: string, value: unknown): unknown =>
    typeof value === "number" ? Math.round(value * 1000) / 1000 : value;
  return `${JSON.stringify(report, rounded)}\n`;
}

/** Everything that must not be: lost, doubled or wrongly answered. Empty for a good run. */
export function problemsOf({ ingest, queries = [] }: Report): string[] {
  const given = ingest?.result.spansGivenUp ?? 0;
  const rejected = ingest?.result.spansRejected ?? 0;
  return [
    ...(given === 0 ? [] : [`${given} spans were given up`]),
    ...(rejected === 0 ? [] : [`${rejected} spans were rejected`]),
    ...(ingest?.verification?.problems ?? []),
    ...queries.flatMap(({ kind, wrong, firstProblem }) =>
      wrong === 0 ? [] : [`${kind}: ${wrong} wrong answers: ${firstProblem}`],
    ),
  ];
}

type Row = readonly [name: string, value: string];

function table(rows: readonly Row[]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
}

function trafficLines({ options, traffic }: IngestReport): string[] {
  const { protocol, connections, spansPerRequest, rate, seed, gzip, spreadDays } = options;
  const pace = rate === undefined ? "as fast as they are taken" : `${count(rate)} spans/s`;
  const spread = spreadDays === undefined ? "" : `, times spread over ${spreadDays} days`;
  return [
    `OTLP/${protocol === "http" ? "HTTP" : "gRPC"}${gzip ? " gzip" : ""}, ${connections} connections,` +
      ` ${spansPerRequest} spans a request, ${pace}${spread}`,
    `Traffic of seed ${seed}: ${traffic.bytesPerSpan.toFixed(0)} bytes a span,` +
      ` ${traffic.spanAttributes.toFixed(1)} attributes and ${traffic.resourceAttributes} of the` +
      ` resource, ${count(traffic.spanKeys)} keys, ${traffic.services} services`,
  ];
}

function ingestRows({ result, cpu, memory, disk, fresh, verification }: IngestReport): Row[] {
  const { spansAcknowledged, seconds, latencyMs, refusals, unanswered } = result;
  return [
    ["spans acknowledged", `${count(spansAcknowledged)} in ${seconds.toFixed(1)} s`],
    ["spans a second", count(result.spansPerSecond)],
    ["acknowledged after", quantilesText(latencyMs)],
    ["told to come back", `${count(refusals)} times; without an answer: ${count(unanswered)}`],
    ...(cpu === undefined ? [] : cpuRows(cpu)),
    ...(memory === undefined ? [] : [memoryRow(memory)]),
    ...(disk === undefined ? [] : [diskRow(disk)]),
    ...(fresh === undefined ? [] : [freshRow(fresh)]),
    ...(verification === undefined ? [] : [verificationRow(verification)]),
    [
      "generator",
      `${micros(result.generatorMicrosPerSpan)} CPU a span, of it ${micros(result.stampMicrosPerSpan)}` +
        " for making traces",
    ],
  ];
}

function cpuRows(cpu: CpuReport): Row[] {
  const settling = `${cpu.settleSeconds.toFixed(0)} s of background work`;
  const each = cpu.processes.map(({ name, microsPerSpan }) => `${name} ${micros(microsPerSpan)}`);
  const disturbed = [cpu.othersShare, cpu.stolenShare].map(
    (share) => `${Math.round(share * 100)} %`,
  );
  return [
    [
      "CPU a span",
      `${micros(cpu.microsPerSpan)} after ${settling}${cpu.settled ? "" : ", which was not all"};` +
        ` ${micros(cpu.ingestMicrosPerSpan)} before`,
    ],
    ["", each.join(", ")],
    ["", `other programs took ${disturbed[0]} of the machine, its host ${disturbed[1]}`],
  ];
}

function memoryRow({ peakBytes, sumOfPeaksBytes, beforeBytes, settledBytes }: MemoryReport): Row {
  const peaks = `${bytesText(peakBytes)} at most (each one's peak: ${bytesText(sumOfPeaksBytes)})`;
  return [
    "memory",
    `${peaks}, ${bytesText(beforeBytes)} before, ${bytesText(settledBytes)} afterwards`,
  ];
}

function diskRow({ bytesPerSpan, storeBytes, otherBytes }: DiskReport): Row {
  return [
    "disk a span",
    `${bytesPerSpan.toFixed(1)} bytes (store ${bytesText(storeBytes)}; beside it ${bytesText(otherBytes)})`,
  ];
}

function freshRow({ ms, wrong }: Omit<QueryResult, "kind">): Row {
  return ["readable after", `${quantilesText(ms)}${wrong === 0 ? "" : `; never: ${wrong}`}`];
}

function verificationRow({ stored, inserted, tracesRead, problems }: Verification): Row {
  const checked = `${count(stored)} stored, ${count(inserted)} confirmed, ${tracesRead} traces read`;
  return [
    "verified",
    problems.length === 0 ? `every span once: ${checked}` : `NO (${problems.length}): ${checked}`,
  ];
}

function queryRows({ kind, ms, wrong, memory }: QueryResult): Row[] {
  const wrongs = wrong === 0 ? "" : `; wrong: ${wrong}`;
  const grown = memory && `; ${memory.process} +${bytesText(memory.moreBytes)}`;
  return [[kind, `${quantilesText(ms)} (${ms.count} runs)${wrongs}${grown ?? ""}`]];
}

function quantilesText({ p50, p95, p99, max }: Quantiles): string {
  const [a, b, c, d] = [p50, p95, p99, max].map((ms) => ms.toFixed(ms < 10 ? 1 : 0));
  return `p50 ${a} ms, p95 ${b} ms, p99 ${c} ms, max ${d} ms`;
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function micros(value: number): string {
  return `${value.toFixed(value < 1 ? 2 : 1)} µs`;
}

function bytesText(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}
