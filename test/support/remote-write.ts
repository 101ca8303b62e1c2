/** A second opinion on Prometheus remote write: code that protobufjs generates from its definition. */
import protobuf from "protobufjs";

/** One series of a request. */
export interface WrittenSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: readonly { readonly value: number; readonly timestamp: number }[];
  readonly exemplars: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly value: number;
    readonly timestamp: number;
  }[];
}

// Source: github.com/prometheus/prometheus, prompb/remote.proto and types.proto.
const { root } = protobuf.parse(`
  syntax = "proto3";
  message WriteRequest {
    repeated TimeSeries timeseries = 1;
    reserved 2;
    repeated MetricMetadata metadata = 3;
  }
  message MetricMetadata {
    enum MetricType { UNKNOWN = 0; COUNTER = 1; GAUGE = 2; HISTOGRAM = 3; }
    MetricType type = 1;
    string metric_family_name = 2;
    string help = 4;
    string unit = 5;
  }
  message TimeSeries {
    repeated Label labels = 1;
    repeated Sample samples = 2;
    repeated Exemplar exemplars = 3;
  }
  message Label { string name = 1; string value = 2; }
  message Sample { double value = 1; int64 timestamp = 2; }
  message Exemplar { repeated Label labels = 1; double value = 2; int64 timestamp = 3; }
`);

interface PlainLabel {
  readonly name: string;
  readonly value: string;
}

interface PlainSeries extends Pick<WrittenSeries, "samples"> {
  readonly labels: readonly PlainLabel[];
  readonly exemplars: readonly (Omit<WrittenSeries["exemplars"][number], "labels"> & {
    readonly labels: readonly PlainLabel[];
  })[];
}

/** The series of an encoded WriteRequest. Throws if labels are not sorted or not unique by name. */
export function decodeWriteRequest(bytes: Uint8Array): WrittenSeries[] {
  const type = root.lookupType("WriteRequest");
  const message = type.toObject(type.decode(bytes), { longs: Number, defaults: true });
  return (message["timeseries"] as PlainSeries[]).map(({ labels, samples, exemplars }) => ({
    labels: recordOf(labels),
    samples,
    exemplars: exemplars.map((exemplar) => ({ ...exemplar, labels: recordOf(exemplar.labels) })),
  }));
}

function recordOf(labels: readonly PlainLabel[]): Record<string, string> {
  for (const [i, { name }] of labels.entries()) {
    if (i > 0 && labels[i - 1]!.name >= name) throw new Error(`label ${name} is out of order`);
  }
  return Object.fromEntries(labels.map(({ name, value }) => [name, value]));
}
