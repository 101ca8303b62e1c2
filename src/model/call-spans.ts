/**
 * Spans as the service graph sees them: who each is part of, which part it has in a call, and what is
 * known of the other side. Columns, since there are millions; filled from rows of the store.
 */
import { grown } from "../base/growable.ts";
import type { Names } from "../base/names.ts";
import { PairTable } from "../base/pair-table.ts";

/** Parts that a span may have in calls. Those from `message` on ask somebody else for something. */
export const roles = {
  /** Work of a service's own. */
  inner: 0,
  /** Answers a call. */
  server: 1,
  /** Deals with a message. */
  consumer: 2,
  /** Asks a broker for messages. */
  poll: 3,
  /** Tells a broker of messages that have spans of their own: sends or settles them. */
  broker: 4,
  /** Sends a message. */
  message: 5,
  /** Calls somebody. */
  call: 6,
  /** Calls a database. */
  database: 7,
} as const;

/** The number of no id: the parent of a root. */
export const NO_ID = 0xffff_ffff;

/** One span; ids are numbers that `CallSpans.id` has given. */
export interface CallSpan {
  readonly tenant: number;
  readonly own: number;
  /** Of the parent; NO_ID without. */
  readonly up: number;
  readonly role: number;
  readonly service: number;
  /** Name of a queue, a database or who is called, of a server of who calls, as far as the span tells; a
   * number like the service's. */
  readonly target: number;
  readonly isFailed: boolean;
  readonly nano: number;
  /** How many spans it stands for. */
  readonly weight: number;
  /** When the minute began that it counts in, in seconds since 1970. */
  readonly minute: number;
  /** Whether its edges are asked for; others are there to find partners. */
  readonly isAsked: boolean;
}

const SPANS = 1024;

/** See the head of the file. */
export class CallSpans {
  length = 0;
  tenant = new Uint32Array(SPANS);
  own = new Uint32Array(SPANS);
  up = new Uint32Array(SPANS);
  role = new Uint8Array(SPANS);
  service = new Uint32Array(SPANS);
  target = new Uint32Array(SPANS);
  isFailed = new Uint8Array(SPANS);
  nano = new Float64Array(SPANS);
  weight = new Float64Array(SPANS);
  minute = new Uint32Array(SPANS);
  isAsked = new Uint8Array(SPANS);
  /** By row, of those that deal with messages and link: the ids that they link to, each once. */
  readonly links = new Map<number, readonly number[]>();
  /** Of services, tenants, and whatever else has a name. */
  readonly names: Names;
  readonly #ids = new PairTable();

  constructor(names: Names) {
    this.names = names;
  }

  /** How many different ids there are; they are numbered from 0. */
  get ids(): number {
    return this.#ids.size;
  }

  /** The number of an id, given as two 32-bit numbers. */
  id(low: number, high: number): number {
    return this.#ids.number(low, high);
  }

  /** Whether somebody deals with a message here that nobody here has sent. */
  hasFarSenders(): boolean {
    const known = new Uint8Array(this.ids);
    for (let row = 0; row < this.length; row++) known[this.own[row]!] = 1;
    for (let row = 0; row < this.length; row++) {
      if (this.isAsked[row] === 0 || this.role[row] !== roles.consumer) continue;
      if (this.up[row] !== NO_ID && known[this.up[row]!] === 0) return true;
    }
    return [...this.links].some(
      ([row, ids]) => this.isAsked[row] === 1 && ids.some((id) => known[id] === 0),
    );
  }

  /** Adds a span, and gives its row. */
  add(span: CallSpan): number {
    const row = this.length++;
    if (row === this.own.length) this.#grow();
    this.tenant[row] = span.tenant;
    this.own[row] = span.own;
    this.up[row] = span.up;
    this.role[row] = span.role;
    this.service[row] = span.service;
    this.target[row] = span.target;
    this.isFailed[row] = span.isFailed ? 1 : 0;
    this.nano[row] = span.nano;
    this.weight[row] = span.weight;
    this.minute[row] = span.minute;
    this.isAsked[row] = span.isAsked ? 1 : 0;
    return row;
  }

  #grow(): void {
    const spans = this.length;
    this.tenant = grown(this.tenant, spans);
    this.own = grown(this.own, spans);
    this.up = grown(this.up, spans);
    this.role = grown(this.role, spans);
    this.service = grown(this.service, spans);
    this.target = grown(this.target, spans);
    this.isFailed = grown(this.isFailed, spans);
    this.nano = grown(this.nano, spans);
    this.weight = grown(this.weight, spans);
    this.minute = grown(this.minute, spans);
    this.isAsked = grown(this.isAsked, spans);
  }
}
