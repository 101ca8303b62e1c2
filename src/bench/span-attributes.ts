/**
 * Attributes as instrumentations set them: OpenTelemetry semantic conventions 1.44, by what a span does,
 * then those of the application.
 */
import type { AppKey, KeyDealer, SpanRole } from "./attribute-keys.ts";
import type { Random } from "./random.ts";
import type { TemplateWriter } from "./template-writer.ts";
import type { Instance, Operation, Service } from "./topology.ts";
import type { PlannedSpan } from "./trace-plan.ts";

/** Share of spans with one of the rare keys, and of entry spans of a user who is logged in. */
const RARE_SPANS = 0.01;
const KNOWN_USERS = 0.7;

/** Writes key-value pairs into one message after the other, and counts them. */
export class AttributeWriter {
  /** Pairs so far. */
  count = 0;
  readonly keys = new Set<string>();
  readonly #writer: TemplateWriter;
  #tag = 0;

  constructor(writer: TemplateWriter) {
    this.#writer = writer;
  }

  /** What follows goes into repeated field `tag` of the message that is being written. */
  into(tag: number): this {
    this.#tag = tag;
    return this;
  }

  #pair(key: string, write: () => void): this {
    this.count++;
    this.keys.add(key);
    this.#writer.message(this.#tag, () => {
      this.#writer.text(0x0a, key);
      this.#writer.message(0x12, write);
    });
    return this;
  }

  text(key: string, value: string): this {
    return this.#pair(key, () => this.#writer.text(0x0a, value));
  }

  bool(key: string, value: boolean): this {
    return this.#pair(key, () => this.#writer.number(0x10, value ? 1 : 0));
  }

  int(key: string, value: number): this {
    return this.#pair(key, () => this.#writer.number(0x18, value));
  }

  /** An integer that differs by span. */
  integer(key: string, { trace, what }: Where): this {
    return this.#pair(key, () => this.#writer.integer(0x18, trace, what));
  }

  /** An amount that differs by span. */
  double(key: string, { trace, what }: Where): this {
    return this.#pair(key, () => this.#writer.double(0x21, trace, what));
  }

  /** Text with digits that differ by trace (`what` 0) or by span. */
  digits(key: string, place: Parameters<TemplateWriter["digits"]>[1]): this {
    return this.#pair(key, () => this.#writer.digits(0x0a, place));
  }
}

/** The attributes of a service's instance, 12 of them. */
export function resourceAttributes(
  attributes: AttributeWriter,
  service: Service,
  { id, pod, node }: Instance,
): void {
  const { name, sdkVersion } = service.language;
  attributes
    .text("service.name", service.name)
    .text("service.version", service.version)
    .text("service.namespace", service.namespace)
    .text("service.instance.id", id)
    .text("deployment.environment.name", "production")
    .text("k8s.namespace.name", service.namespace)
    .text("k8s.pod.name", pod)
    .text("k8s.node.name", node)
    .text("host.name", pod)
    .text("cloud.region", service.region)
    .text("telemetry.sdk.language", name)
    .text("telemetry.sdk.version", sdkVersion);
}

type Where = Pick<SpanSetting, "trace" | "what">;

/** Where a span stands in its request, and what chance decides about it. */
export interface SpanSetting {
  readonly random: Random;
  readonly dealer: KeyDealer;
  readonly trace: number;
  /** Different for every span of the request, and not 0. */
  readonly what: number;
}

/** All attributes of a span. */
export function spanAttributes(
  attributes: AttributeWriter,
  span: PlannedSpan,
  setting: SpanSetting,
): void {
  const { random, dealer } = setting;
  byRole[span.role](attributes, span, setting);
  if (span.failed) attributes.text("error.type", errorType(span));
  for (const key of dealer.keysOf(span.operation)) appAttribute(attributes, key, setting);
  if (random.chance(RARE_SPANS)) appAttribute(attributes, dealer.nextRare(), setting);
}

/** What kind of failure it was, from a short list. */
export function errorType({ role, operation }: PlannedSpan): string {
  if (role === "httpServer" || role === "httpClient") return "500";
  const names = ["TimeoutError", "ConnectionRefused", "ValidationError", "DeadlockDetected"];
  return names[operation.name.length % names.length]!;
}

type Write = (attributes: AttributeWriter, span: PlannedSpan, setting: SpanSetting) => void;

const byRole: Readonly<Record<SpanRole, Write>> = {
  httpServer(attributes, { operation, parent, failed }, { random, trace, what }) {
    attributes
      .text("http.request.method", operation.method)
      .text("http.route", httpRoute(operation))
      .int("http.response.status_code", failed ? 500 : 200)
      .digits("url.path", { trace, what, before: `/v1/${operation.name}/`, after: "" })
      .text("url.scheme", "https")
      .text("server.address", operation.service.name)
      .text("client.address", `10.0.${random.below(8)}.${random.below(250)}`)
      .text("network.protocol.version", "1.1")
      .text("user_agent.original", parent === -1 ? random.pick(browsers) : "okhttp/4.12.0");
    if (parent === -1 && random.chance(KNOWN_USERS)) {
      attributes.digits("user.id", { trace, what: 0, before: "u-", after: "" });
    }
  },
  httpClient(attributes, { callee, failed }, { trace, what }) {
    const { service, method, name } = callee!;
    attributes
      .text("http.request.method", method)
      .digits("url.full", { trace, what, before: `http://${service.name}/v1/${name}/`, after: "" })
      .int("http.response.status_code", failed ? 500 : 200)
      .text("server.address", service.name)
      .int("server.port", 8080);
  },
  rpcServer(attributes, { operation, failed }) {
    rpc(attributes, operation, failed);
  },
  rpcClient(attributes, { callee, failed }) {
    rpc(attributes, callee!, failed);
    attributes.text("server.address", callee!.service.name).int("server.port", 50051);
  },
  database(attributes, { operation, statement }) {
    const { service } = operation;
    attributes
      .text("db.system.name", service.databaseSystem)
      .text("db.namespace", service.database)
      .text("db.operation.name", statement!.operation)
      .text("db.collection.name", statement!.collection)
      .text("db.query.text", statement!.text)
      .text("server.address", `${service.database}-db.${service.namespace}`)
      .int("server.port", 5432);
  },
  producer(attributes, { callee }, setting) {
    messaging(attributes, callee!, "send", setting);
  },
  consumer(attributes, { operation }, setting) {
    messaging(attributes, operation, "process", setting);
  },
  internal(attributes, { operation }, { random }) {
    attributes
      .text("code.function.name", `${operation.service.database}.${operation.name}`)
      .int("thread.id", random.between(1, 64))
      .text("thread.name", `worker-${random.between(1, 16)}`);
  },
};

function rpc(attributes: AttributeWriter, { service, name }: Operation, failed: boolean): void {
  attributes
    .text("rpc.system.name", "grpc")
    .text("rpc.service", `${service.database}.v1.${service.database}`)
    .text("rpc.method", name)
    .text("rpc.response.status_code", failed ? "INTERNAL" : "OK");
}

function messaging(
  attributes: AttributeWriter,
  { service }: Operation,
  type: "send" | "process",
  { random, trace, what }: SpanSetting,
): void {
  attributes
    .text("messaging.system", "kafka")
    .text("messaging.destination.name", `${service.database}-events`)
    .text("messaging.operation.type", type)
    .text("messaging.destination.partition.id", String(random.below(12)))
    .digits("messaging.message.id", { trace, what, before: "m-", after: "" })
    .integer("messaging.kafka.offset", { trace, what });
}

const browsers = [
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0",
];

/** A route with a place for an id. */
export function httpRoute({ name }: Operation): string {
  return `/v1/${name}/{id}`;
}

function appAttribute(
  attributes: AttributeWriter,
  { key, type, values }: AppKey,
  { random, trace, what }: SpanSetting,
): void {
  switch (type) {
    case "word":
      return void attributes.text(
        key,
        `${key.slice(key.lastIndexOf(".") + 1)}-${random.below(values)}`,
      );
    case "int":
      return void attributes.integer(key, { trace, what });
    case "double":
      return void attributes.double(key, { trace, what });
    case "bool":
      return void attributes.bool(key, random.chance(0.5));
    case "digits":
      return void attributes.digits(key, { trace, what, before: "", after: "" });
  }
}
