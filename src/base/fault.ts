/** Why a request failed, as its sender should see it. Bugs are not faults: they are asserts. */
export type FaultCode =
  | "invalid"
  | "unauthenticated"
  | "notFound"
  | "tooLarge"
  | "unsupported"
  | "exhausted"
  | "unavailable"
  | "timeout";

interface FaultOptions extends ErrorOptions {
  /** Set when trying again later may help; doors turn it into Retry-After or RetryInfo. */
  readonly retryAfterSeconds?: number;
}

/** An expected failure. Thrown where found, caught once, at the edge that owes an answer. */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: FaultCode, message: string, options?: FaultOptions) {
    super(message, options);
    this.name = "Fault";
    this.code = code;
    this.retryAfterSeconds = options?.retryAfterSeconds;
  }
}

/** The default branch of an exhaustive switch: does not compile while a case is missing. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
