import type { AttributeType } from "./attribute-columns.ts";

/** Whose attribute it is, in TraceQL's words. */
export const keyScopes = ["resource", "span", "instrumentation", "event", "link"] as const;
/** One of `keyScopes`. */
export type KeyScope = (typeof keyScopes)[number];

/** That some span has an attribute: whose span it is, when, and what the values are like. */
export interface AttributeKey {
  readonly tenant: string;
  /** Seconds since 1970 of the five minutes under which the span is filed. */
  readonly timeBucket: number;
  /** Empty to say that spans have attributes of which nothing is said, because they are too many; key
   * and type mean nothing then. */
  readonly scope: KeyScope | "";
  readonly key: string;
  readonly type: AttributeType;
}
