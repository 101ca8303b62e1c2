/**
 * One trace as it might have happened: which operations called which, how long each took, what failed.
 *
 *     gateway   server  ├──────────────────────────────────────┤
 *               client     ├──────────────────────────┤            1. who calls whom, from the root down
 *     cart      server       ├─────────────────────┤               2. durations, from the leaves up
 *               database       ├───┤ ├────┤                        3. starts, from the root down
 *     mail      consumer                                 ├────┤    (asked by a message: after its producer)
 */
import type { KeySet, SpanRole } from "./attribute-keys.ts";
import type { Random } from "./random.ts";
import type { Instance, Operation, Statement, Topology } from "./topology.ts";

/** A span of a trace; parents come before their children. */
export interface PlannedSpan {
  readonly role: SpanRole;
  /** Position of the parent in the trace; -1 for the root. */
  readonly parent: number;
  /** What it is part of. */
  readonly operation: Operation;
  readonly instance: Instance;
  /** Of a call: what is asked for. */
  readonly callee?: Operation;
  /** Of a database span. */
  readonly statement?: Statement;
  readonly failed: boolean;
  /** Whether the failure is recorded here, as an event. */
  readonly hasException: boolean;
  /** Since the trace's start, in nanoseconds. */
  readonly startNano: number;
  readonly endNano: number;
}

type Draft = { -readonly [Key in keyof PlannedSpan]: PlannedSpan[Key] };

const FAILED_TRACES = 0.06;
const FAILURE_PASSED_ON = 0.85;
const EXCEPTION_PASSED_ON = 0.3;
const PARALLEL_CALLS = 0.3;
const INTERNAL_SPANS = 0.4;

/** A trace of exactly so many spans. */
export function planTrace(
  random: Random,
  { topology, keys, spans }: { topology: Topology; keys: KeySet; spans: number },
): PlannedSpan[] {
  const trace = new CallTree(random, keys, spans);
  trace.grow(random.pick(topology.services[0]!.operations));
  if (random.chance(FAILED_TRACES)) fail(random, trace.spans);
  setTimes(random, trace.spans);
  return trace.spans;
}

/** Who calls whom, until there are as many spans as there shall be. */
class CallTree {
  readonly spans: Draft[] = [];
  readonly #random: Random;
  readonly #keys: KeySet;
  readonly #limit: number;
  /** Spans whose operation has not begun to call others yet. */
  readonly #waiting: number[] = [];

  constructor(random: Random, keys: KeySet, limit: number) {
    this.#random = random;
    this.#keys = keys;
    this.#limit = limit;
  }

  grow(entry: Operation): void {
    this.#serve("httpServer", -1, entry);
    while (!this.#full()) {
      const next = this.#waiting.shift();
      if (next === undefined) this.#loop();
      else this.#perform(next);
    }
  }

  #full(): boolean {
    return this.spans.length >= this.#limit;
  }

  #add(role: SpanRole, parent: number, more: Partial<Draft> & { operation: Operation }): number {
    const home = this.spans[parent];
    const instance =
      home?.operation.service === more.operation.service
        ? home.instance
        : this.#random.pick(more.operation.service.instances);
    const rest = { failed: false, hasException: false, startNano: 0, endNano: 0 };
    return this.spans.push({ role, parent, instance, ...rest, ...more }) - 1;
  }

  #serve(role: "httpServer" | "rpcServer" | "consumer", parent: number, operation: Operation) {
    this.#waiting.push(this.#add(role, parent, { operation }));
  }

  /** What an operation does: steps of its own, queries, calls. */
  #perform(server: number): void {
    const { operation } = this.spans[server]!;
    let parent = server;
    if (!this.#full() && this.#random.chance(INTERNAL_SPANS)) {
      parent = this.#add("internal", server, { operation });
    }
    for (const statement of operation.statements) this.#query(parent, statement);
    for (const callee of operation.calls) {
      if (this.#full()) return;
      this.#call(parent, callee);
    }
  }

  #query(parent: number, statement: Statement): void {
    if (this.#full()) return;
    const { operation } = this.spans[parent]!;
    if (this.#keys.protocols.includes("database")) {
      this.#add("database", parent, { operation, statement });
    } else this.#add("internal", parent, { operation });
  }

  #call(parent: number, callee: Operation): void {
    const { operation } = this.spans[parent]!;
    const { protocol } = callee.service;
    const [asking, asked] = {
      http: ["httpClient", "httpServer"] as const,
      rpc: ["rpcClient", "rpcServer"] as const,
      messaging: ["producer", "consumer"] as const,
    }[protocol];
    const call = this.#add(asking, parent, { operation, callee });
    if (!this.#full()) this.#serve(asked, call, callee);
  }

  /** One of the operations asks once more, or for each item of a list, as programs do. */
  #loop(): void {
    const callers = this.spans.flatMap(({ role }, i) => (isCaller(role) ? [i] : []));
    const caller = this.#random.pick(callers);
    const { statements, calls } = this.spans[caller]!.operation;
    if (calls.length > 0 && this.#random.chance(0.3)) {
      this.#call(caller, this.#random.pick(calls));
      return;
    }
    const statement = statements.length > 0 ? this.#random.pick(statements) : anyStatement;
    for (let n = this.#random.between(1, 12); n > 0; n--) this.#query(caller, statement);
  }
}

const anyStatement: Statement = {
  operation: "SELECT",
  collection: "settings",
  text: "SELECT value FROM settings WHERE name = $1",
};

function isCaller(role: SpanRole): boolean {
  return (
    role === "httpServer" || role === "rpcServer" || role === "consumer" || role === "internal"
  );
}

/** Something goes wrong somewhere, and most of those who asked for it fail as well. */
function fail(random: Random, spans: Draft[]): void {
  let at = random.below(spans.length);
  spans[at]!.failed = spans[at]!.hasException = true;
  for (;;) {
    const { parent, role } = spans[at]!;
    if (parent === -1 || role === "consumer" || !random.chance(FAILURE_PASSED_ON)) return;
    spans[parent]!.failed = true;
    spans[parent]!.hasException =
      isCaller(spans[parent]!.role) && random.chance(EXCEPTION_PASSED_ON);
    at = parent;
  }
}

/** Own time of a span, the median in nanoseconds. */
const ownNano: Readonly<Record<SpanRole, number>> = {
  httpServer: 900_000,
  httpClient: 500_000,
  rpcServer: 500_000,
  rpcClient: 300_000,
  database: 1_200_000,
  producer: 700_000,
  consumer: 2_000_000,
  internal: 250_000,
};

function setTimes(random: Random, spans: Draft[]): void {
  const children: number[][] = spans.map(() => []);
  for (const [i, { parent }] of spans.entries()) children[parent]?.push(i);
  const durations: number[] = [];
  /** A span's start since its parent's start. */
  const delays: number[] = [0];
  for (let i = spans.length - 1; i >= 0; i--) {
    durations[i] = arrange(random, { span: i, spans, children: children[i]!, durations, delays });
  }
  for (const [i, span] of spans.entries()) {
    const parentStart = spans[span.parent]?.startNano ?? 0;
    span.startNano = parentStart + delays[i]!;
    span.endNano = span.startNano + durations[i]!;
  }
}

interface Arranging {
  readonly span: number;
  readonly spans: readonly PlannedSpan[];
  readonly children: readonly number[];
  readonly durations: readonly number[];
  readonly delays: number[];
}

/** Lays a span's children one after the other, or side by side; gives back its own duration. */
function arrange(random: Random, { span, spans, children, durations, delays }: Arranging): number {
  const own = Math.ceil(random.logNormal(ownNano[spans[span]!.role], 0.7));
  const before = Math.floor(own * random.next());
  const parallel = random.chance(PARALLEL_CALLS);
  const gap = Math.floor((own - before) / (children.length + 1));
  let [next, end] = [before, before];
  for (const child of children) {
    if (spans[child]!.role === "consumer") continue;
    delays[child] = next;
    end = Math.max(end, next + durations[child]!);
    next = parallel ? next + Math.floor(gap / 4) : end + gap;
  }
  const duration = end + own - before;
  for (const child of children) {
    if (spans[child]!.role !== "consumer") continue;
    delays[child] = duration + Math.ceil(random.logNormal(4e6, 1));
  }
  return duration;
}
