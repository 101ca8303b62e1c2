/**
 * Who calls whom, by spans and their parents. docs/graph.md has the rules.
 *
 *     gateway  SERVER ├────────────────────┤          user ─▶ gateway
 *              CLIENT   ├───────────────┤             gateway ─▶ cart
 *     cart     SERVER     ├───────────┤
 *              CLIENT       ├──────┤                  cart ─▶ postgresql/carts
 *
 * Passes over all spans find whom each works for, and so which calls were answered; the last one makes
 * edges of the spans that are asked for.
 */
import { type CallSpans, NO_ID, roles } from "./call-spans.ts";
import type { Call, Connection, EdgeSums } from "./edge-sums.ts";

/** Whom requests come from that nobody sent, as far as spans tell. */
const USER = "user";
/** Whom calls come from whose spans are not there. */
const UNKNOWN = "unknown";

const NONE = -1;
/** Spans of one id that are looked at; a sender that repeats one id for ever costs no more. */
const SHARED_ID_SPANS = 32;
/** How far above a span the call is looked for that it is a part of. */
const CLIMB = 8;
const STEP_SPANS = 2000;

/** Adds the edges of all spans that are asked for to `sums`, in steps of about a millisecond. */
export function* addServiceEdges(spans: CallSpans, sums: EdgeSums): Generator<undefined, void> {
  const edges = new Edges(spans, sums);
  const passes = [
    (row: number) => edges.file(row),
    (row: number) => edges.relate(row),
    (row: number) => edges.link(row),
    (row: number) => edges.emit(row),
  ];
  for (const pass of passes) {
    for (let row = 0; row < spans.length; row++) {
      pass(row);
      if (row % STEP_SPANS === STEP_SPANS - 1) yield;
    }
  }
}

/** Whom a span works for. Of `sender` and `nested` it is a call, of `other` a span of another service
 * that does not show its call. */
const relations = { repeated: 0, none: 1, own: 2, nested: 3, sender: 4, other: 5 } as const;

class Edges {
  readonly #spans: CallSpans;
  readonly #sums: EdgeSums;
  /** By id: its latest span; by span: the next one of the same id. */
  readonly #first: Int32Array;
  readonly #next: Int32Array;
  readonly #relation: Uint8Array;
  /** The row of whom a span works for. */
  readonly #with: Int32Array;
  /** Calls that somebody else works for, and polls whose messages are dealt with in spans of their own. */
  readonly #isAnswered: Uint8Array;
  readonly #user: number;
  readonly #unknown: number;

  constructor(spans: CallSpans, sums: EdgeSums) {
    this.#spans = spans;
    this.#sums = sums;
    this.#first = new Int32Array(spans.ids).fill(NONE);
    this.#next = new Int32Array(spans.length).fill(NONE);
    this.#relation = new Uint8Array(spans.length);
    this.#with = new Int32Array(spans.length).fill(NONE);
    this.#isAnswered = new Uint8Array(spans.length);
    this.#user = spans.names.number(USER);
    this.#unknown = spans.names.number(UNKNOWN);
  }

  /** Files a span under its id; one that a sender's retry left behind is left out. */
  file(row: number): void {
    const { own, role, service } = this.#spans;
    const id = own[row]!;
    const first = this.#first[id]!;
    for (let at = first, i = 0; at !== NONE && i < SHARED_ID_SPANS; at = this.#next[at]!, i++) {
      if (role[at] === role[row] && service[at] === service[row]) return;
    }
    this.#next[row] = first;
    this.#first[id] = row;
    this.#relation[row] = relations.none;
  }

  /** Finds whom a span works for. */
  relate(row: number): void {
    if (this.#relation[row] === relations.repeated) return;
    const { own, up, role, service } = this.#spans;
    const receives = role[row] === roles.server || role[row] === roles.consumer;
    const half = receives ? this.#senderOf(own[row]!) : NONE;
    if (half !== NONE) return this.#pair(row, half);
    const parent = this.#parent(row, up[row]!);
    if (parent === NONE) return;
    const isOwn = service[parent] === service[row];
    if (isOwn && !this.#isSender(parent)) {
      this.#relation[row] = relations.own;
      if (role[parent] === roles.poll && role[row] === roles.consumer) this.#isAnswered[parent] = 1;
    } else if (isOwn && !receives) {
      this.#relation[row] = relations.nested;
    } else {
      const call = this.#isSender(parent) ? parent : this.#callAbove(parent);
      if (call !== NONE) return this.#pair(row, call);
      this.#relation[row] = relations.other;
      this.#with[row] = parent;
    }
  }

  /** Finds the calls that a span answers by its links. */
  link(row: number): void {
    if (this.#relation[row] === relations.repeated || !this.#takes(row)) return;
    for (const sender of this.#linked(row)) this.#answer(sender);
  }

  /** Adds the edges of a span that is asked for: where the work came from, and whom it asked. */
  emit(row: number): void {
    if (this.#relation[row] === relations.repeated || this.#spans.isAsked[row] === 0) return;
    this.#incoming(row);
    if (this.#takes(row)) {
      for (const sender of this.#linked(row)) this.#addPair(row, sender, true);
      const queue = this.#queueOf(row);
      if (queue !== 0) this.#addFrom("receive", queue, row);
    } else if (this.#isSender(row)) {
      this.#outgoing(row);
    }
  }

  #incoming(row: number): void {
    const { service, up, role, target, links } = this.#spans;
    const from = this.#with[row]!;
    const relation = this.#relation[row];
    if (relation === relations.sender) {
      this.#addPair(row, from, role[from] === roles.message || this.#isOfMessage(row));
    } else if (relation === relations.other) {
      this.#addFrom(this.#isOfMessage(row) ? "messaging" : "call", service[from]!, row);
    } else if (relation === relations.none) {
      const isServer = role[row] === roles.server;
      const isLost = this.#takes(row) && target[row] === 0 && !links.has(row);
      if (!isServer && !isLost) return;
      const caller = up[row] === NO_ID && isServer ? this.#user : this.#unknown;
      this.#addFrom("caller", target[row] === 0 ? caller : target[row]!, row);
    }
  }

  #outgoing(row: number): void {
    const { role, target } = this.#spans;
    const to = target[row]!;
    if (role[row] === roles.message && to !== 0) return this.#addTo("send", row, to);
    if (this.#relation[row] === relations.nested || this.#isAnswered[row] === 1) return;
    if (to === 0) return this.#addTo("unpaired", row, to);
    this.#addTo(role[row] === roles.database ? "database" : "peer", row, to);
  }

  /** Whose messages a span links to, beside the one that it is a child of. */
  #linked(row: number): number[] {
    const { links, up } = this.#spans;
    const ids = (links.get(row) ?? []).filter((id) => id !== up[row]);
    return ids.map((id) => this.#senderOf(id)).filter((sender) => sender !== NONE);
  }

  #addPair(row: number, sender: number, isOfMessage: boolean): void {
    const { service, isFailed, weight, nano, role, target } = this.#spans;
    this.#add(row, {
      client: service[sender]!,
      server: service[row]!,
      connection: isOfMessage ? "messaging" : "call",
      via: isOfMessage && role[sender] === roles.message ? target[sender]! : 0,
      isFailed: isFailed[row] === 1 || isFailed[sender] === 1,
      // Samplers that agree keep both if they keep the rarer one.
      weight: Math.max(weight[row]!, weight[sender]!),
      clientNano: nano[sender]!,
      serverNano: nano[row]!,
    });
  }

  #addTo(connection: Connection, row: number, server: number): void {
    const { service, nano } = this.#spans;
    const sides = { client: service[row]!, server, clientNano: nano[row]!, serverNano: undefined };
    this.#addAlone(connection, row, sides);
  }

  #addFrom(connection: Connection, client: number, row: number): void {
    const { service, nano } = this.#spans;
    const sides = { client, server: service[row]!, clientNano: undefined, serverNano: nano[row]! };
    this.#addAlone(connection, row, sides);
  }

  #addAlone(
    connection: Connection,
    row: number,
    sides: Pick<Call, "client" | "server" | "clientNano" | "serverNano">,
  ): void {
    const { isFailed, weight } = this.#spans;
    const rest = { connection, via: 0, isFailed: isFailed[row] === 1, weight: weight[row]! };
    this.#add(row, { ...sides, ...rest });
  }

  #add(row: number, call: Call): void {
    this.#sums.add(this.#spans.tenant[row]!, this.#spans.minute[row]!, call);
  }

  /** Notes that a call was answered, and so were the calls that it is a part of. */
  #answer(call: number): void {
    for (let at = call, steps = 0; at !== NONE && steps < CLIMB; steps++) {
      if (this.#isAnswered[at] === 1) return;
      this.#isAnswered[at] = 1;
      at = this.#callAbove(at);
    }
  }

  #pair(row: number, sender: number): void {
    this.#relation[row] = relations.sender;
    this.#with[row] = sender;
    this.#answer(sender);
  }

  /** The nearest call of the same service that a span is part of, with only work of its own between. */
  #callAbove(row: number): number {
    const { up, role, service } = this.#spans;
    for (let at = row, steps = 0; steps < CLIMB; steps++) {
      const isPassable = role[at] === roles.inner || (at === row && this.#isSender(at));
      const parent = isPassable ? this.#parent(at, up[at]!) : NONE;
      if (parent === NONE || service[parent] !== service[row]) return NONE;
      if (this.#isSender(parent)) return parent;
      at = parent;
    }
    return NONE;
  }

  /** The span of an id that suits a child best: of its service, and rather the half that received. */
  #parent(row: number, id: number): number {
    if (id === NO_ID) return NONE;
    let best = NONE;
    let at = this.#first[id]!;
    for (let i = 0; at !== NONE && i < SHARED_ID_SPANS; at = this.#next[at]!, i++) {
      if (at !== row && (best === NONE || this.#suits(row, at, best))) best = at;
    }
    return best;
  }

  /** Whether one span suits a child better than another does. */
  #suits(row: number, one: number, other: number): boolean {
    const { service } = this.#spans;
    const fitness = (parent: number): number =>
      (service[parent] === service[row] ? 2 : 0) + (this.#isSender(parent) ? 0 : 1);
    return (
      fitness(one) > fitness(other) ||
      (fitness(one) === fitness(other) && this.#isBefore(one, other))
    );
  }

  /** The call or message with an id. */
  #senderOf(id: number): number {
    let best = NONE;
    let at = this.#first[id]!;
    for (let i = 0; at !== NONE && i < SHARED_ID_SPANS; at = this.#next[at]!, i++) {
      if (this.#isSender(at) && (best === NONE || this.#isBefore(at, best))) best = at;
    }
    return best;
  }

  /** An order of spans that does not depend on the order in which they were read. */
  #isBefore(one: number, other: number): boolean {
    const { service, role } = this.#spans;
    const [first, second] = [one, other].map((row) => this.#spans.names.text(service[row]!));
    return first! < second! || (first === second && role[one]! < role[other]!);
  }

  /** The queue that a message was taken from: its consumer knows, or who sent it. */
  #queueOf(row: number): number {
    const { target, role } = this.#spans;
    const from = this.#with[row]!;
    if (target[row] !== 0 || this.#relation[row] !== relations.sender) return target[row]!;
    return role[from] === roles.message ? target[from]! : 0;
  }

  #isOfMessage(row: number): boolean {
    const role = this.#spans.role[row];
    return role === roles.consumer || role === roles.poll;
  }

  /** Whether a message is dealt with here. */
  #takes(row: number): boolean {
    const role = this.#spans.role[row];
    return role === roles.consumer || (role === roles.poll && this.#isAnswered[row] === 0);
  }

  #isSender(row: number): boolean {
    return this.#spans.role[row]! >= roles.message;
  }
}
