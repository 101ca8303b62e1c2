/**
 * What a batch of spans says about attribute keys: how many spans have each, and how much the values
 * differ. Costs one pass over the keys, which are numbers in a batch; values are looked at in a sample.
 */
import { type AttributeColumns, attributeTypes } from "../model/attribute-columns.ts";
import type { AttributeType } from "../model/attribute-columns.ts";
import type { Interner } from "../base/interner.ts";
import type { SpanColumns } from "../model/span-columns.ts";
import type { AttributeScope } from "../store/promoted.ts";
import { serviceOf } from "./fairness.ts";

/** One attribute of a batch: a key with values of one type. */
export interface KeyCount {
  readonly scope: AttributeScope;
  readonly key: string;
  readonly type: AttributeType;
  /** Spans that have it, themselves or by their resource. */
  readonly spans: number;
  /** Values looked at, and which of `VALUE_BITS` bits their hashes set. */
  readonly sampled: number;
  readonly valueBits: Uint32Array;
  /** A service that has it. */
  readonly service: string;
}

/** The attributes of a batch. Plain data, of a size that does not grow with the batch. */
export interface KeyCounts {
  readonly spans: number;
  /** Most frequent first. */
  readonly keys: readonly KeyCount[];
  /** What is not in `keys`, by service. */
  readonly uncounted: ReadonlyMap<string, Uncounted>;
}

/** Attributes that are not counted by key. */
export interface Uncounted {
  /** Of all spans together. */
  readonly attributes: number;
  /** One of their keys, cut to a length that can be shown. */
  readonly exampleKey: string;
}

/** How much a batch may say. */
export interface KeyCountLimits {
  readonly keys: number;
  /** Longer keys are not counted. */
  readonly keyBytes: number;
  /** Spans, and resources, whose values are looked at. */
  readonly sampledOwners: number;
}

/** Bits in which hashes of values are marked: enough to tell some values from a thousand. */
export const VALUE_BITS = 2048;

const TYPES = Object.keys(attributeTypes).length;

/** A key and type (`key * TYPES + type`) found in a batch. */
interface Found {
  readonly scope: AttributeScope;
  readonly slot: number;
  readonly spans: number;
  /** A resource whose spans have it. */
  readonly resource: number;
}

/** Counts the attributes of spans and resources. */
export function countKeys(columns: SpanColumns, limits: KeyCountLimits): KeyCounts {
  const { resources, attributes, length: rows } = columns;
  const spansOf = new Uint32Array(resources.length);
  for (let row = 0; row < rows; row++) spansOf[columns.resource[row]!]!++;
  const one = () => 1;
  const own = { owners: rows, weight: one, resource: (row: number) => columns.resource[row]! };
  const theirs = {
    owners: resources.length,
    weight: (resource: number) => spansOf[resource]!,
    resource: (resource: number) => resource,
  };
  const found = [
    ...findKeys("span", attributes, own),
    ...findKeys("resource", resources.attributes, theirs),
  ].sort((a, b) => b.spans - a.spans);
  const { keys } = columns.memory;
  const countable = ({ slot }: Found): boolean => {
    const key = Math.floor(slot / TYPES);
    return keys.end(key) - keys.start(key) <= limits.keyBytes;
  };
  const counted = found.filter(countable).slice(0, limits.keys);
  const services = new Map<number, string>();
  const service = (resource: number): string => {
    const name = services.get(resource) ?? serviceOf(columns, resource);
    services.set(resource, name);
    return name;
  };
  const samples = {
    span: sampleValues(attributes, rows, counted, { scope: "span", ...limits }),
    resource: sampleValues(resources.attributes, resources.length, counted, {
      scope: "resource",
      ...limits,
    }),
  };
  const uncounted = new Map<string, Uncounted>();
  const isCounted = new Set(counted);
  if (isCounted.size < found.length) {
    for (const item of found) {
      if (isCounted.has(item)) continue;
      const name = service(item.resource);
      const before = uncounted.get(name);
      const exampleKey = before?.exampleKey ?? shortKey(keys, Math.floor(item.slot / TYPES));
      uncounted.set(name, { attributes: (before?.attributes ?? 0) + item.spans, exampleKey });
    }
  }
  return {
    spans: rows,
    uncounted,
    keys: counted.map(({ scope, slot, spans, resource }) => ({
      scope,
      key: keys.text(Math.floor(slot / TYPES)),
      type: (slot % TYPES) as AttributeType,
      spans,
      ...samples[scope].get(slot)!,
      service: service(resource),
    })),
  };
}

const SHOWN_KEY_BYTES = 100;

function shortKey(keys: Interner, key: number): string {
  const [from, to] = [keys.start(key), keys.end(key)];
  return Buffer.from(keys.bytes.subarray(from, Math.min(to, from + SHOWN_KEY_BYTES))).toString();
}

/** Owners of attributes, how many spans each stands for, and the resource of those. */
interface Owners {
  readonly owners: number;
  readonly weight: (owner: number) => number;
  readonly resource: (owner: number) => number;
}

function findKeys(
  scope: AttributeScope,
  attributes: AttributeColumns,
  { owners, weight, resource }: Owners,
): Found[] {
  const { key, type, memory } = attributes;
  const spans = new Uint32Array(memory.keys.size * TYPES);
  const firstOwner = new Uint32Array(memory.keys.size * TYPES);
  const slots: number[] = [];
  for (let owner = 0, at = 0; owner < owners; owner++) {
    const each = weight(owner);
    const end = attributes.end(owner);
    if (each === 0) at = end;
    for (; at < end; at++) {
      const slot = key[at]! * TYPES + type[at]!;
      if (spans[slot] === 0) {
        slots.push(slot);
        firstOwner[slot] = owner;
      }
      spans[slot]! += each;
    }
  }
  return slots.map((slot) => ({
    scope,
    slot,
    spans: spans[slot]!,
    resource: resource(firstOwner[slot]!),
  }));
}

interface Sample {
  sampled: number;
  readonly valueBits: Uint32Array;
}

/** Looks at the values of some owners, evenly spread; gives what they set, by slot. */
function sampleValues(
  attributes: AttributeColumns,
  owners: number,
  counted: readonly Found[],
  { scope, sampledOwners }: { readonly scope: AttributeScope; readonly sampledOwners: number },
): Map<number, Sample> {
  const samples = new Map<number, Sample>();
  for (const item of counted) {
    if (item.scope !== scope) continue;
    samples.set(item.slot, { sampled: 0, valueBits: new Uint32Array(VALUE_BITS / 32) });
  }
  const step = Math.max(1, Math.ceil(owners / sampledOwners));
  for (let owner = 0; owner < owners; owner += step) {
    for (let at = attributes.start(owner); at < attributes.end(owner); at++) {
      const sample = samples.get(attributes.key[at]! * TYPES + attributes.type[at]!);
      if (sample === undefined) continue;
      const bit = valueHash(attributes, at) % VALUE_BITS;
      sample.valueBits[bit >> 5]! |= 1 << (bit & 31);
      sample.sampled++;
    }
  }
  return samples;
}

/** FNV-1a over the value, then mixed, since its low bits alone are poor. */
function valueHash({ type, words, memory }: AttributeColumns, at: number): number {
  const [low, high] = [words[2 * at]!, words[2 * at + 1]!];
  let hash = 0x811c9dc5;
  if (type[at] === attributeTypes.string || type[at] === attributeTypes.encoded) {
    const { bytes } = memory.values;
    for (let i = low; i < high; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  } else {
    hash = Math.imul(Math.imul(hash ^ low, 0x01000193) ^ high, 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
