/** What every span has without being an attribute: its names, its types, and how answers call it. */

/** The type of an intrinsic, as far as it is known before a span is looked at. A time is an int of
 * nanoseconds since 1970 that may be compared with RFC 3339 strings; "any" is not checked. */
export type IntrinsicType = "string" | "int" | "duration" | "status" | "kind" | "time" | "any";

/** One intrinsic. */
export interface IntrinsicInfo {
  readonly type: IntrinsicType;
  /** How answers call it, and canonical text: the unscoped alias where there is one. */
  readonly label: string;
  /** Clew has it and Tempo has not. */
  readonly isExtension?: true;
}

/** All intrinsics, by the one name that the tree has for them, whichever way they are written. */
export const intrinsics = {
  "span:duration": { type: "duration", label: "duration" },
  "span:name": { type: "string", label: "name" },
  "span:status": { type: "status", label: "status" },
  "span:statusMessage": { type: "string", label: "statusMessage" },
  "span:kind": { type: "kind", label: "kind" },
  "span:id": { type: "string", label: "span:id" },
  "span:parentID": { type: "string", label: "span:parentID" },
  "span:childCount": { type: "int", label: "span:childCount" },
  "span:start": { type: "time", label: "span:start", isExtension: true },
  "span:end": { type: "time", label: "span:end", isExtension: true },
  "trace:id": { type: "string", label: "trace:id" },
  "trace:duration": { type: "duration", label: "traceDuration" },
  "trace:rootName": { type: "string", label: "rootName" },
  "trace:rootService": { type: "string", label: "rootServiceName" },
  "trace:start": { type: "time", label: "trace:start", isExtension: true },
  "trace:end": { type: "time", label: "trace:end", isExtension: true },
  "trace:spanCount": { type: "int", label: "trace:spanCount", isExtension: true },
  "trace:errorCount": { type: "int", label: "trace:errorCount", isExtension: true },
  "event:name": { type: "string", label: "event:name" },
  "event:timeSinceStart": { type: "duration", label: "event:timeSinceStart" },
  "link:traceID": { type: "string", label: "link:traceID" },
  "link:spanID": { type: "string", label: "link:spanID" },
  "instrumentation:name": { type: "any", label: "instrumentation:name" },
  "instrumentation:version": { type: "any", label: "instrumentation:version" },
  nestedSetParent: { type: "int", label: "nestedSetParent" },
  nestedSetLeft: { type: "int", label: "nestedSetLeft" },
  nestedSetRight: { type: "int", label: "nestedSetRight" },
  /** The bare word; it is read, and never passes the checker. */
  parent: { type: "any", label: "parent" },
} as const satisfies Readonly<Record<string, IntrinsicInfo>>;

/** The name of an intrinsic in the tree. */
export type IntrinsicName = keyof typeof intrinsics;
