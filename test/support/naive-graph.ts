/** The rules of docs/graph.md applied to traces in the simplest way, however long it takes. */
import { callPart, type PartKey } from "../../src/model/call-part.ts";
import { roles } from "../../src/model/call-spans.ts";
import { samplingWeight } from "../../src/model/sampling-weight.ts";
import { type Span, spanKinds, type Trace } from "../../src/model/trace.ts";

/** One call, as it would be added up. */
export interface NaiveCall {
  readonly connection: string;
  readonly client: string;
  readonly server: string;
  readonly via: string;
  readonly minute: number;
  readonly isFailed: boolean;
  readonly weight: number;
  readonly clientNano: number | undefined;
  readonly serverNano: number | undefined;
}

interface Item {
  readonly own: string;
  readonly up: string | undefined;
  readonly links: readonly string[];
  readonly service: string;
  readonly role: number;
  readonly target: string;
  readonly isFailed: boolean;
  readonly nano: number;
  readonly weight: number;
  readonly minute: number;
}

/** All calls of some traces. */
export function naiveCalls(traces: readonly Trace[]): NaiveCall[] {
  const all = traces.flatMap((trace) => trace.spans.map((span) => itemOf(trace, span)));
  const items = all.filter(
    (item, i) =>
      !all
        .slice(0, i)
        .some((b) => b.own === item.own && b.role === item.role && b.service === item.service),
  );
  const tree = new Tree(items);
  return items.flatMap((item) => [...tree.callsOf(item)]);
}

function itemOf(trace: Trace, span: Span): Item {
  const idOf = (traceId: string, spanId: string): string => traceId.slice(16) + spanId;
  const text = (key: PartKey): string => {
    const value = span.attributes.find((each) => each.key === key)?.value ?? {};
    return "stringValue" in value ? value.stringValue : "";
  };
  const startNano = BigInt(trace.startUnixNano) + BigInt(span.startNano);
  const state = Buffer.from(span.traceState);
  const hasLinks = span.links.length > 0;
  return {
    own: idOf(trace.traceId, span.spanId),
    up: span.parentSpanId === undefined ? undefined : idOf(trace.traceId, span.parentSpanId),
    links: [...new Set(span.links.map(({ traceId, spanId }) => idOf(traceId, spanId)))],
    service: trace.resources[span.resource]!.service,
    ...callPart({ kind: spanKinds.indexOf(span.kind), hasLinks, text }),
    isFailed: span.status === "error",
    nano: Math.max(0, span.durationNano),
    weight: samplingWeight(state, 0, state.length),
    minute: Number(startNano / 60_000_000_000n) * 60,
  };
}

class Tree {
  readonly #items: readonly Item[];

  constructor(items: readonly Item[]) {
    this.#items = items;
  }

  *callsOf(item: Item): Generator<NaiveCall> {
    const from = this.#from(item);
    const takes = this.#takes(item);
    const isOfMessage = isTaker(item);
    const sender = from?.how === "sender" ? from.with : undefined;
    if (sender !== undefined) {
      yield pair(item, sender, isOfMessage || sender.role === roles.message);
    } else if (from?.how === "other") {
      const connection = isOfMessage ? "messaging" : "call";
      yield incoming(connection, from.with.service, item);
    } else if (from === undefined && item.role === roles.server) {
      const caller = item.up === undefined ? "user" : "unknown";
      yield incoming("caller", item.target || caller, item);
    } else if (from === undefined && takes && item.target === "" && item.links.length === 0) {
      yield incoming("caller", "unknown", item);
    }
    if (takes) {
      for (const linked of this.#linked(item)) yield pair(item, linked, true);
      const queue = item.target || (sender?.role === roles.message ? sender.target : "");
      if (queue !== "") yield incoming("receive", queue, item);
    }
    if (!isSender(item)) return;
    if (item.role === roles.message && item.target !== "") {
      yield outgoing("send", item, item.target);
    } else if (from?.how !== "nested" && !this.#isAnswered(item)) {
      const to = item.role === roles.database ? "database" : "peer";
      yield outgoing(item.target === "" ? "unpaired" : to, item, item.target);
    }
  }

  #from(item: Item): { how: "own" | "nested" | "sender" | "other"; with: Item } | undefined {
    const receives = item.role === roles.server || item.role === roles.consumer;
    const half = receives ? this.#sender(item.own) : undefined;
    if (half !== undefined) return { how: "sender", with: half };
    const parent = this.#parent(item);
    if (parent === undefined) return undefined;
    if (parent.service === item.service) {
      if (!isSender(parent)) return { how: "own", with: parent };
      return { how: receives ? "sender" : "nested", with: parent };
    }
    const call = isSender(parent) ? parent : this.#callAbove(parent);
    return call === undefined ? { how: "other", with: parent } : { how: "sender", with: call };
  }

  /** Whether some span works for this call, or for one that is a part of it. */
  #isAnswered(call: Item): boolean {
    return this.#items.some((item) => {
      const from = this.#from(item);
      const called = from?.how === "sender" ? [from.with] : [];
      if (this.#takes(item)) called.push(...this.#linked(item));
      return called.some((sender) => {
        for (let at: Item | undefined = sender, i = 0; at !== undefined && i < 8; i++) {
          if (at === call) return true;
          at = this.#callAbove(at);
        }
        return false;
      });
    });
  }

  #callAbove(item: Item): Item | undefined {
    if (!isSender(item) && item.role !== roles.inner) return undefined;
    let at = item;
    for (let i = 0; i < 8; i++) {
      const parent = this.#parent(at);
      if (parent === undefined || parent.service !== item.service) return undefined;
      if (isSender(parent)) return parent;
      if (parent.role !== roles.inner) return undefined;
      at = parent;
    }
    return undefined;
  }

  #parent(item: Item): Item | undefined {
    const worth = (parent: Item): number =>
      (parent.service === item.service ? 2 : 0) + (isSender(parent) ? 0 : 1);
    return this.#items
      .filter((other) => other.own === item.up && other !== item)
      .sort((a, b) => worth(b) - worth(a) || inOrder(a, b))[0];
  }

  #sender(own: string): Item | undefined {
    return this.#items.filter((other) => other.own === own && isSender(other)).sort(inOrder)[0];
  }

  #takes(item: Item): boolean {
    if (item.role === roles.consumer) return true;
    const isTaken = (child: Item): boolean => {
      const from = child.role === roles.consumer ? this.#from(child) : undefined;
      return from?.how === "own" && from.with === item;
    };
    return item.role === roles.poll && !this.#items.some(isTaken);
  }

  #linked(item: Item): Item[] {
    return item.links
      .filter((link) => link !== item.up)
      .map((link) => this.#sender(link))
      .filter((sender) => sender !== undefined);
  }
}

function isSender({ role }: Item): boolean {
  return role >= roles.message;
}

function isTaker({ role }: Item): boolean {
  return role === roles.consumer || role === roles.poll;
}

function inOrder(a: Item, b: Item): number {
  return a.service < b.service ? -1 : a.service > b.service ? 1 : a.role - b.role;
}

function pair(item: Item, sender: Item, isOfMessage: boolean): NaiveCall {
  return {
    connection: isOfMessage ? "messaging" : "call",
    client: sender.service,
    server: item.service,
    via: isOfMessage && sender.role === roles.message ? sender.target : "",
    minute: item.minute,
    isFailed: item.isFailed || sender.isFailed,
    weight: Math.max(item.weight, sender.weight),
    clientNano: sender.nano,
    serverNano: item.nano,
  };
}

function incoming(connection: string, client: string, item: Item): NaiveCall {
  const { minute, isFailed, weight, nano: serverNano, service: server } = item;
  const via = "";
  return {
    connection,
    client,
    server,
    via,
    minute,
    isFailed,
    weight,
    clientNano: undefined,
    serverNano,
  };
}

function outgoing(connection: string, item: Item, server: string): NaiveCall {
  const { minute, isFailed, weight, nano: clientNano, service: client } = item;
  const via = "";
  return {
    connection,
    client,
    server,
    via,
    minute,
    isFailed,
    weight,
    clientNano,
    serverNano: undefined,
  };
}
