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

/** What an intrinsic is; the table's entry, with its type widened. */
export function intrinsicInfo(name: IntrinsicName): IntrinsicInfo {
  return intrinsics[name];
}

const names = Object.keys(intrinsics) as IntrinsicName[];

/** The intrinsics that are written with a scope and a colon. */
const scoped: ReadonlySet<string> = new Set(names.filter((name) => name.includes(":")));

/** The intrinsics that are written as a bare word. */
const bare: ReadonlyMap<string, IntrinsicName> = new Map(
  names.flatMap((name) => {
    const { label } = intrinsics[name];
    return label.includes(":") ? [] : [[label, name]];
  }),
);

/** The words that may follow `scope:`, as "duration" does "span"; after "parent" those of "span". */
export function scopedIntrinsics(scope: string): string[] {
  const prefix = `${scope === "parent" ? "span" : scope}:`;
  return names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
}

/** The intrinsic that `scope:word` names (with "parent" those of "span"), if there is one. */
export function scopedIntrinsic(scope: string, word: string): IntrinsicName | undefined {
  const name = `${scope === "parent" ? "span" : scope}:${word}`;
  return scoped.has(name) ? (name as IntrinsicName) : undefined;
}

/** The bare words that name intrinsics. */
export const bareIntrinsics: readonly string[] = [...bare.keys()];

/** The intrinsic that a bare word names, if there is one. */
export function bareIntrinsic(word: string): IntrinsicName | undefined {
  return bare.get(word);
}
