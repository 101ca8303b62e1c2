/** Which questions are being answered on a port, and which took long lately. */
import { Readable } from "node:stream";
import type { Handler, HttpRequest, HttpResponse } from "./http.ts";

/** A question, with whose it is. */
export interface Question {
  readonly tenant: string;
  readonly path: string;
  /** Its parameters, decoded; cut if they are very long. */
  readonly query: string;
  readonly startedAtMs: number;
  readonly seconds: number;
  /** HTTP status; null while it is being answered. */
  readonly status: number | null;
}

/** What is remembered. */
export interface QuestionLogLimits {
  readonly slowSeconds: number;
  readonly forSeconds: number;
  readonly slow: number;
  readonly queryLetters: number;
}

interface QuestionLogOptions {
  readonly limits: QuestionLogLimits;
  readonly nowMs: () => number;
  /** Of a request; throws if it names none. */
  readonly tenantOf: (request: HttpRequest) => string;
}

/** The usual limits. */
export const defaultQuestionLogLimits: QuestionLogLimits = {
  slowSeconds: 1,
  forSeconds: 3600,
  slow: 50,
  queryLetters: 2000,
};

interface Asked {
  readonly tenant: string;
  readonly path: string;
  readonly query: string;
  readonly startedAtMs: number;
}

/** Watches a handler. */
export class QuestionLog {
  readonly #options: QuestionLogOptions;
  readonly #running = new Set<Asked>();
  #slow: Question[] = [];

  constructor(options: QuestionLogOptions) {
    this.#options = options;
  }

  /** The same handler, watched: a question ends with the last byte of its answer. */
  watch(handler: Handler): Handler {
    return async (request) => {
      const asked = this.#begin(request);
      if (asked === undefined) return handler(request);
      let answer: HttpResponse | undefined;
      try {
        answer = await handler(request);
        return answer;
      } finally {
        const { status = 500, body } = answer ?? {};
        const end = (): void => this.#end(asked, status);
        if (body instanceof Readable && !body.destroyed) body.once("close", end);
        else end();
      }
    };
  }

  /** Those of a tenant, the longest first. */
  of(tenant: string): { readonly running: Question[]; readonly slow: Question[] } {
    const longestFirst = (a: Question, b: Question): number => b.seconds - a.seconds;
    const own = (question: { readonly tenant: string }): boolean => question.tenant === tenant;
    this.#forget();
    return {
      running: [...this.#running]
        .filter(own)
        .map((asked) => this.#question(asked, null))
        .toSorted(longestFirst),
      slow: this.#slow.filter(own).toSorted(longestFirst),
    };
  }

  #begin(request: HttpRequest): Asked | undefined {
    try {
      const { limits, nowMs, tenantOf } = this.#options;
      const query = [...request.query].map(([name, value]) => `${name}=${value}`).join(" ");
      const asked = {
        tenant: tenantOf(request),
        path: request.path,
        query: query.slice(0, limits.queryLetters),
        startedAtMs: nowMs(),
      };
      this.#running.add(asked);
      return asked;
    } catch {
      return undefined; // It names no tenant; the handler says so.
    }
  }

  #end(asked: Asked, status: number): void {
    this.#running.delete(asked);
    const question = this.#question(asked, status);
    const { limits } = this.#options;
    if (question.seconds < limits.slowSeconds) return;
    this.#forget();
    this.#slow.push(question);
    if (this.#slow.length <= limits.slow) return;
    const quickest = this.#slow.reduce((a, b) => (b.seconds < a.seconds ? b : a));
    this.#slow = this.#slow.filter((each) => each !== quickest);
  }

  #forget(): void {
    const { limits, nowMs } = this.#options;
    const oldest = nowMs() - limits.forSeconds * 1000;
    this.#slow = this.#slow.filter(({ startedAtMs }) => startedAtMs >= oldest);
  }

  #question(asked: Asked, status: number | null): Question {
    return {
      ...asked,
      seconds: Math.max(0, this.#options.nowMs() - asked.startedAtMs) / 1000,
      status,
    };
  }
}
