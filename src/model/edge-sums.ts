/** Calls added up by minute and edge of the service graph. */
import { grown } from "../base/growable.ts";
import { PairTable } from "../base/pair-table.ts";
import { bucketOf, buckets, type LatencyHistogram } from "./latency-buckets.ts";

/** How two nodes are connected. */
export const connections = [
  /** Service to service. */
  "call",
  /** Service to service, by a message. */
  "messaging",
  /** Service to queue. */
  "send",
  /** Queue to service. */
  "receive",
  /** Service to database. */
  "database",
  /** Service to somebody who sends no spans. */
  "peer",
  /** Somebody who sends no spans to service. */
  "caller",
  /** Service to nobody known: a call that no span answers and that does not say whom it is to. */
  "unpaired",
] as const;
/** One of `connections`. */
export type Connection = (typeof connections)[number];

/** One call. Names are numbers, of the same list for all calls of a tenant. */
export interface Call {
  readonly client: number;
  readonly server: number;
  readonly connection: Connection;
  /** The queue of a message, if its sender names one. */
  readonly via: number;
  readonly isFailed: boolean;
  /** How many calls it stands for. */
  readonly weight: number;
  /** How long it took, as either side saw it; undefined without a span of that side. */
  readonly clientNano: number | undefined;
  readonly serverNano: number | undefined;
}

/** What one side saw of all calls of an edge. */
export interface EdgeSide {
  /** Those that have a span of this side. */
  readonly calls: number;
  readonly nano: number;
  readonly histogram: LatencyHistogram;
}

/** An edge in one minute. */
export interface EdgeSum {
  readonly tenant: number;
  /** When the minute began, in seconds since 1970. */
  readonly minute: number;
  readonly client: number;
  readonly server: number;
  readonly connection: Connection;
  readonly via: number;
  readonly calls: number;
  readonly failed: number;
  readonly clientSide: EdgeSide;
  readonly serverSide: EdgeSide;
}

const SIDES = 2;
const EDGES = 256;

/** See the head of the file. */
export class EdgeSums {
  readonly #nodes = new PairTable(); // (client, server)
  readonly #ways = new PairTable(); // (connection, via)
  readonly #edges = new PairTable(); // (nodes, way)
  readonly #places = new PairTable(); // (tenant, minute)
  readonly #rows = new PairTable(); // (edge, place)
  readonly #cells = new PairTable(); // (row and side, bucket)
  #calls = new Float64Array(EDGES);
  #failed = new Float64Array(EDGES);
  #sideCalls = new Float64Array(SIDES * EDGES);
  #sideNano = new Float64Array(SIDES * EDGES);
  #cellCalls = new Float64Array(EDGES);

  /** Edges and minutes so far. */
  get size(): number {
    return this.#rows.size;
  }

  /** Adds a call that counts in a minute. */
  add(tenant: number, minute: number, call: Call): void {
    const { client, server, connection, via, isFailed, weight, clientNano, serverNano } = call;
    const edge = this.#edges.number(
      this.#nodes.number(client, server),
      this.#ways.number(connections.indexOf(connection), via),
    );
    const row = this.#rows.number(edge, this.#places.number(tenant, minute));
    this.#calls = grown(this.#calls, row + 1);
    this.#failed = grown(this.#failed, row + 1);
    this.#calls[row]! += weight;
    if (isFailed) this.#failed[row]! += weight;
    this.#addSide(SIDES * row, clientNano, weight);
    this.#addSide(SIDES * row + 1, serverNano, weight);
  }

  #addSide(side: number, nano: number | undefined, weight: number): void {
    this.#sideCalls = grown(this.#sideCalls, side + 1);
    this.#sideNano = grown(this.#sideNano, side + 1);
    if (nano === undefined) return;
    this.#sideCalls[side]! += weight;
    this.#sideNano[side]! += weight * nano;
    const cell = this.#cells.number(side, bucketOf(nano) - buckets.lowest);
    this.#cellCalls = grown(this.#cellCalls, cell + 1);
    this.#cellCalls[cell]! += weight;
  }

  /** All that was added, in no particular order. */
  sums(): EdgeSum[] {
    const histograms = this.#histograms();
    const side = (number: number): EdgeSide => ({
      calls: this.#sideCalls[number]!,
      nano: this.#sideNano[number]!,
      histogram: histograms[number] ?? { buckets: [], counts: [] },
    });
    return Array.from({ length: this.size }, (_, row): EdgeSum => {
      const edge = this.#rows.first[row]!;
      const place = this.#rows.second[row]!;
      const nodes = this.#edges.first[edge]!;
      const way = this.#edges.second[edge]!;
      return {
        tenant: this.#places.first[place]!,
        minute: this.#places.second[place]!,
        client: this.#nodes.first[nodes]!,
        server: this.#nodes.second[nodes]!,
        connection: connections[this.#ways.first[way]!]!,
        via: this.#ways.second[way]!,
        calls: this.#calls[row]!,
        failed: this.#failed[row]!,
        clientSide: side(SIDES * row),
        serverSide: side(SIDES * row + 1),
      };
    });
  }

  /** By side: its cells, ascending. */
  #histograms(): LatencyHistogram[] {
    const { first: side, second: bucket } = this.#cells;
    const cells: [bucket: number, calls: number][][] = [];
    for (let cell = 0; cell < this.#cells.size; cell++) {
      const of = (cells[side[cell]!] ??= []);
      of.push([bucket[cell]! + buckets.lowest, this.#cellCalls[cell]!]);
    }
    return cells.map((of) => {
      of.sort(([a], [b]) => a - b);
      return { buckets: of.map(([bucket]) => bucket), counts: of.map(([, calls]) => calls) };
    });
  }
}
