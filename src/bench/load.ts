/**
 * Sends requests over some connections, each of which has one under way at a time, and keeps count of
 * what became of every one.
 *
 *     rate given   request n is due at n × spans / rate, and its latency counts from then: a system that
 *                  stalls is charged for all that should have been sent meanwhile
 *     no rate      a request is due when its connection is free
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Fault } from "../base/fault.ts";
import type { KnownTrace, LoadOptions, LoadResult } from "./protocol.ts";
import { quantilesOf } from "./quantiles.ts";
import { Random } from "./random.ts";
import type { RequestTemplate } from "./template-writer.ts";
import type { Outcome, Sender } from "./sender.ts";
import { type Run, stamp, traceIdOf } from "./stamp.ts";

/** A request is tried again for so long. */
const GIVE_UP_MS = 120_000;
/** But if nothing ever answered, it is no use. */
const NOBODY_THERE_MS = 10_000;
const RETRY_MS = 1000;
const MAX_RETRY_MS = 30_000;
const KNOWN_TRACES = 2000;
const FRESH_EVERY_MS = 500;
const DAY_MS = 86_400_000;

/** What time it is, in milliseconds from anywhere, and waiting; an argument for the tests. */
export interface Clock {
  nowMs(): number;
  sleep(ms: number): Promise<unknown>;
}

/** The machine's. */
export const realClock: Clock = { nowMs: () => performance.now(), sleep };

interface LoadParts {
  readonly options: LoadOptions;
  readonly templates: readonly RequestTemplate[];
  readonly sender: Sender;
  readonly clock: Clock;
  /** Told now and then of a trace that has just been acknowledged. */
  readonly onFresh: (trace: KnownTrace) => void;
}

/** A load that is running or over. */
export class Load {
  readonly #parts: LoadParts;
  readonly #clock: Clock;
  readonly #run: Run;
  /** Templates that no request under way uses, the one used longest ago first. */
  readonly #free: RequestTemplate[];
  readonly #choice: Random;
  readonly #latenciesMs: number[] = [];
  readonly #known: KnownTrace[] = [];
  #requests = 0;
  #spansSent = 0;
  #traces = 0;
  #startMs = 0;
  #lastAnswerMs = 0;
  #stampMs = 0;
  #lastFreshMs = 0;
  /** What is the matter with the endpoint, if it is of no use. */
  #wrong: string | undefined;
  #counts = {
    spansAcknowledged: 0,
    requestsAcknowledged: 0,
    refusals: 0,
    unanswered: 0,
    spansRejected: 0,
    spansGivenUp: 0,
  };

  constructor(parts: LoadParts) {
    this.#parts = parts;
    this.#clock = parts.clock;
    this.#run = { seed: parts.options.seed, startedMs: Date.now() };
    this.#free = [...parts.templates];
    this.#choice = new Random(parts.options.seed);
  }

  get progress(): { readonly spans: number; readonly refusals: number } {
    return { spans: this.#counts.spansAcknowledged, refusals: this.#counts.refusals };
  }

  /** Runs it to its end. Throws Fault if what answers does not want such requests. */
  async run(): Promise<LoadResult> {
    const { connections } = this.#parts.options;
    const cpuBefore = process.cpuUsage();
    this.#startMs = this.#lastAnswerMs = this.#clock.nowMs();
    await Promise.all(Array.from({ length: connections }, (_, i) => this.#connection(i)));
    if (this.#wrong !== undefined) {
      const { otlpUrl } = this.#parts.options;
      throw new Fault("invalid", `${otlpUrl} ${this.#wrong}`);
    }
    const cpu = process.cpuUsage(cpuBefore);
    return {
      ...this.#counts,
      spansSent: this.#spansSent,
      seconds: (this.#lastAnswerMs - this.#startMs) / 1000,
      latencyMs: quantilesOf(this.#latenciesMs),
      stampMicrosPerSpan: (this.#stampMs * 1000) / this.#spansSent,
      generatorMicrosPerSpan: (cpu.user + cpu.system) / this.#spansSent,
      runStartedMs: this.#run.startedMs,
      known: this.#known,
    };
  }

  async #connection(connection: number): Promise<void> {
    for (;;) {
      const dueMs = this.#nextDueMs();
      if (dueMs === undefined) return;
      const waitMs = dueMs - this.#clock.nowMs();
      if (waitMs > 0) await this.#clock.sleep(waitMs);
      await this.#request(connection, dueMs);
    }
  }

  /** Claims the next request; undefined when there is none any more. */
  #nextDueMs(): number | undefined {
    const { rate, durationMs, spans, spansPerRequest } = this.#parts.options;
    if (this.#wrong !== undefined) return undefined;
    const claimed = this.#requests * spansPerRequest;
    if (spans !== undefined && claimed >= spans) return undefined;
    const elapsedMs = this.#clock.nowMs() - this.#startMs;
    const sinceStartMs = rate === undefined ? elapsedMs : (claimed / rate) * 1000;
    if (durationMs !== undefined && Math.max(sinceStartMs, elapsedMs) >= durationMs) {
      return undefined;
    }
    this.#requests++;
    return this.#startMs + sinceStartMs;
  }

  async #request(connection: number, dueMs: number): Promise<void> {
    const template = this.#free.shift()!;
    const firstTrace = this.#traces;
    this.#traces += template.traceSpans.length;
    const beforeMs = this.#clock.nowMs();
    stamp(template, { run: this.#run, firstTrace, endMs: this.#endMs() });
    this.#stampMs += this.#clock.nowMs() - beforeMs;
    this.#spansSent += template.spans;
    const outcome = await this.#sendUntilTaken(connection, template.bytes);
    const nowMs = this.#clock.nowMs();
    if (outcome?.kind === "acknowledged") {
      this.#lastAnswerMs = nowMs;
      this.#latenciesMs.push(nowMs - dueMs);
      this.#acknowledged(template, firstTrace, outcome.spansRejected);
    } else this.#counts.spansGivenUp += template.spans;
    this.#free.push(template);
  }

  /** When the next traces end: now, or at their place in the days they are spread over. */
  #endMs(): number {
    const { spreadDays, spans } = this.#parts.options;
    if (spreadDays === undefined || spans === undefined) return Date.now();
    const left = Math.max(0, 1 - this.#spansSent / spans);
    return this.#run.startedMs - left * spreadDays * DAY_MS;
  }

  async #sendUntilTaken(connection: number, bytes: Buffer): Promise<Outcome | undefined> {
    const firstMs = this.#clock.nowMs();
    for (;;) {
      const outcome = await this.#parts.sender.send(connection, bytes);
      switch (outcome.kind) {
        case "acknowledged":
          return outcome;
        case "wrong":
          this.#wrong = `does not take these spans: ${outcome.reason}`;
          return undefined;
        case "refused":
          this.#counts.refusals++;
          break;
        case "unanswered":
          this.#counts.unanswered++;
          if (!this.#isSilent || this.#clock.nowMs() - firstMs < NOBODY_THERE_MS) break;
          this.#wrong ??= `does not answer: ${outcome.reason}`;
          return undefined;
      }
      if (this.#clock.nowMs() - firstMs > GIVE_UP_MS || this.#wrong !== undefined) return undefined;
      const wanted = outcome.kind === "refused" ? outcome.retryAfterMs : undefined;
      await this.#clock.sleep(Math.min(wanted ?? RETRY_MS, MAX_RETRY_MS));
    }
  }

  /** Whether nothing has ever been answered. */
  get #isSilent(): boolean {
    return this.#counts.requestsAcknowledged === 0 && this.#counts.refusals === 0;
  }

  #acknowledged(template: RequestTemplate, firstTrace: number, spansRejected: number): void {
    const counts = this.#counts;
    counts.requestsAcknowledged++;
    counts.spansAcknowledged += template.spans - spansRejected;
    counts.spansRejected += spansRejected;
    if (spansRejected > 0) return; // nobody knows which of its traces are whole
    const position = this.#choice.below(template.traceSpans.length);
    const trace = {
      traceId: traceIdOf(this.#run, firstTrace + position),
      spans: template.traceSpans[position]!,
    };
    this.#keep(trace);
    if (this.#clock.nowMs() - this.#lastFreshMs < FRESH_EVERY_MS) return;
    this.#lastFreshMs = this.#clock.nowMs();
    this.#parts.onFresh(trace);
  }

  /** Every acknowledged request has the same chance to have one of its traces kept. */
  #keep(trace: KnownTrace): void {
    const place = this.#choice.below(this.#counts.requestsAcknowledged);
    if (this.#known.length < KNOWN_TRACES) this.#known.push(trace);
    else if (place < KNOWN_TRACES) this.#known[place] = trace;
  }
}
