/**
 * The questions that the benchmark asks. A new kind is one entry in `queryKinds`: what is asked, and
 * what is wrong with an answer, if anything is.
 */
import { ProtoReader } from "../base/protobuf.ts";
import type { KnownTrace } from "./protocol.ts";
import type { Random } from "./random.ts";

/** A question as it is sent, and how its answer is judged. */
export interface Question {
  /** Follows the URL of what is asked. */
  readonly path: string;
  readonly accept: string;
  /** What is wrong with a body that came with status 200; undefined if nothing is. */
  readonly problem: (body: Uint8Array) => string | undefined;
}

/** A kind of question. */
export interface QueryKind {
  readonly about: string;
  /** One of its questions, about some of the traces that were sent. */
  readonly question: (random: Random, known: readonly KnownTrace[]) => Question;
}

/** All kinds, by the names they have in reports. */
export const queryKinds: Readonly<Record<string, QueryKind>> = {
  "trace by id": {
    about: "a whole trace by its id, without a hint of its time (Tempo's API, protobuf)",
    question: (random, known) => traceById(random.pick(known)),
  },
};

/** The question for one trace, which must come back with every span. */
export function traceById({ traceId, spans }: KnownTrace): Question {
  return {
    path: `/api/v2/traces/${traceId}`,
    accept: "application/protobuf",
    problem(body) {
      const found = countSpans(body);
      return found === spans ? undefined : `trace ${traceId} has ${found} spans, not ${spans}`;
    },
  };
}

/** Spans in a TraceByIDResponse: trace (1) → resource spans (1) → scope spans (2) → spans (2). */
export function countSpans(traceById: Uint8Array): number {
  const reader = new ProtoReader(traceById);
  const count = ([field, ...deeper]: readonly number[]): number => {
    let found = 0;
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag !== field! * 8 + 2 || deeper.length === 0) {
        if (tag === field! * 8 + 2) found++;
        reader.skip(tag);
        continue;
      }
      const outer = reader.enter();
      found += count(deeper);
      reader.leave(outer);
    }
    return found;
  };
  return count([1, 1, 2, 2]);
}
