/** Export requests as a collector sends them: whole traces, their spans grouped by resource and scope. */
import { KeyDealer, keySet, type KeySet, type SpanRole } from "./attribute-keys.ts";
import { Random } from "./random.ts";
import {
  AttributeWriter,
  errorType,
  httpRoute,
  resourceAttributes,
  spanAttributes,
  type SpanSetting,
} from "./span-attributes.ts";
import { type RequestTemplate, TemplateWriter } from "./template-writer.ts";
import { makeTopology, type Topology } from "./topology.ts";
import { planTrace, type PlannedSpan } from "./trace-plan.ts";

const TOPOLOGIES = 4;
const MIN_TRACE_SPANS = 5;
const MAX_TRACE_SPANS = 200;
/** Enough that what is not different each time repeats rarely within what a compressor sees at once. */
export const USUAL_DIFFERENT_SPANS = 40_000;
const MIN_TEMPLATES = 8;
const LINKED_CONSUMERS = 0.1;
const LINKED_SPANS = 0.004;
const EVENT_SPANS = 0.03;

/** The templates of a run, and what is in them on average. */
export interface Traffic {
  readonly templates: readonly RequestTemplate[];
  readonly bytesPerSpan: number;
  readonly spanAttributes: number;
  readonly resourceAttributes: number;
  /** Different keys on spans. */
  readonly spanKeys: number;
  readonly services: number;
  readonly traces: number;
}

/** What the traffic depends on: nothing else does. */
export interface TrafficOptions {
  readonly seed: number;
  readonly keys: number;
  readonly spansPerRequest: number;
  /** At least so many templates, with at least so many spans in all. */
  readonly templates: number;
  readonly differentSpans: number;
}

/** Makes the templates: about a second's work, done once a run. */
export function makeTraffic(options: TrafficOptions): Traffic {
  const random = new Random(options.seed);
  const keys = keySet(options.keys);
  const topologies = Array.from({ length: TOPOLOGIES }, () => makeTopology(random, keys));
  const wanted = Math.ceil(options.differentSpans / options.spansPerRequest);
  const count = Math.max(MIN_TEMPLATES, options.templates, wanted);
  const totals = { spans: 0, bytes: 0, attributes: 0, resources: 0, traces: 0 };
  const spanKeys = new Set<string>();
  const dealer = new KeyDealer(keys);
  const templates = Array.from({ length: count }, () => {
    const request = new RequestWriter({ random, keys, dealer });
    const template = request.write(random.pick(topologies), options.spansPerRequest);
    totals.spans += template.spans;
    totals.bytes += template.bytes.length;
    totals.traces += template.traceSpans.length;
    totals.attributes += request.spanAttributes.count;
    totals.resources = request.resourceAttributesEach;
    for (const key of request.spanAttributes.keys) spanKeys.add(key);
    return template;
  });
  return {
    templates,
    bytesPerSpan: totals.bytes / totals.spans,
    spanAttributes: totals.attributes / totals.spans,
    resourceAttributes: totals.resources,
    spanKeys: spanKeys.size,
    services: topologies.reduce((sum, { services }) => sum + services.length, 0),
    traces: totals.traces,
  };
}

/** Sizes of whole traces that add up to `spans`, mostly small. */
export function traceSizes(random: Random, spans: number): number[] {
  const sizes: number[] = [];
  for (let left = spans; left > 0;) {
    const skewed = random.next() ** 4;
    let size = MIN_TRACE_SPANS + Math.floor(skewed * (MAX_TRACE_SPANS - MIN_TRACE_SPANS + 1));
    // Nothing smaller than a trace may be left over.
    if (left - size < MIN_TRACE_SPANS) {
      size = left <= MAX_TRACE_SPANS ? left : left - MIN_TRACE_SPANS;
    }
    sizes.push(size);
    left -= size;
  }
  return sizes;
}

interface Placed {
  readonly span: PlannedSpan;
  readonly trace: number;
  /** Position in its trace. */
  readonly position: number;
}

const spanKind: Readonly<Record<SpanRole, number>> = {
  internal: 1,
  httpServer: 2,
  rpcServer: 2,
  httpClient: 3,
  rpcClient: 3,
  database: 3,
  producer: 4,
  consumer: 5,
};

const scopeOf: Readonly<Record<SpanRole, string>> = {
  internal: "app",
  httpServer: "http",
  httpClient: "http",
  rpcServer: "grpc",
  rpcClient: "grpc",
  database: "database",
  producer: "kafka",
  consumer: "kafka",
};

/** Writes one request. */
class RequestWriter {
  readonly #writer = new TemplateWriter();
  /** Counts the attributes of spans only. */
  readonly spanAttributes = new AttributeWriter(this.#writer);
  resourceAttributesEach = 0;
  readonly #random: Random;
  readonly #keys: KeySet;
  readonly #dealer: KeyDealer;
  #traces = 0;
  #what = 0;

  constructor(setting: Pick<SpanSetting, "random" | "dealer"> & { keys: KeySet }) {
    this.#random = setting.random;
    this.#keys = setting.keys;
    this.#dealer = setting.dealer;
  }

  write(topology: Topology, spans: number): RequestTemplate {
    const traces = traceSizes(this.#random, spans).map((size) =>
      planTrace(this.#random, { topology, keys: this.#keys, spans: size }),
    );
    this.#traces = traces.length;
    const placed = traces.flatMap((trace, i) =>
      trace.map((span, position): Placed => ({ span, trace: i, position })),
    );
    const resources = Map.groupBy(placed, ({ span }) => span.instance);
    for (const group of resources.values()) {
      this.#writer.message(0x0a, () => this.#resourceSpans(group));
    }
    return this.#writer.finish({
      spans,
      traceSpans: traces.map(({ length }) => length),
      traceDurationNano: traces.map((trace) => Math.max(...trace.map(({ endNano }) => endNano))),
    });
  }

  #resourceSpans(group: readonly Placed[]): void {
    const { operation, instance } = group[0]!.span;
    this.#writer.message(0x0a, () => {
      const attributes = new AttributeWriter(this.#writer).into(0x0a);
      resourceAttributes(attributes, operation.service, instance);
      this.resourceAttributesEach = attributes.count;
    });
    const scopes = Map.groupBy(group, ({ span }) => scopeOf[span.role]);
    for (const [scope, spans] of scopes) {
      this.#writer.message(0x12, () => {
        this.#writer.message(0x0a, () => {
          this.#writer.text(0x0a, `io.opentelemetry.${operation.service.language.name}.${scope}`);
          this.#writer.text(0x12, operation.service.language.sdkVersion);
        });
        for (const span of spans) this.#writer.message(0x12, () => this.#span(span));
      });
    }
  }

  #span({ span, trace, position }: Placed): void {
    const writer = this.#writer;
    this.#what++;
    writer.traceId(0x0a, trace);
    writer.spanId(0x12, trace, position);
    if (span.parent !== -1) writer.spanId(0x22, trace, span.parent);
    writer.text(0x2a, spanName(span));
    writer.number(0x30, spanKind[span.role]);
    writer.time(0x39, trace, span.startNano);
    writer.time(0x41, trace, span.endNano);
    const setting = { random: this.#random, dealer: this.#dealer };
    spanAttributes(this.spanAttributes.into(0x4a), span, { ...setting, trace, what: this.#what });
    if (span.hasException) this.#exception(span, trace);
    else if (this.#random.chance(EVENT_SPANS)) this.#event(span, trace);
    this.#link(span, trace);
    if (span.failed) this.#failure(span);
    // Sampled, and whether the parent is of another process: opentelemetry-proto, SpanFlags.
    const isRemote = ["httpServer", "rpcServer", "consumer"].includes(span.role);
    writer.fixed32(0x85, isRemote && span.parent !== -1 ? 0x301 : 0x101);
  }

  #failure(span: PlannedSpan): void {
    this.#writer.message(0x7a, () => {
      if (span.hasException) this.#writer.text(0x12, failureText(span));
      this.#writer.number(0x18, 2);
    });
  }

  #exception(span: PlannedSpan, trace: number): void {
    this.#writer.message(0x5a, () => {
      this.#writer.time(0x09, trace, span.endNano);
      this.#writer.text(0x12, "exception");
      const type = errorType(span);
      const { name, service } = span.operation;
      const frames = Array.from(
        { length: 6 },
        (_, i) =>
          `\n    at ${service.database}.${name}.step${i} (/app/src/${name}.ts:${17 + i * 31})`,
      );
      new AttributeWriter(this.#writer)
        .into(0x1a)
        .text("exception.type", type)
        .text("exception.message", failureText(span))
        .text("exception.stacktrace", `${type}: ${failureText(span)}${frames.join("")}`);
    });
  }

  #event({ startNano, endNano }: PlannedSpan, trace: number): void {
    this.#writer.message(0x5a, () => {
      const after = Math.floor((endNano - startNano) * this.#random.next());
      this.#writer.time(0x09, trace, startNano + after);
      this.#writer.text(0x12, this.#random.pick(["cache.miss", "retry", "message"]));
      new AttributeWriter(this.#writer).into(0x1a).int("attempt", this.#random.between(1, 3));
    });
  }

  /** Links lead to the root of the trace before. */
  #link({ role }: PlannedSpan, trace: number): void {
    const share = role === "consumer" ? LINKED_CONSUMERS : LINKED_SPANS;
    if (this.#traces < 2 || !this.#random.chance(share)) return;
    const other = trace === 0 ? this.#traces - 1 : trace - 1;
    this.#writer.message(0x6a, () => {
      this.#writer.traceId(0x0a, other);
      this.#writer.spanId(0x12, other, 0);
    });
  }
}

function spanName({ role, operation, callee, statement }: PlannedSpan): string {
  switch (role) {
    case "httpServer":
      return `${operation.method} ${httpRoute(operation)}`;
    case "httpClient":
      return callee!.method;
    case "rpcServer":
      return `${operation.service.database}.v1/${operation.name}`;
    case "rpcClient":
      return `${callee!.service.database}.v1/${callee!.name}`;
    case "database":
      return `${statement!.operation} ${statement!.collection}`;
    case "producer":
      return `send ${callee!.service.database}-events`;
    case "consumer":
      return `process ${operation.service.database}-events`;
    case "internal":
      return operation.name;
  }
}

function failureText(span: PlannedSpan): string {
  return `${span.operation.name} failed: ${errorType(span)} after ${span.operation.name.length * 7} ms`;
}
