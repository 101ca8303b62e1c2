/**
 * Counters of calls between services since this process began, under the names and with the labels that
 * Grafana Tempo's metrics generator gives them. Source: grafana.com/docs/tempo, "Service graphs".
 *
 *     a slice of five minutes, computed ──▶ less what of it was counted before ──▶ counters ─▶ text
 *
 * A slice may be computed again. What it has more of is added, and what it has less of, since a call was
 * unpaired and is not any more, stays: counters never go back.
 */
import type { Names } from "../base/names.ts";
import type { Connection, EdgeSide, EdgeSum } from "../model/edge-sums.ts";
import { bucketMiddleNano } from "../model/latency-buckets.ts";
import { type Family, type Labels, sortLabels } from "./family.ts";

const FIRST_BOUND_SECONDS = 0.1;
const BOUNDS = 8;
const NANO_PER_SECOND = 1e9;

/** Tempo's, in seconds: 100 ms and twice as much each time, up to 12.8 s. */
const bounds: readonly number[] = Array.from(
  { length: BOUNDS },
  (_, doublings) => FIRST_BOUND_SECONDS * 2 ** doublings,
);

/** What is counted of an edge, in one array: calls, failed ones, and of either side the sum of its times and
 * how many are in each bucket. */
const places = {
  calls: 0,
  failed: 1,
  unpaired: 2,
  server: 3,
  client: 3 + 1 + (BOUNDS + 1),
  count: 3 + 2 * (1 + (BOUNDS + 1)),
} as const;
/** Calls, failed ones, and of two histograms their buckets, sum and count. */
const SERIES_OF_AN_EDGE = 2 + 2 * (BOUNDS + 1 + 2);
/** Slices of so many seconds are remembered, so that it is known what is new when they come again. */
export const REMEMBERED_SECONDS = 3600;

/** How Tempo calls connections. Ways through a queue it does not know. */
const connectionTypes: Readonly<Record<Connection, string | undefined>> = {
  call: "",
  messaging: "messaging_system",
  database: "database",
  peer: "virtual_node",
  caller: "virtual_node",
  unpaired: "",
  send: undefined,
  receive: undefined,
};

interface Counters {
  readonly labels: Labels;
  readonly values: Float64Array;
}

/** Edges of a slice of the service graph, as they are now. */
export interface SliceEdges {
  /** When it begins, in seconds since 1970. */
  readonly slice: number;
  readonly edges: readonly EdgeSum[];
  readonly names: Names;
}

/** The counters of one tenant. */
export class GraphMetrics {
  readonly #maxEdges: number;
  readonly #edges = new Map<string, Counters>();
  readonly #overflow = newCounters([["metric_overflow", "true"]]);
  /** By slice and edge: what was counted. */
  readonly #slices = new Map<number, Map<string, Float64Array>>();

  /** Keeps no more series than that, but for those of one more edge that counts what there is no room for. */
  constructor(maxSeries: number) {
    this.#maxEdges = Math.floor(maxSeries / SERIES_OF_AN_EDGE);
  }

  /** Adds the edges of a slice; gives how many calls there was no room to tell apart from others. */
  add({ slice, edges, names }: SliceEdges): number {
    const before = this.#slices.get(slice) ?? new Map<string, Float64Array>();
    const now = new Map<string, Float64Array>();
    for (const edge of edges) {
      const labels = labelsOf(edge, names);
      if (labels === undefined) continue;
      const key = JSON.stringify(labels);
      const values = now.get(key) ?? new Float64Array(places.count);
      now.set(key, values);
      addEdge(values, edge, isUnpaired(edge, names));
    }
    let overflow = 0;
    for (const [key, values] of now) overflow += this.#count(key, values, before.get(key));
    for (const [key, values] of before) if (!now.has(key)) now.set(key, values);
    this.#slices.set(slice, now);
    for (const old of this.#slices.keys()) {
      if (old < slice - REMEMBERED_SECONDS) this.#slices.delete(old);
    }
    return overflow;
  }

  /** Counts what `values` are more than before, and makes them as much as was counted. */
  #count(key: string, values: Float64Array, before: Float64Array | undefined): number {
    const counters = this.#find(key);
    let calls = 0;
    for (let i = 0; i < values.length; i++) {
      const counted = before?.[i] ?? 0;
      const more = Math.max(0, values[i]! - counted);
      values[i] = counted + more;
      counters.values[i]! += more;
      if (i === places.calls) calls = more;
    }
    return counters === this.#overflow ? calls : 0;
  }

  #find(key: string): Counters {
    let found = this.#edges.get(key);
    if (found !== undefined) return found;
    if (this.#edges.size >= this.#maxEdges) return this.#overflow;
    found = newCounters(JSON.parse(key) as Labels);
    this.#edges.set(key, found);
    return found;
  }

  /** All metrics, as they are when they are read. */
  families(): Family[] {
    const all = [...this.#edges.values(), this.#overflow];
    const some = (place: number): Counters[] => all.filter(({ values }) => values[place]! > 0);
    const calls = some(places.calls);
    const counter = (name: string, help: string, of: Counters[], place: number): Family => ({
      kind: "counter",
      name: `traces_service_graph_${name}`,
      help,
      points: of.map(({ labels, values }) => ({ labels, value: values[place]! })),
    });
    const histogram = (name: string, help: string, place: number): Family => {
      const points = calls
        .map(({ labels, values }) => ({
          labels,
          counts: values.subarray(place + 1, place + 1 + BOUNDS + 1),
          sum: values[place]!,
          exemplars: [],
        }))
        .filter(({ counts }) => counts.some((count) => count > 0));
      return { kind: "histogram", name: `traces_service_graph_${name}`, help, bounds, points };
    };
    const lonely = "Calls of which only one side has a span, and no name for the other.";
    return [
      counter("request", "Calls between two nodes.", calls, places.calls),
      counter("request_failed", "Calls that failed.", calls, places.failed),
      histogram("request_server_seconds", "Their time as the server saw it.", places.server),
      histogram("request_client_seconds", "Their time as the client saw it.", places.client),
      counter("unpaired_spans", lonely, some(places.unpaired), places.unpaired),
    ];
  }
}

function newCounters(labels: Labels): Counters {
  return { labels, values: new Float64Array(places.count) };
}

/** Whether nothing is known of one side. */
function isUnpaired({ connection, client }: EdgeSum, names: Names): boolean {
  return connection === "unpaired" || (connection === "caller" && names.text(client) === "unknown");
}

function labelsOf(edge: EdgeSum, names: Names): Labels | undefined {
  const type = connectionTypes[edge.connection];
  if (type === undefined) return undefined;
  const isLonely = isUnpaired(edge, names);
  return sortLabels([
    ["client", isLonely && edge.connection === "caller" ? "" : names.text(edge.client)],
    ["connection_type", isLonely ? "" : type],
    ["server", names.text(edge.server)],
  ]);
}

function addEdge(values: Float64Array, edge: EdgeSum, isLonely: boolean): void {
  const { calls, failed, connection, clientSide, serverSide } = edge;
  if (isLonely) {
    values[places.unpaired]! += calls;
    return;
  }
  values[places.calls]! += calls;
  values[places.failed]! += failed;
  addSide(values, places.client, clientSide);
  // Who sends no spans took as long as it seemed.
  const isSilent = connection === "database" || connection === "peer";
  addSide(values, places.server, isSilent ? clientSide : serverSide);
}

function addSide(values: Float64Array, place: number, { nano, histogram }: EdgeSide): void {
  values[place]! += nano / NANO_PER_SECOND;
  for (const [i, bucket] of histogram.buckets.entries()) {
    const seconds = bucketMiddleNano(bucket) / NANO_PER_SECOND;
    const bound = bounds.findIndex((upper) => seconds <= upper);
    values[place + 1 + (bound === -1 ? BOUNDS : bound)]! += histogram.counts[i]!;
  }
}
