/** Calls from the page to the engine as messages: both sides of them. */
import type { TraceEngine } from "./trace-engine.ts";

/** What a call may hear and tell while it runs. */
export interface Calling {
  readonly signal: AbortSignal;
  readonly progress: (told: unknown) => void;
}

type Method = keyof TraceEngine;
type Question<M extends Method> = Parameters<TraceEngine[M]>[0];
type Answer<M extends Method> = Awaited<ReturnType<TraceEngine[M]>>;

type Message =
  | { readonly id: number; readonly method: Method; readonly question: unknown }
  | { readonly id: number; readonly method?: undefined };

type Reply =
  | { readonly id: number; readonly kind: "progress"; readonly told: unknown }
  | { readonly id: number; readonly kind: "answer"; readonly answer: unknown }
  | { readonly id: number; readonly kind: "failed"; readonly message: string };

/** Where messages go and come from: a Worker, or one end of a channel. */
export interface Port {
  readonly send: (message: unknown) => void;
  readonly listen: (hear: (message: unknown) => void) => void;
}

/** The port to whoever sends messages to `target`. What is sent is copied, so the engine keeps its own. */
export function portOf(target: Worker | MessagePort | typeof globalThis): Port {
  return {
    send: (message) => (target as MessagePort).postMessage(message, []),
    listen: (hear) =>
      target.addEventListener("message", (event) => hear((event as MessageEvent).data)),
  };
}

/** Answers the calls that come through a port. */
export function serveEngine(engine: TraceEngine, port: Port): void {
  const underWay = new Map<number, AbortController>();
  const hear = (message: Message): void => {
    const { id, method } = message;
    if (method === undefined) return underWay.get(id)?.abort();
    const abort = new AbortController();
    underWay.set(id, abort);
    const reply = (told: Reply): void => port.send(told);
    const progress = (told: unknown): void => reply({ id, kind: "progress", told });
    // Which method takes what is checked where it is called.
    const run = engine[method].bind(engine) as (asked: unknown, calling: Calling) => unknown;
    void Promise.resolve()
      .then(() => run(message.question, { signal: abort.signal, progress }))
      .then(
        (answer) => reply({ id, kind: "answer", answer }),
        (error: unknown) => reply({ id, kind: "failed", message: String(error) }),
      )
      .finally(() => underWay.delete(id));
  };
  port.listen((message) => hear(message as Message));
}

interface Waiting {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Error) => void;
  readonly progress: ((told: never) => void) | undefined;
}

/** Opens an engine; gives it, and what ends it. */
export type OpenEngine = () => { readonly engine: EngineClient; readonly close: () => void };

/** The engine as the page has it. */
export class EngineClient {
  readonly #port: Port;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  constructor(port: Port) {
    this.#port = port;
    port.listen((message) => this.#hear(message as Reply));
  }

  #hear(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    if (reply.kind === "progress") return waiting?.progress?.(reply.told as never);
    this.#waiting.delete(reply.id);
    if (reply.kind === "answer") waiting?.resolve(reply.answer as never);
    else waiting?.reject(new Error(reply.message));
  }

  /** Calls a method of the engine. Never settles once `signal` has aborted. */
  call<M extends Method>(
    method: M,
    question: Question<M>,
    { signal, progress }: { signal?: AbortSignal; progress?: (told: never) => void } = {},
  ): Promise<Answer<M>> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return;
      this.#waiting.set(id, { resolve, reject, progress });
      signal?.addEventListener("abort", () => {
        if (this.#waiting.delete(id)) this.#port.send({ id });
      });
      this.#port.send({ id, method, question });
    });
  }
}
