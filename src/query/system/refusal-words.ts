/** Why something was refused, in words, with what helps. */
import type { RefusalKind } from "./sample.ts";

/** Half a sentence, and a sentence of advice. */
export interface ReasonText {
  readonly what: string;
  readonly advice: string;
}

const SENDER = "Look at the SDK or collector that sent them.";

const spans: Readonly<Record<string, ReasonText>> = {
  invalid_trace_id: { what: "a trace id is 16 bytes, not all zero", advice: SENDER },
  invalid_span_id: { what: "a span id is 8 bytes, not all zero", advice: SENDER },
  invalid_parent_span_id: { what: "a parent's span id is 8 bytes, or none", advice: SENDER },
};

const requests: Readonly<Record<string, ReasonText>> = {
  invalid: {
    what: "they are not OTLP as it is specified",
    advice: `${SENDER} It is told what is wrong.`,
  },
  unauthenticated: {
    what: "they name no tenant",
    advice: "With tenancy.enabled each request says X-Scope-OrgID.",
  },
  notFound: { what: "there is no such path", advice: "Spans are taken at /v1/traces." },
  tooLarge: {
    what: "they are over a limit",
    advice:
      "Let the sender send smaller ones, or raise otlp.maxRequestBytes or otlp.maxSpansPerRequest.",
  },
  unsupported: { what: "their content type or encoding is not taken", advice: SENDER },
  exhausted: {
    what: "memory or the ingest log was full, and senders were told to come again",
    advice: "If it goes on, raise ingest.maxMemoryBytes or add ingest.workers.",
  },
  unavailable: {
    what: "Clew could not write its log, or was stopping, and senders were told to come again",
    advice: "Look at the disk of data.dir.",
  },
  timeout: { what: "they came too slowly", advice: "Look at the network between sender and Clew." },
  internal: { what: "of a mistake in Clew", advice: "Clew's log has the stack: please report it." },
};

const connections: Readonly<Record<string, string>> = {
  too_many: "more are open than listen.maxConnections",
  idle: "nothing was asked for long",
  headers_timeout: "the headers came too slowly",
  body_timeout: "the body came too slowly",
  stalled: "nothing moved for long",
  answer_timeout: "the answer was not read",
  lingering: "the client went on sending after its answer",
  aborted: "the client went away",
  malformed: "that was no HTTP",
  headers_too_large: "the headers were too large",
  unanswered: "nobody answered a probe",
};

const atDoor: Readonly<Record<string, string>> = {
  dropped: "left out by the sampling at the door (sampling.doorFile)",
};

/** Of any refusal; of one that is unknown here, its own word. */
export function reasonText({ what, reason }: RefusalKind): ReasonText {
  const unknown = { what: reason, advice: "Clew's log may say more." };
  switch (what) {
    case "spans":
      return spans[reason] ?? unknown;
    case "request":
      return requests[reason] ?? unknown;
    case "connection":
      return { ...unknown, what: connections[reason] ?? reason };
    case "spansAtDoor":
      return { ...unknown, what: atDoor[reason] ?? reason };
  }
}
