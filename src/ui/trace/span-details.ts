/** Everything about single spans, fetched when somebody looks at them. */
import type { Resource, Scope, Span } from "../../model/trace.ts";
import { spanKinds } from "../../model/trace.ts";
import { spanIdOf, type SpanTable } from "../../analysis/span-table.ts";
import type { Answer } from "../api.ts";
import type { EngineClient } from "./engine/engine-calls.ts";
import { serviceOf } from "./view.ts";

/** A span with what it belongs to. */
export interface SpanDetails {
  /** Its times count from the start of the trace's table. */
  readonly span: Span;
  readonly resource: Resource;
  readonly scope: Scope;
}

/** What single spans of one trace have; asked once for each. */
export class DetailsStore {
  readonly #engine: EngineClient;
  readonly #table: SpanTable;
  readonly #known = new Map<number, SpanDetails>();

  constructor(engine: EngineClient, table: SpanTable) {
    this.#engine = engine;
    this.#table = table;
  }

  /** What is known already of the span in a row. */
  known(row: number): SpanDetails | undefined {
    return this.#known.get(row);
  }

  /** Asks for the span in a row. */
  async ask(row: number, signal: AbortSignal): Promise<Answer<SpanDetails>> {
    const known = this.#known.get(row);
    if (known !== undefined) return { kind: "ok", value: known };
    const answer = await this.#engine.call("spans", [spanIdOf(this.#table, row)], { signal });
    if (answer.kind !== "ok") return answer;
    const { spans, resources, scopes, startUnixNano } = answer.value;
    // Of spans that share the id, the one of this row's kind and service.
    const kind = spanKinds[this.#table.kind[row]!];
    const service = serviceOf(this.#table, row);
    const span =
      spans.find((one) => one.kind === kind && resources[one.resource]!.service === service) ??
      spans[0]!;
    const by = Number(BigInt(startUnixNano) - this.#table.startUnixNano);
    const events = span.events.map((event) => ({ ...event, timeNano: event.timeNano + by }));
    const details: SpanDetails = {
      span: { ...span, startNano: span.startNano + by, events },
      resource: resources[span.resource]!,
      scope: scopes[span.scope]!,
    };
    this.#known.set(row, details);
    return { kind: "ok", value: details };
  }
}
