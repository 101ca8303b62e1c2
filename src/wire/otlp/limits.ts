/** What one export request may cost. */
export interface DecodeLimits {
  /** Arrays and key-value lists within each other in an attribute's value. */
  readonly nestingDepth: number;
  readonly spansPerRequest: number;
}

/** Why a span was refused for good; the closed set of labels of the counter. */
export type RejectReason = "invalid_trace_id" | "invalid_span_id" | "invalid_parent_span_id";

/** Things set right while decoding, each counted: nothing is changed in silence. */
export interface Repairs {
  /** Attributes whose key came again in the same list; the last one is kept. */
  duplicateKeys: number;
  /** Strings that were not UTF-8; what was wrong is U+FFFD now. */
  invalidUtf8: number;
  /** Kinds and status codes that OpenTelemetry does not have, kept as unspecified and unset. */
  unknownEnums: number;
  /** Links whose ids have a wrong length, kept with zeros. */
  invalidLinkIds: number;
}

/** What became of one request's spans. */
export interface Decoded {
  /** Rows added to the columns. */
  readonly acceptedSpans: number;
  readonly rejected: ReadonlyMap<RejectReason, number>;
  /** Names the first refused span and what is wrong with it; empty if there is none. */
  readonly message: string;
  readonly repairs: Repairs;
}

/** The columns as they were before a request, and what has been said about it so far. */
export class Tally {
  readonly rejected = new Map<RejectReason, number>();
  readonly repairs: Repairs = {
    duplicateKeys: 0,
    invalidUtf8: 0,
    unknownEnums: 0,
    invalidLinkIds: 0,
  };
  message = "";

  /** Counts a refused span; the first one's place and problem become the message. */
  reject(reason: RejectReason, place: string, problem: string): void {
    this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + 1);
    if (this.message === "") this.message = `${place}: ${problem}`;
  }
}
