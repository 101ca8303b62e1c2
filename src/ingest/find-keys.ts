/**
 * Which attributes the spans of a batch have, by tenant and five minutes. One pass over numbers: of most
 * attributes a glance says that they were seen with the same tenant and time just before.
 */
import { grown } from "../base/growable.ts";
import { PairTable } from "../base/pair-table.ts";
import { type AttributeColumns, attributeTypes } from "../model/attribute-columns.ts";
import type { AttributeType } from "../model/attribute-columns.ts";
import type { AttributeKey, KeyScope } from "../model/attribute-key.ts";
import type { SpanColumns } from "../model/span-columns.ts";

const TYPES = Object.keys(attributeTypes).length;

/** Spans that are looked at between two chances to do something else: some 0.2 ms. */
const STEP_SPANS = 1000;

/** Finds the attributes of all spans, each once, in no particular order. Of each owner's attributes (see
 * `KeyScope`) at most `limit` are found: more could not be shown to anybody, and come from a sender
 * that makes up a key for every span. Where some are left out, a key without a scope says so. */
export function* findKeySteps(
  columns: SpanColumns,
  limit: number,
): Generator<undefined, AttributeKey[]> {
  const finder = new KeyFinder(columns, limit);
  for (let from = 0; from < columns.length; from += STEP_SPANS) {
    finder.look(from, Math.min(from + STEP_SPANS, columns.length));
    yield;
  }
  return finder.found();
}

class KeyFinder {
  readonly #columns: SpanColumns;
  /** (tenant, five minutes): "time" for short. */
  readonly #times = new PairTable();
  readonly #ofScope: Readonly<Record<KeyScope, KeysOfScope>>;

  constructor(columns: SpanColumns, limit: number) {
    this.#columns = columns;
    const { resources, scopes, events, links } = columns;
    this.#ofScope = {
      resource: new KeysOfScope(resources.attributes, limit),
      span: new KeysOfScope(columns.attributes, limit),
      instrumentation: new KeysOfScope(scopes.attributes, limit),
      event: new KeysOfScope(events.attributes, limit),
      link: new KeysOfScope(links.attributes, limit),
    };
  }

  look(from: number, to: number): void {
    const { tenant, timeBucket, resource, scope, events, links } = this.#columns;
    const ofScope = this.#ofScope;
    for (let row = from; row < to; row++) {
      const time = this.#times.number(tenant[row]!, timeBucket[row]!);
      ofScope.span.ofOwners(time, row, row + 1);
      ofScope.resource.ofSharedOwner(time, resource[row]!);
      ofScope.instrumentation.ofSharedOwner(time, scope[row]!);
      ofScope.event.ofOwners(time, row === 0 ? 0 : events.ends[row - 1]!, events.ends[row]!);
      ofScope.link.ofOwners(time, row === 0 ? 0 : links.ends[row - 1]!, links.ends[row]!);
    }
  }

  found(): AttributeKey[] {
    const { strings, memory } = this.#columns;
    const { first: tenants, second: buckets } = this.#times;
    const when = (time: number) => ({
      tenant: strings.text(tenants[time]!),
      timeBucket: buckets[time]!,
    });
    const scopes = Object.entries(this.#ofScope);
    const keys = scopes.flatMap(([scope, found]) =>
      found.found().map(([time, slot]) => ({
        ...when(time),
        scope: scope as KeyScope,
        key: memory.keys.text(Math.floor(slot / TYPES)),
        type: (slot % TYPES) as AttributeType,
      })),
    );
    const cut = new Set(scopes.flatMap(([, { cutTimes }]) => [...cutTimes]));
    const marks = [...cut].map((time) => ({
      ...when(time),
      scope: "" as const,
      key: "",
      type: attributeTypes.encoded,
    }));
    return [...keys, ...marks];
  }
}

/** The keys of spans themselves, or of their resources, or … */
class KeysOfScope {
  readonly #attributes: AttributeColumns;
  readonly #limit: number;
  /** (time, slot), a slot being a key and a type. */
  readonly #found = new PairTable();
  /** Times of which some are left out. */
  readonly cutTimes = new Set<number>();
  /** By slot, and by owner: the time that it was seen with last, plus one. */
  #lastOfSlot = new Uint32Array(64);
  #lastOfOwner = new Uint32Array(64);

  constructor(attributes: AttributeColumns, limit: number) {
    this.#attributes = attributes;
    this.#limit = limit;
  }

  /** Those of the owners `from` up to `to`. */
  ofOwners(time: number, from: number, to: number): void {
    if (from === to) return;
    const { key, type } = this.#attributes;
    const end = this.#attributes.end(to - 1);
    for (let at = this.#attributes.start(from); at < end; at++) {
      const slot = key[at]! * TYPES + type[at]!;
      if (this.#lastOfSlot[slot] !== time + 1) this.#see(time, slot);
    }
  }

  /** Those of an owner that many spans have. */
  ofSharedOwner(time: number, owner: number): void {
    if (this.#lastOfOwner[owner] === time + 1) return;
    this.#lastOfOwner = grown(this.#lastOfOwner, owner + 1);
    this.#lastOfOwner[owner] = time + 1;
    this.ofOwners(time, owner, owner + 1);
  }

  #see(time: number, slot: number): void {
    this.#lastOfSlot = grown(this.#lastOfSlot, slot + 1);
    this.#lastOfSlot[slot] = time + 1;
    if (this.#found.size < this.#limit) this.#found.number(time, slot);
    else this.cutTimes.add(time);
  }

  found(): [time: number, slot: number][] {
    const { first, second, size } = this.#found;
    return Array.from({ length: size }, (_, i) => [first[i]!, second[i]!]);
  }
}
