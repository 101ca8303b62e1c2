/**
 * Metrics as Prometheus remote write takes them. Source: prometheus.io/docs/specs/prw/remote_write_spec
 * (1.0), prompb/remote.proto and types.proto.
 */
import { ProtoWriter } from "../base/protobuf.ts";
import { type Exemplar, type Family, type Labels, sortLabels } from "./family.ts";

/** When metrics are collected, and what all series get besides. */
export interface Collection {
  readonly atMs: number;
  /** The collection before this, or when counting began. */
  readonly beforeMs: number;
  readonly labels: Labels;
  readonly requestSeries: number;
}

/** An encoded WriteRequest, not compressed. */
export interface WriteRequest {
  readonly bytes: Uint8Array;
  readonly samples: number;
}

/** Series that do not change for so long are not sent any more, until they do. */
const IDLE_MS = 900_000;

const metadataTypes = { counter: 1, histogram: 3 } as const;

interface Sent {
  readonly value: number;
  readonly changedMs: number;
}

/**
 * Makes requests of one tenant's metrics, time after time. A series that is new is sent with a zero at
 * the time of the collection before, when it was not there: else the first that it counts would not be
 * seen in a rate.
 */
export class WriteRequests {
  /** By name, and then by the labels as the family has them. */
  readonly #sent = new Map<string, WeakMap<Labels, Sent>>();

  /** Everything that there is to send. A step makes a point into series, and sometimes a request. */
  *collect(
    families: readonly Family[],
    collection: Collection,
  ): Generator<undefined, readonly WriteRequest[]> {
    const requests: WriteRequest[] = [];
    let batch = new RequestWriter(collection);
    const next = (): void => {
      if (batch.series > 0) requests.push(batch.finish());
      batch = new RequestWriter(collection);
    };
    for (const family of families) {
      batch.metadata(family);
      for (const point of family.points) {
        const value = "value" in point ? point.value : sum(point.counts);
        const isNew = this.#note(family.name, point.labels, value, collection.atMs);
        if (isNew === undefined) continue;
        if (family.kind === "counter") batch.counter(family, point.labels, { value, isNew });
        else if ("counts" in point) batch.histogram(family, point, isNew);
        if (batch.series >= collection.requestSeries) next();
        yield;
      }
    }
    next();
    return requests;
  }

  /** Whether the series is new; undefined if it need not be sent. */
  #note(name: string, labels: Labels, value: number, atMs: number): boolean | undefined {
    let ofName = this.#sent.get(name);
    if (ofName === undefined) this.#sent.set(name, (ofName = new WeakMap()));
    const before = ofName.get(labels);
    if (before?.value === value) return atMs - before.changedMs < IDLE_MS ? false : undefined;
    ofName.set(labels, { value, changedMs: atMs });
    return before === undefined;
  }
}

function sum(counts: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i]!;
  return total;
}

type Histogram = Extract<Family, { kind: "histogram" }>;
type HistogramPoint = Histogram["points"] extends Iterable<infer Point> ? Point : never;

interface Value {
  readonly value: number;
  readonly isNew: boolean;
  readonly exemplar?: Exemplar | undefined;
}

class RequestWriter {
  series = 0;
  readonly #collection: Collection;
  readonly #writer = new ProtoWriter(1 << 16);
  #samples = 0;

  constructor(collection: Collection) {
    this.#collection = collection;
  }

  metadata({ kind, name, help }: Family): void {
    const writer = this.#writer;
    writer.message(0x1a, () => {
      writer.varint(0x08);
      writer.varint(metadataTypes[kind]);
      writer.text(0x12, kind === "counter" ? `${name}_total` : name);
      writer.text(0x22, help);
    });
  }

  counter({ name }: Family, labels: Labels, value: Value): void {
    this.#write(labels, [["__name__", `${name}_total`]], value);
  }

  histogram({ name, bounds }: Histogram, point: HistogramPoint, isNew: boolean): void {
    const { labels, counts, exemplars } = point;
    let total = 0;
    for (let i = 0; i <= bounds.length; i++) {
      total += counts[i] ?? 0;
      const bound = i < bounds.length ? String(bounds[i]) : "+Inf";
      const own: Labels = [
        ["__name__", `${name}_bucket`],
        ["le", bound],
      ];
      this.#write(labels, own, { value: total, isNew, exemplar: this.#fresh(exemplars[i]) });
    }
    this.#write(labels, [["__name__", `${name}_count`]], { value: total, isNew });
    this.#write(labels, [["__name__", `${name}_sum`]], { value: point.sum, isNew });
  }

  finish(): WriteRequest {
    return { bytes: this.#writer.finish(), samples: this.#samples };
  }

  /** What was sent with the collection before is not sent again. */
  #fresh(exemplar: Exemplar | undefined): Exemplar | undefined {
    return exemplar !== undefined && exemplar.atMs > this.#collection.beforeMs
      ? exemplar
      : undefined;
  }

  #write(labels: Labels, own: Labels, { value, isNew, exemplar }: Value): void {
    const { atMs, beforeMs, labels: common } = this.#collection;
    const writer = this.#writer;
    this.series++;
    writer.message(0x0a, () => {
      for (const label of sortLabels([...labels, ...own, ...common])) this.#label(label);
      if (isNew && beforeMs < atMs) this.#sample(0, beforeMs);
      this.#sample(value, atMs);
      if (exemplar !== undefined) this.#exemplar(exemplar);
    });
  }

  #label([name, value]: Labels[number]): void {
    this.#writer.message(0x0a, () => {
      this.#writer.text(0x0a, name);
      this.#writer.text(0x12, value);
    });
  }

  #sample(value: number, atMs: number): void {
    this.#samples++;
    this.#writer.message(0x12, () => {
      this.#writer.varint(0x09);
      this.#writer.double(value);
      this.#writer.varint(0x10);
      this.#writer.varint(Math.floor(atMs));
    });
  }

  #exemplar({ labels, value, atMs }: Exemplar): void {
    this.#writer.message(0x1a, () => {
      for (const label of labels) this.#label(label);
      this.#writer.varint(0x11);
      this.#writer.double(value);
      this.#writer.varint(0x18);
      this.#writer.varint(Math.floor(atMs));
    });
  }
}
