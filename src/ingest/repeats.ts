/**
 * Remembers what has been taken for a while: a sender that got no answer sends the same bytes again,
 * and those must not count twice.
 */
import { createHash, hash } from "node:crypto";
import { SINGLE_TENANT } from "../model/tenant.ts";
import { DIGEST_BYTES } from "./log/record.ts";
import type { ExportRequest, Received } from "./receive.ts";

/** How long and how much is remembered. */
export interface RepeatLimits {
  readonly forMs: number;
  /** Requests; when there are more, the oldest half is forgotten early. */
  readonly requests: number;
}

/** A request's digest: 16 bytes of SHA-256, as a latin1 string. The same bytes of another tenant are
 * another request. */
export function digestOf({ tenant, body }: Pick<ExportRequest, "tenant" | "body">): string {
  if (tenant === SINGLE_TENANT) return hash("sha256", body, "binary").slice(0, DIGEST_BYTES);
  // No tenant has a NUL in its name.
  const both = createHash("sha256").update(tenant).update("\0").update(body);
  return both.digest("binary").slice(0, DIGEST_BYTES);
}

/** What a request is answered with that was taken by a process before, or by another. */
const TAKEN: Promise<Received> = Promise.resolve({
  acceptedSpans: 0,
  rejectedSpans: 0,
  message: "",
});

/** Requests by digest, each for at least `forMs` and at most twice as long. */
export class Repeats {
  readonly #limits: RepeatLimits;
  readonly #nowMs: () => number;
  readonly #onTaken: ((digest: string) => void) | undefined;
  #young = new Map<string, Promise<Received>>();
  #old = new Map<string, Promise<Received>>();
  #turnMs: number;

  /** `onTaken` is told of each request that was added, once it is safe. */
  constructor(limits: RepeatLimits, nowMs: () => number, onTaken?: (digest: string) => void) {
    this.#limits = limits;
    this.#nowMs = nowMs;
    this.#onTaken = onTaken;
    this.#turnMs = nowMs() + limits.forMs;
  }

  /** What came of the request when it was first sent, or will; undefined if it is new. */
  find(digest: string): Promise<Received> | undefined {
    this.#turn();
    return this.#young.get(digest) ?? this.#old.get(digest);
  }

  /** Remembers a request; one that fails is forgotten, so that it can be sent again. */
  add(digest: string, outcome: Promise<Received>): void {
    this.#turn();
    this.#young.set(digest, outcome);
    outcome.then(
      () => this.#onTaken?.(digest),
      () => {
        if (this.#young.get(digest) === outcome) this.#young.delete(digest);
        if (this.#old.get(digest) === outcome) this.#old.delete(digest);
      },
    );
  }

  /** Remembers a request that was taken before this process began, or by another. */
  learn(digest: string): void {
    if (this.find(digest) === undefined) this.#young.set(digest, TAKEN);
  }

  #turn(): void {
    const isFull = this.#young.size >= this.#limits.requests / 2;
    if (this.#nowMs() < this.#turnMs && !isFull) return;
    this.#old = this.#nowMs() < this.#turnMs + this.#limits.forMs ? this.#young : new Map();
    this.#young = new Map();
    this.#turnMs = this.#nowMs() + this.#limits.forMs;
  }
}
